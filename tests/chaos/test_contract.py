"""The store and the Spark of the model do as the real ones do: the same tests, on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from pipeline_gui.pipeline.configuration import Configuration, parse_configuration
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import RunBusy, SparkRefused
from pipeline_gui.pipeline.ports import Actor, Batch, BatchState, EngineChange, NewRun, RunStore, SparkServer
from pipeline_gui.pipeline.run import Phase, Run, RunStatus
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.store.store import open_store
from tests.chaos.model.spark import MemoryServer, MemorySpark
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.time import VirtualTime
from tests.command_server.harness import SLEEP, STUBBORN, CommandServer, command_server
from tests.waiting import wait_until

ANA, BEN = Actor("ana", "ops-3", "terminal"), Actor("ben", "ops-1", "window")


# --- the record -----------------------------------------------------------------------------------------------------


@dataclass
class Record:
    """A store, and another program beside it."""

    store: RunStore
    other_inserts: Callable[[str], None]
    other_ends: Callable[[str], None]
    other_deletes: Callable[[str], None]


@pytest.fixture(params=["memory", "postgresql"])
def record(request: pytest.FixtureRequest) -> Iterator[Record]:
    """One of the two."""
    if request.param == "memory":
        database = Database(VirtualTime())
        yield Record(
            MemoryStore(database),
            lambda run_id: database.put(Run(run_id, None, " Running", None, None, None, None, None)),
            lambda run_id: database.put(Run(run_id, None, "completed", None, None, None, None, None)),
            database.delete,
        )
        return
    url = request.getfixturevalue("database")

    def execute(statement: str, run_id: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement, (run_id,))

    store = open_store(url, application_name="tests", max_connections=1)
    yield Record(
        store,
        lambda run_id: execute("INSERT INTO pipeline_runs (run_id, status) VALUES (%s, ' Running')", run_id),
        lambda run_id: execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", run_id),
        lambda run_id: execute("DELETE FROM pipeline_runs WHERE run_id = %s", run_id),
    )
    store.close()


def new_run(run_id: str) -> NewRun:
    return NewRun(run_id, f"i.{run_id}", "spark-submit x", {"a": 1}, "http://spark", "g1", 10.0)


def test_one_place_is_held_by_whoever_came_first(record: Record) -> None:
    inserted = record.store.insert(new_run("r-1"), ANA)
    assert inserted.not_gone == ()
    engine = inserted.record.engine
    assert engine is not None
    assert (engine.rev, engine.phase, engine.gone, engine.batch_name) == (1, Phase.STARTING, False, "i.r-1")
    with pytest.raises(RunBusy) as busy:
        record.store.insert(new_run("r-2"), BEN)
    assert busy.value.run_id == "r-1"
    assert record.store.find("r-2") is None


def test_another_programs_row_holds_it_as_well(record: Record) -> None:
    record.other_inserts("theirs")
    running = record.store.running()
    assert running is not None
    assert (running.run.run_id, running.engine) == ("theirs", None)
    with pytest.raises(RunBusy):
        record.store.insert(new_run("r-1"), ANA)
    assert record.store.request_stop("theirs", None, ANA) is None
    assert record.store.release_foreign("theirs", ANA)
    assert not record.store.release_foreign("theirs", ANA)
    assert record.store.running() is None


def test_a_change_is_compared_with_the_revision(record: Record) -> None:
    record.store.insert(new_run("r-1"), ANA)
    assert record.store.change("r-1", 1, EngineChange(phase=Phase.RUNNING, batch_id=7, unclear=True), ANA) == 2
    assert record.store.change("r-1", 1, EngineChange(batch_id=8), BEN) is None
    assert record.store.change("r-1", 2, EngineChange(contact_lost=True, unclear=False), ANA) == 3
    found = record.store.find("r-1")
    assert found is not None
    assert found.engine is not None
    assert (found.engine.phase, found.engine.batch_id, found.engine.unclear) == (Phase.RUNNING, 7, False)
    assert found.engine.contact_lost_at is not None
    assert (found.run.metadata or {})["phase"] == "running"
    assert (found.run.metadata or {})["a"] == 1


def test_a_stop_is_kept_and_only_shortened(record: Record) -> None:
    record.store.insert(new_run("r-1"), ANA)
    for grace, expected in ((None, 10.0), (4.0, 4.0), (30.0, 4.0), (None, 4.0)):
        found = record.store.request_stop("r-1", grace, ANA if grace is None else BEN)
        assert found is not None
        assert found.engine is not None
        assert found.engine.grace_seconds == expected
        assert (found.engine.phase, found.engine.stop_requested_by) == (Phase.STOPPING, "ana@ops-3")
    assert record.store.request_stop("r-9", None, ANA) is None


def test_the_reason_of_a_stop_is_the_first_wishs(record: Record) -> None:
    record.store.insert(new_run("r-1"), ANA)
    for reason in ("It took too long.", None, "Somebody pressed Stop."):
        found = record.store.request_stop("r-1", None, ANA, reason)
        assert found is not None
        assert found.engine is not None
        assert found.engine.stop_reason == "It took too long."
    record.store.settle("r-1", None, Ending(RunStatus.STOPPED, True, ended_ago=0.0), ANA)
    record.store.insert(new_run("r-2"), ANA)
    for reason in (None, "x"):
        found = record.store.request_stop("r-2", None, ANA, reason)
        assert found is not None
        assert found.engine is not None
        assert found.engine.stop_reason is None


def test_an_end_is_recorded_once_and_by_what_it_was_decided_from(record: Record) -> None:
    record.store.insert(new_run("r-1"), ANA)
    record.store.request_stop("r-1", None, BEN)
    assert record.store.settle("r-1", 1, Ending(RunStatus.FAILED, True), ANA) is None
    settled = record.store.settle("r-1", None, Ending(RunStatus.STOPPED, True, ended_ago=0.0, exit_code=143), ANA)
    assert settled is not None
    assert settled.engine is not None
    assert (settled.run.status, settled.engine.gone, settled.engine.rev) == ("stopped", True, 3)
    assert (settled.run.metadata or {})["stopped_by"] == "ben@ops-1"
    assert "phase" not in (settled.run.metadata or {})
    assert record.store.settle("r-1", None, Ending(RunStatus.FAILED, True), BEN) is None
    assert record.store.change("r-1", 3, EngineChange(batch_id=1), BEN) is None
    assert record.store.request_stop("r-1", None, BEN) is None
    kinds = [(event.kind, event.actor, event.new_status) for event in record.store.events("r-1")]
    assert kinds == [
        ("recorded", "ana@ops-3", "running"),
        ("stop requested", "ben@ops-1", None),
        ("status changed", "ana@ops-3", "stopped"),
    ]


@pytest.mark.parametrize("end", ["abandoned", "ended by another", "deleted"])
def test_what_ended_without_evidence_is_not_gone_until_somebody_has_it(record: Record, end: str) -> None:
    record.store.insert(new_run("r-1"), ANA)
    record.store.mark_gone("r-1", ANA, {})  # it runs: nobody may say that it is gone
    assert record.store.not_gone() == []
    if end == "abandoned":
        record.store.settle("r-1", 1, Ending(RunStatus.FAILED, gone=False), ANA)
    elif end == "deleted":
        record.other_deletes("r-1")
    else:
        record.other_ends("r-1")
    (left,) = record.store.insert(new_run("r-2"), ANA).not_gone
    assert left.run.run_id == "r-1"
    assert left.engine is not None
    assert left.engine.batch_name == "i.r-1"
    record.store.mark_gone("r-1", BEN, {"evidence": "fenced"})
    record.store.mark_gone("r-1", BEN, {"evidence": "fenced"})
    assert record.store.not_gone() == []
    assert [event.kind for event in record.store.events("r-1")].count("gone") == 1


def test_a_lease_has_one_holder(record: Record) -> None:
    assert record.store.take_lease("one", ANA)
    assert not record.store.take_lease("two", BEN)
    record.store.release_lease("two")
    assert record.store.take_lease("one", ANA)
    record.store.release_lease("one")
    assert record.store.take_lease("two", BEN)


# --- Spark ----------------------------------------------------------------------------------------------------------


@dataclass
class Launcher:
    """A Spark server, and applications that sleep, refuse to end, or end with a code."""

    spark: SparkServer
    launch: Callable[[str, str], Batch]


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A command server for the tests of this module."""
    with command_server(tmp_path_factory.mktemp("command-server")) as server:
        yield server


