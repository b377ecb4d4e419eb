"""Bugs planted on purpose, one for each rule of the protocol: a check that none of them fails is no check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from pipeline_gui.pipeline import controller, settling, starting
from pipeline_gui.pipeline.errors import PipelineError, RunBusy, SparkNotConnected, SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.orphans import OrphanHunter
from pipeline_gui.pipeline.ports import Actor, EngineChange, Inserted, NewRun
from pipeline_gui.pipeline.run import Ending, Engine, Phase, Run, RunRecord, RunStatus
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.starting import Starter
from pipeline_gui.pipeline.stopping import Stopper
from pipeline_gui.pipeline.watcher import Watcher
from tests.chaos.model.spark import MemoryBatch, MemoryServer, MemorySpark
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.world import World


@dataclass(frozen=True)
class Mutant:
    """A planted bug, the rule that it breaks, and the world in which it shows."""

    name: str
    rule: str
    """The section of the protocol and the rule."""
    plant: Callable[[], Any]
    make_store: Callable[[Database], MemoryStore] = MemoryStore
    guard: bool = True
    one_running: bool = True
    plain: bool = False
    """On a Livy that is not ours."""
    failover: bool = False
    """Whether the database may lose commits though Spark's guard is off."""
    seed: int = 0
    """Where walks find it at present; others are tried after it."""

    def world(self) -> World:
        """A world in which it may show."""
        world = World(guard=self.guard, one_running=self.one_running, plain=self.plain, make_store=self.make_store)
        world.failover_without_guard = self.failover
        return world


# --- in the store ---------------------------------------------------------------------------------------------------


class CountsThenInserts(MemoryStore):
    """The rule of one run is in the program instead of the database."""

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        running = self.running()
        if running is not None:
            raise RunBusy(running.run.run_id)
        self.pause()
        return super().insert(new, actor)


class SettlesWithoutCompare(MemoryStore):
    """Ends whatever row there is."""

    def held(self, run_id: str, rev: int | None) -> Any:
        run, engine = self.database.runs.get(run_id), self.database.engines.get(run_id)
        return None if run is None or engine is None else (run, engine)


class ComparesStatusOnly(MemoryStore):
    """Forgets the revision."""

    def held(self, run_id: str, rev: int | None) -> Any:
        return super().held(run_id, None)


class WritesBackWhatItRead(MemoryStore):
    """A change writes the whole row as it was read at first, so a stop recorded meanwhile is erased."""

    def change(self, run_id: str, rev: int, change: EngineChange, actor: Actor) -> int | None:
        engine = self.database.engines.get(run_id)
        answer = super().change(run_id, engine.rev if engine else rev, change, actor)
        if engine is not None and answer is not None and engine.rev != rev:
            now = self.database.engines[run_id]
            self.database.engines[run_id] = replace(now, stop_requested_at=None, stop_requested_by=None)
        return answer


class ForgetsTheIntent(MemoryStore):
    """A stop is carried out, and not recorded before."""

    def request_stop(self, run_id: str, grace_seconds: float | None, actor: Actor) -> RunRecord | None:
        held = self.held(run_id, None)
        if held is None:
            return None
        record = self.find(run_id)
        assert record is not None
        assert record.engine is not None
        now = self.database.time.now()
        return replace(record, engine=replace(record.engine, stop_requested_at=now, stop_requested_by=str(actor)))


class LongerGraceWins(MemoryStore):
    """A second stop gives more time instead of less."""

    def request_stop(self, run_id: str, grace_seconds: float | None, actor: Actor) -> RunRecord | None:
        record = super().request_stop(run_id, grace_seconds, actor)
        if record is not None:
            engine = self.database.engines[run_id]
            self.database.engines[run_id] = replace(engine, grace_seconds=engine.grace_seconds + 5)
        return self.find(run_id) if record else None


class InsertsWithoutActor(MemoryStore):
    """An event does not say who."""

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        return super().insert(new, Actor("", "", ""))


