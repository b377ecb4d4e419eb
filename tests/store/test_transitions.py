"""Every transition is a compare-and-set; both tables and the event change together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Engine, Progress
from pipeline_gui.pipeline.ports import EngineChange
from pipeline_gui.pipeline.run import Phase, Run, RunRecord, RunStatus
from pipeline_gui.store.store import PostgresStore
from pipeline_gui.store.writing import LONGEST_ERROR
from tests.store.conftest import ANA, BEN, new_run

Execute = Callable[..., list[tuple[Any, ...]]]


def look(store: PostgresStore, run_id: str) -> tuple[Run, Engine]:
    record = store.find(run_id)
    assert record is not None
    assert record.engine is not None
    return record.run, record.engine


def settled(record: RunRecord | None) -> tuple[Run, Engine]:
    assert record is not None
    assert record.engine is not None
    return record.run, record.engine


@pytest.fixture
def run_id(store: PostgresStore) -> str:
    """A run that was recorded, at rev 1."""
    return store.insert(new_run(), ANA).record.run.run_id


# --- change ---------------------------------------------------------------------------------------------------------


def test_a_change_writes_what_it_names_and_leaves_the_rest(store: PostgresStore, run_id: str) -> None:
    assert store.change(run_id, 1, EngineChange(batch_id=7, generation="g2", unclear=True), ANA) == 2
    progress = Progress(job_id=3, tasks_completed=124, tasks_total=200)
    change = EngineChange(
        phase=Phase.RUNNING, application_id="local-1", progress=progress, unclear=False, summary={"ui": "http://u"}
    )
    assert store.change(run_id, 2, change, ANA) == 3

    run, engine = look(store, run_id)

    assert (engine.batch_id, engine.generation, engine.application_id) == (7, "g2", "local-1")
    assert (engine.phase, engine.unclear, engine.progress) == (Phase.RUNNING, False, progress)
    assert run.metadata == {
        "configuration": {"name": "flights"},
        "phase": "running",
        "application_id": "local-1",
        "progress": "job 3 · 124 of 200 tasks",
        "ui": "http://u",
    }


def test_a_change_from_an_old_rev_is_lost_and_changes_nothing(store: PostgresStore, run_id: str) -> None:
    store.change(run_id, 1, EngineChange(batch_id=7), ANA)
    before = look(store, run_id)[1]

    assert store.change(run_id, 1, EngineChange(batch_id=8, summary={"late": True}), BEN) is None

    run, engine = look(store, run_id)
    assert engine == before
    assert "late" not in (run.metadata or {})


def test_lost_contact_keeps_the_first_moment_until_it_is_back(store: PostgresStore, run_id: str) -> None:
    store.change(run_id, 1, EngineChange(contact_lost=True), ANA)
    first = look(store, run_id)[1].contact_lost_at
    store.change(run_id, 2, EngineChange(contact_lost=True), ANA)
    store.change(run_id, 3, EngineChange(phase=Phase.LOST_CONTACT), ANA)

    assert first is not None
    assert look(store, run_id)[1].contact_lost_at == first
    store.change(run_id, 4, EngineChange(contact_lost=False), ANA)
    assert look(store, run_id)[1].contact_lost_at is None


@pytest.mark.parametrize("metadata", ["null", '"text"', "[1, 2]", "7", None])
def test_metadata_that_other_programs_made_odd_is_kept_beside_ours(
    store: PostgresStore, execute: Execute, run_id: str, metadata: str | None
) -> None:
    execute("UPDATE pipeline_runs SET metadata = %s::jsonb", metadata)

    assert store.change(run_id, 1, EngineChange(phase=Phase.RUNNING), ANA) == 2
    settled(store.settle(run_id, None, Ending(RunStatus.COMPLETED, gone=True, ended_ago=0.0, exit_code=0), ANA))

    [(kept,)] = execute("SELECT metadata - 'exit_code' FROM pipeline_runs")
    [(value,)] = execute("SELECT %s::jsonb", metadata)
    assert kept == ({} if value is None else {"value": value})


# --- stop -----------------------------------------------------------------------------------------------------------


def test_a_stop_is_recorded_with_who_asked(store: PostgresStore, run_id: str) -> None:
    run, engine = settled(store.request_stop(run_id, 3.0, BEN))

    assert (engine.rev, engine.phase, engine.grace_seconds) == (2, Phase.STOPPING, 3.0)
    assert engine.stop_requested
    assert engine.stop_requested_by == "ben@ops-1"
    assert run.status == "running"
    assert (run.metadata or {})["phase"] == "stopping"
    assert (run.metadata or {})["stop_requested_by"] == "ben@ops-1"


def test_the_first_who_asked_stays_and_the_least_grace_wins(store: PostgresStore, run_id: str) -> None:
    first = settled(store.request_stop(run_id, 30.0, BEN))[1]
    shorter = settled(store.request_stop(run_id, 0.0, ANA))[1]
    longer = settled(store.request_stop(run_id, 60.0, ANA))[1]
    unsaid = settled(store.request_stop(run_id, None, ANA))[1]

    assert [e.grace_seconds for e in (first, shorter, longer, unsaid)] == [30.0, 0.0, 0.0, 0.0]
    assert {e.stop_requested_by for e in (first, shorter, longer, unsaid)} == {"ben@ops-1"}
    assert unsaid.stop_requested_at == first.stop_requested_at
    asked = [event.actor for event in store.events(run_id) if event.kind == "stop requested"]
    assert asked == ["ben@ops-1", "ana@ops-3", "ana@ops-3", "ana@ops-3"]


def test_the_first_stop_may_give_more_time_than_the_configuration(store: PostgresStore, run_id: str) -> None:
    assert settled(store.request_stop(run_id, 99.0, BEN))[1].grace_seconds == 99.0


def test_a_write_from_before_a_stop_cannot_erase_it(store: PostgresStore, run_id: str) -> None:
    store.request_stop(run_id, None, BEN)

    assert store.change(run_id, 1, EngineChange(phase=Phase.RUNNING), ANA) is None

    assert look(store, run_id)[1].stop_requested


def test_a_stop_of_what_does_not_run_is_none(store: PostgresStore, execute: Execute, run_id: str) -> None:
    store.settle(run_id, None, Ending(RunStatus.COMPLETED, gone=True), ANA)
    assert store.request_stop(run_id, None, BEN) is None
    assert store.request_stop("no such run", None, BEN) is None
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    assert store.request_stop("theirs", None, BEN) is None


# --- settle ---------------------------------------------------------------------------------------------------------


def test_an_end_is_counted_back_from_the_databases_now(store: PostgresStore, execute: Execute, run_id: str) -> None:
    execute("UPDATE pipeline_runs SET start_time = start_time - interval '100 s'")

    ending = Ending(RunStatus.FAILED, gone=True, error_message="no such column", ended_ago=40.0, exit_code=1)
    run, engine = settled(store.settle(run_id, 1, ending, ANA))

    assert run.status == "failed"
    assert run.error_message == "no such column"
    assert run.start_time is not None
    assert run.end_time is not None
    assert timedelta(seconds=60) <= run.end_time - run.start_time < timedelta(seconds=75)
    assert run.duration == pytest.approx((run.end_time - run.start_time).total_seconds())
    assert engine.gone
    assert (engine.rev, run.metadata) == (2, {"configuration": {"name": "flights"}, "exit_code": 1})
    assert execute("SELECT exit_code FROM pipeline_run_engine") == [(1,)]


def test_an_end_is_never_before_the_start(store: PostgresStore, run_id: str) -> None:
    run, _ = settled(store.settle(run_id, 1, Ending(RunStatus.COMPLETED, gone=True, ended_ago=3600.0), ANA))

    assert run.end_time == run.start_time
    assert run.duration == 0.0


def test_an_end_of_unknown_time_says_so(store: PostgresStore, run_id: str) -> None:
    run, _ = settled(store.settle(run_id, 1, Ending(RunStatus.COMPLETED, gone=True), ANA))

    assert (run.metadata or {})["end_time_is"] == "when noticed"
    assert run.end_time is not None


def test_the_end_says_who_stopped_it(store: PostgresStore, run_id: str) -> None:
    store.request_stop(run_id, None, BEN)
    ending = Ending(RunStatus.STOPPED, gone=True, ended_ago=0.0, exit_code=143, detail={"signal": 15})

    run, engine = settled(store.settle(run_id, None, ending, ANA))

    assert (run.metadata or {})["stopped_by"] == "ben@ops-1"
    assert (run.metadata or {})["signal"] == 15
    assert "phase" not in (run.metadata or {})
    assert engine.stop_requested


def test_a_terminal_status_never_changes(store: PostgresStore, run_id: str) -> None:
    first = settled(store.settle(run_id, None, Ending(RunStatus.COMPLETED, gone=False), ANA))

    assert store.settle(run_id, None, Ending(RunStatus.FAILED, gone=True, error_message="late"), BEN) is None
    assert store.settle(run_id, 2, Ending(RunStatus.FAILED, gone=True), BEN) is None
    assert store.change(run_id, 2, EngineChange(phase=Phase.RUNNING), BEN) is None

    assert look(store, run_id) == first


def test_an_end_decided_from_an_old_rev_is_lost(store: PostgresStore, run_id: str) -> None:
    store.change(run_id, 1, EngineChange(batch_id=7), ANA)

    assert store.settle(run_id, 1, Ending(RunStatus.FAILED, gone=True), BEN) is None

    assert look(store, run_id)[0].status == "running"


def test_a_run_that_another_program_respelled_can_still_be_ended(
    store: PostgresStore, execute: Execute, run_id: str
) -> None:
    execute("UPDATE pipeline_runs SET status = 'Running '")

    assert settled(store.settle(run_id, 1, Ending(RunStatus.COMPLETED, gone=True), ANA))[0].status == "completed"


def test_a_long_error_keeps_its_beginning_and_its_end(store: PostgresStore, run_id: str) -> None:
    message = "first words " + "é" * 20_000 + " Caused by: no such column\0"

    run, _ = settled(store.settle(run_id, 1, Ending(RunStatus.FAILED, gone=True, error_message=message), ANA))

    assert run.error_message is not None
    assert len(run.error_message.encode()) <= LONGEST_ERROR
    assert run.error_message.startswith("first words")
    assert "Caused by: no such column" in run.error_message


def test_an_end_is_recorded_even_where_the_start_time_was_lost(
    store: PostgresStore, execute: Execute, run_id: str
) -> None:
    execute("UPDATE pipeline_runs SET start_time = NULL")

    run, _ = settled(store.settle(run_id, 1, Ending(RunStatus.FAILED, gone=True, ended_ago=1.0), ANA))

    assert run.end_time is not None
    assert run.duration is None


# --- gone, and other programs' rows -------------------------------------------------------------------------------


def test_gone_is_marked_once_with_its_evidence(store: PostgresStore, run_id: str) -> None:
    store.settle(run_id, None, Ending(RunStatus.FAILED, gone=False), ANA)

    store.mark_gone(run_id, ANA, {"fence": "done"})
    store.mark_gone(run_id, BEN, {"fence": "again"})

    assert look(store, run_id)[1].gone
    gone = [event for event in store.events(run_id) if event.kind == "gone"]
    assert [(event.actor, event.detail) for event in gone] == [("ana@ops-3", {"fence": "done"})]
    assert store.not_gone() == []


def test_a_running_run_is_never_gone(store: PostgresStore, run_id: str) -> None:
    store.mark_gone(run_id, ANA, {})

    assert not look(store, run_id)[1].gone


def test_another_programs_run_is_changed_by_release_alone(store: PostgresStore, execute: Execute) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status, metadata) VALUES ('theirs', 'Running ', '{\"a\": 1}')")
    before = execute("SELECT * FROM pipeline_runs")

    assert store.change("theirs", 1, EngineChange(phase=Phase.RUNNING), ANA) is None
    assert store.settle("theirs", None, Ending(RunStatus.FAILED, gone=True), ANA) is None
    store.mark_gone("theirs", ANA, {})
    assert execute("SELECT * FROM pipeline_runs") == before

    assert store.release_foreign("theirs", BEN)
    assert not store.release_foreign("theirs", BEN)
    released = store.find("theirs")
    assert released is not None
    assert (released.run.status, released.run.metadata) == ("failed", {"a": 1})
    assert "ben@ops-1" in (released.run.error_message or "")
    event = store.events("theirs")[-1]
    assert (event.actor, event.old_status, event.new_status) == ("ben@ops-1", "Running ", "failed")


def test_a_run_of_ours_is_not_released(store: PostgresStore, run_id: str) -> None:
    assert not store.release_foreign(run_id, BEN)
    assert look(store, run_id)[0].status == "running"