def configuration(path: Path | str = "/x.py") -> Configuration:
    return parse_configuration({"file": str(path), "name": "x"})


SOURCES = {"sleeps": SLEEP, "stubborn": STUBBORN, "succeeds": "print('up')", "fails": "raise SystemExit(3)"}


@pytest.fixture(params=["memory", "command server"])
def launcher(request: pytest.FixtureRequest) -> Launcher:
    """One of the two."""
    if request.param == "memory":
        server = MemoryServer(VirtualTime())
        memory = MemorySpark(server)

        def launch_in_memory(name: str, kind: str) -> Batch:
            server.dying_seconds = 60.0 if kind == "stubborn" else 0.1
            batch = memory.submit(name, configuration(), 5)
            if kind in ("succeeds", "fails"):
                server.end(server.known[name], 0 if kind == "succeeds" else 3)
            return batch

        return Launcher(memory, launch_in_memory)
    real: CommandServer = request.getfixturevalue("real_server")
    spark = LivyServer(real.url, real.token)

    def launch(name: str, kind: str) -> Batch:
        batch = spark.submit(name, configuration(real.app(SOURCES[kind], f"{kind}.py")), 5)
        if kind in ("succeeds", "fails"):
            real.wait_for_state(name, "success", "dead")
        else:
            real.wait_for_output(name, "up")
        return batch

    return Launcher(spark, launch)