class HoldsTheLeaseForEver(MemoryStore):
    """A lease that never ends, as a session's lock under SIGSTOP."""

    def take_lease(self, holder: str, actor: Actor) -> bool:
        if self.database.lease is not None and self.database.lease[0] != holder:
            return False
        return super().take_lease(holder, actor)


# --- in the domain --------------------------------------------------------------------------------------------------


@contextmanager
def nothing() -> Iterator[None]:
    """Nothing is planted in the domain."""
    yield


def planted(owner: Any, name: str, bug: Any) -> Callable[[], Any]:
    """Plant a bug in the place of a function."""
    return lambda: patch.object(owner, name, bug)


def _timeout_is_failure(self: Starter, record: RunRecord, deadline: float, why: str) -> Any:
    return self._fail(record, why, "unreachable", gone=True)


def _timeout_is_success(self: Starter, record: RunRecord, deadline: float, why: str) -> Any:
    return self._answer(record, True, "Started.")


def _absent_is_ended(self: Settler, record: RunRecord, engine: Any) -> RunRecord:
    ending = Ending(RunStatus.FAILED, gone=True, error_message="Spark does not know it.")
    return self._end(record, ending, rev=engine.rev)


def _anything_means_not_there(self: Settler, record: RunRecord, *, with_progress: bool = True) -> RunRecord:
    try:
        return _SETTLE(self, record, with_progress=with_progress)
    except (SparkUnavailable, SparkRefused):
        if record.engine is None:
            raise
        return self._end(record, Ending(RunStatus.FAILED, gone=True, error_message="lost"), rev=None)


_SETTLE = Settler.settle


def _stopped_when_asked(self: Settler, record: RunRecord, engine: Any) -> RunRecord:
    self._fence(engine, engine.grace_seconds)
    return self._end(record, Ending(RunStatus.STOPPED, gone=True), rev=None)


def _every_end_is_a_stop(self: Settler, record: RunRecord, engine: Any, fence: Any) -> RunRecord:
    status = RunStatus.STOPPED if engine.stop_requested else RunStatus.FAILED
    return self._end(record, Ending(status, gone=True), rev=None if engine.stop_requested else engine.rev)


def _ended_is_completed(self: Settler, record: RunRecord, engine: Any, batch: Any) -> RunRecord:
    return self._end(record, Ending(RunStatus.COMPLETED, gone=True), rev=None)


def _hunt_everything(self: OrphanHunter) -> None:
    for batch in self._spark.alive(self._store.installation().installation_id):
        name = str(batch.name)
        self._judge(batch, name, name.rpartition(".")[2])


def _kill_without_looking(self: OrphanHunter, batch: Any, name: str, run_id: str) -> None:
    record = self._store.find(run_id)
    if record is None or not record.run.is_running:
        self._store.add_event(run_id, "orphan killed", self._actor, {})
        self._spark.fence(name, 0)


def _kill_without_a_word(self: OrphanHunter, batch: Any, name: str, run_id: str) -> None:
    record = self._store.find(run_id)
    if record is None or not record.run.is_running:
        self._spark.fence(name, 0)


def _row_before_list(self: OrphanHunter) -> None:
    running = self._store.running()
    for batch in self._spark.alive(f"{self._store.installation().installation_id}."):
        if running is None or running.engine is None or running.engine.batch_name != batch.name:
            self._store.add_event(str(batch.name).partition(".")[2], "orphan killed", self._actor, {})
            self._spark.fence(str(batch.name), 0)


def _starts_again_by_itself(self: Starter, record: RunRecord, configuration: Any, deadline: float) -> Any:
    name = record.engine.batch_name if record.engine else ""
    for _ in range(2):  # "a request that failed is repeated", under a name of its own
        try:
            return self._adopt(record, self._spark.submit(name, configuration, 5.0))
        except SparkRefused as error:
            return self._refused(record, error)
        except SparkUnavailable:
            name = f"{name}-again"
    return self._fail(record, "No answer.", "unreachable", gone=True)


def _refuses_to_the_end(self: Starter, record: RunRecord, error: SparkRefused) -> Any:
    return self._fail(record, str(error), "refused", gone=True)


def _duplicate_is_refusal(self: Starter, record: RunRecord, configuration: Any, deadline: float) -> Any:
    name = record.engine.batch_name if record.engine else ""
    try:
        return self._adopt(record, self._spark.submit(name, configuration, 5.0))
    except SparkNotConnected as error:
        return self._fail(record, str(error), "unreachable", gone=True)
    except SparkRefused as error:
        return self._fail(record, str(error), "refused", gone=True)
    except SparkUnavailable as error:
        return self._resolve_unclear(record, deadline, str(error))


def _adopts_nothing(self: Starter, record: RunRecord, batch: Any) -> Any:
    assert record.engine is not None
    try:
        self._store.change(record.run.run_id, record.engine.rev, EngineChange(batch_id=batch.batch_id), self._actor)
    except PipelineError as error:
        return self._answer(record, True, f"Started, but the database did not take a note of that: {error}")
    return self._answer(record, True, "Started.")


def _gone_without_evidence(self: Starter, earlier: Any, deadline: float) -> str | None:
    for previous in earlier:
        self._store.mark_gone(previous.run.run_id, self._actor, {})
    return None


def _never_confirms(self: OrphanHunter, record: RunRecord) -> None:
    """Nobody makes sure of what ended without evidence."""


def _stops_whatever_runs(self: Stopper, run_id: str, grace: float | None, patience: float | None) -> Any:
    running = self._store.running()
    return _STOP(self, running.run.run_id if running else run_id, grace, patience)


_STOP = Stopper.stop


def _own_server_is_any(self: Settler, engine: Any) -> None:
    """Whatever server answers is believed."""


def _fence_of_any_generation(self: Settler, engine: Any, grace_seconds: float) -> Any:
    return self._spark.fence(engine.batch_name, grace_seconds)


@contextmanager
def _any_server() -> Iterator[None]:
    with (
        patch.object(Settler, "require_own_server", _own_server_is_any),
        patch.object(Settler, "_fence", _fence_of_any_generation),
    ):
        yield


def _leaves_nobody_alone(self: Settler, record: RunRecord, engine: Any) -> bool:
    return False


def _leaves_everybody_alone(self: Settler, record: RunRecord, engine: Any) -> bool:
    return engine.batch_id is None and not engine.stop_requested


def _watches_for_stops_only(self: Watcher) -> RunRecord | None:
    record = self._store.running()
    if record is None or record.engine is None or not record.engine.stop_requested:
        return record
    return self._settler.settle(record)


def _believes_the_commit(self: Starter, run_id: str, unclear: Any) -> tuple[RunRecord, tuple[RunRecord, ...]]:
    installation, identity = self._store.installation().installation_id, self._spark.identity()
    engine = Engine(
        run_id, 1, Phase.STARTING, identity.url, identity.generation, None, None, 2.0, None, None, False, None, False,
        None, f"{installation}.{run_id}",
    )  # fmt: skip
    return RunRecord(Run(run_id, None, "running", None, None, None, None, None), engine, 0.0, True), ()


def _sends_to_any_server(
    self: MemorySpark, name: str, configuration: Any, timeout: float, generation: str | None = None
) -> Any:
    return _SUBMIT(self, name, configuration, timeout)


_SUBMIT = MemorySpark.submit


def _forgets_its_fences(self: MemorySpark, name: str, grace_seconds: float) -> Any:
    fence = _FENCE(self, name, grace_seconds)
    self.server.fenced.clear()
    return fence


_FENCE = MemorySpark.fence


def _frees_the_names_of_what_ended(self: MemoryServer, name: str) -> MemoryBatch:
    known = self.known.get(name)
    if known is not None and not known.is_alive:
        del self.known[name]
    return _POST(self, name)


_POST = MemoryServer.post


def _judges_everybodys_row(self: Settler, record: RunRecord, *, with_progress: bool = True) -> RunRecord:
    if record.engine is None and record.run.is_running:
        self._store.release_foreign(record.run.run_id, self._actor)
        return record
    return _SETTLE(self, record, with_progress=with_progress)