def test_a_name_is_launched_once_and_found(launcher: Launcher, request: pytest.FixtureRequest) -> None:
    batch = launcher.launch("once.r-1", "sleeps")
    generation = launcher.spark.identity().generation
    assert (batch.name, batch.generation) == ("once.r-1", generation)
    with pytest.raises(SparkRefused) as twice:
        launcher.spark.submit("once.r-1", configuration(), 5)
    assert twice.value.duplicate_name
    found = launcher.spark.find("once.r-1")
    assert found is not None
    assert (found.batch_id, found.state) == (batch.batch_id, BatchState.RUNNING)
    assert launcher.spark.find("once.r-2") is None
    assert [alive.name for alive in launcher.spark.alive("once.")] == ["once.r-1"]
    wait_until(lambda: launcher.spark.fence("once.r-1", 0).done, what="its end")
    assert launcher.spark.alive("once.") == []


def test_a_second_batch_of_an_installation_is_refused_and_one_of_another_is_not(launcher: Launcher) -> None:
    launcher.launch("guard.r-1", "sleeps")
    with pytest.raises(SparkRefused) as busy:
        launcher.launch("guard.r-2", "sleeps")
    assert busy.value.busy
    assert not busy.value.duplicate_name
    launcher.launch("other.r-1", "sleeps")
    for name in ("guard.r-1", "other.r-1"):
        wait_until(lambda name=name: launcher.spark.fence(name, 0).done, what="its end")  # type: ignore[misc]
    launcher.launch("guard.r-3", "succeeds")


def test_a_fenced_name_never_starts(launcher: Launcher) -> None:
    for _ in range(2):
        fence = launcher.spark.fence("never.r-1", 5)
        assert (fence.done, fence.started, fence.signalled, fence.state) == (True, False, False, None)
    with pytest.raises(SparkRefused) as refused:
        launcher.launch("never.r-1", "sleeps")
    assert not refused.value.duplicate_name
    assert launcher.spark.find("never.r-1") is None


@pytest.mark.parametrize(("kind", "state", "code"), [("succeeds", "success", 0), ("fails", "dead", 3)])
def test_a_fence_of_what_ended_by_itself_says_so(launcher: Launcher, kind: str, state: str, code: int) -> None:
    launcher.launch(f"ended.{kind}-1", kind)
    for _ in range(2):
        fence = launcher.spark.fence(f"ended.{kind}-1", 0)
        assert (fence.done, fence.started, fence.signalled, fence.exit_code) == (True, True, False, code)
        assert fence.state == BatchState(state)
    found = launcher.spark.find(f"ended.{kind}-1")
    assert found is not None
    assert found.state == BatchState(state)


def test_a_fence_of_what_lives_is_a_ladder_that_can_be_shortened(launcher: Launcher) -> None:
    launcher.launch("ladder.r-1", "stubborn")
    assert not launcher.spark.fence("ladder.r-1", 600).done
    found = launcher.spark.find("ladder.r-1")
    assert found is not None
    assert found.state is BatchState.RUNNING
    wait_until(lambda: launcher.spark.fence("ladder.r-1", 0).done, what="its end")
    fence = launcher.spark.fence("ladder.r-1", 600)
    assert (fence.done, fence.started, fence.signalled, fence.state) == (True, True, True, BatchState.KILLED)