def _steps_on_everything(self: Watcher) -> RunRecord | None:
    record = self._store.running()
    return None if record is None else self._settler.settle(record)


@contextmanager
def _others_rows_are_ours() -> Iterator[None]:
    with (
        patch.object(Settler, "settle", _judges_everybodys_row),
        patch.object(Watcher, "step", _steps_on_everything),
        patch.object(MemoryStore, "release_foreign", _ends_a_foreign_row),
    ):
        yield


def _ends_a_foreign_row(self: MemoryStore, run_id: str, actor: Actor) -> bool:
    ended = replace(self.database.runs[run_id], status="failed", error_message="Spark does not know it.")
    self.database.put(ended, actor)
    return True


def _kills_what_has_no_row(self: OrphanHunter, batch: Any, name: str, run_id: str) -> bool:
    self._store.add_event(run_id, "batch without a row", self._actor, {})
    return True


def _abandoned_is_gone(self: Stopper, run_id: str) -> Any:
    record = self._store.find(run_id)
    assert record is not None
    ending = Ending(RunStatus.FAILED, gone=True, error_message="Abandoned")
    self._store.settle(run_id, None, ending, self._actor)
    return {"success": True, "run_id": run_id, "message": "Abandoned."}


def _unknown_is_idle(sentence: str, database: Any, spark: Any) -> Any:
    return controller._idle(sentence, database, spark)


def _keeps_the_lease(self: Watcher) -> None:
    """Spark does not answer this process; it leads on all the same."""


def _is_gone_when_deleted(self: Settler, record: RunRecord, engine: Engine) -> RunRecord:
    self._spark.kill(engine.batch_name)
    return self._end(record, Ending(RunStatus.STOPPED, gone=True), rev=None)


MUTANTS = [
    Mutant(
        "send without a commit",
        "3: no POST unless the commit is known",
        planted(Starter, "_read_back", _believes_the_commit),
        seed=126,
    ),
    Mutant(
        "send to any server",
        "4: a launch names its server",
        planted(MemorySpark, "submit", _sends_to_any_server),
        seed=249,
    ),
    Mutant("forget a fence", "2: a fence is for ever", planted(MemorySpark, "fence", _forgets_its_fences)),
    Mutant(
        "free a name again",
        "2: a name is never free again",
        planted(MemoryServer, "post", _frees_the_names_of_what_ended),
        seed=223,
    ),
    Mutant("no guard on the server", "5: one at a time, twice", nothing, guard=False, failover=True),
    Mutant("settle another program's row", "4: ours is what our table has", _others_rows_are_ours),
    Mutant(
        "kill what has no row at once",
        "4: two looks 10 s apart",
        planted(OrphanHunter, "_seen_twice", _kills_what_has_no_row),
    ),
    Mutant("abandoned is gone", "1: abandoning leaves it not gone", planted(Stopper, "abandon", _abandoned_is_gone)),
    Mutant("unknown is idle", "6: unknown is an answer", planted(controller, "_unknown", _unknown_is_idle)),
    Mutant("lead without Spark", "6: the lease is given up", planted(Watcher, "_spark_failed", _keeps_the_lease)),
    Mutant(
        "a starter without an end",
        "3: 5 s from commit to answer",
        lambda: patch.object(starting, "STARTER_SECONDS", 1e6),
        plain=True,
        seed=85,
    ),
    Mutant(
        "an impatient look at a plain Livy",
        "8: an absent start waits 150 s",
        lambda: patch.object(settling, "PLAIN_LIVY_START_SECONDS", 10.0),
        plain=True,
        seed=1325,
    ),
    Mutant(
        "DELETE is proof",
        "8: 200 to DELETE is no proof",
        planted(Settler, "_stop_on_plain_livy", _is_gone_when_deleted),
        plain=True,
    ),
    Mutant("settle without compare", "3: compare-and-set on running", nothing, SettlesWithoutCompare),
    Mutant(
        "write back what was read",
        "3: written by the database, never read and changed",
        nothing,
        WritesBackWhatItRead,
        seed=405,
    ),
    Mutant("forget the intent", "design 4: the wish is recorded first", nothing, ForgetsTheIntent),
    Mutant("longer grace wins", "design 4: a stop is only ever shortened", nothing, LongerGraceWins),
    Mutant("an event without an actor", "design 3: who did it", nothing, InsertsWithoutActor),
    Mutant("a lease without an end", "6: a lease on the database's clock", nothing, HoldsTheLeaseForEver),
    Mutant(
        "count, then insert", "5: the database holds one place", nothing, CountsThenInserts, one_running=False, seed=110
    ),
    Mutant(
        "a time-out is a failure",
        "1: no time-out is evidence",
        planted(Starter, "_resolve_unclear", _timeout_is_failure),
    ),
    Mutant(
        "a time-out is a success",
        "1: no time-out is evidence",
        planted(Starter, "_resolve_unclear", _timeout_is_success),
    ),
    Mutant(
        "absent is ended", "2: absent is fenced first", planted(Settler, "_settle_absent", _absent_is_ended), seed=2647
    ),
    Mutant(
        "no answer is an end",
        "1: what can't be asked is not known",
        planted(Settler, "settle", _anything_means_not_there),
    ),
    Mutant(
        "stopped before it is gone", "1: stopped means gone", planted(Settler, "_carry_out_stop", _stopped_when_asked)
    ),
    Mutant(
        "every end is a stop", "1: stop and natural end race", planted(Settler, "_settle_fenced", _every_end_is_a_stop)
    ),
    Mutant(
        "ended is completed", "7: the exit is the server's word", planted(Settler, "_settle_ended", _ended_is_completed)
    ),
    Mutant("hunt without the dot", "4: nothing without our prefix", planted(OrphanHunter, "hunt", _hunt_everything)),
    Mutant(
        "kill without a second look",
        "4: list first, then the row",
        planted(OrphanHunter, "_judge", _kill_without_looking),
        seed=51,
    ),
    Mutant("kill without a word", "design 4: an event says so", planted(OrphanHunter, "_judge", _kill_without_a_word)),
    Mutant("the row before the list", "4: list first, then the row", planted(OrphanHunter, "hunt", _row_before_list)),
    Mutant(
        "repeat a start", "1: a POST is never repeated", planted(Starter, "_send", _starts_again_by_itself), guard=False
    ),
    Mutant(
        "a duplicate is a refusal",
        "1: a duplicate of our own is adopted",
        planted(Starter, "_send", _duplicate_is_refusal),
        seed=249,
    ),
    Mutant("adopt nothing", "3: who loses reads again, and undoes", planted(Starter, "_adopt", _adopts_nothing)),
    Mutant(
        "gone without evidence",
        "1: earlier runs are fenced first",
        planted(Starter, "_fence_earlier", _gone_without_evidence),
        guard=False,
    ),
    Mutant(
        "nobody confirms",
        "1: an ended run is watched until it is gone",
        planted(OrphanHunter, "_confirm", _never_confirms),
    ),
    Mutant("stop whatever runs", "3: a stop names its run", planted(Stopper, "stop", _stops_whatever_runs), seed=9),
    Mutant("believe any server", "4: the generation", _any_server),
    Mutant(
        "leave nobody alone",
        "3: the starter has its time",
        planted(Settler, "_starter_is_at_work", _leaves_nobody_alone),
        seed=2962,
    ),
    Mutant(
        "leave everybody alone",
        "3: the starter's time ends",
        planted(Settler, "_starter_is_at_work", _leaves_everybody_alone),
    ),
    Mutant(
        "watch for stops only",
        "design 4: every end is settled",
        planted(Watcher, "step", _watches_for_stops_only),
    ),
    Mutant("compare the status only", "3: the revision", nothing, ComparesStatusOnly, seed=405),
    Mutant(
        "a refusal is not fenced",
        "1: after a refusal, fence too",
        planted(Starter, "_refused", _refuses_to_the_end),
        seed=10401,
    ),
]
