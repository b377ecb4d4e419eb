"""Bugs of the domain and of a Spark server, each to be planted in the place of a function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from pipeline_gui.pipeline import status_answers
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Engine
from pipeline_gui.pipeline.errors import PipelineError, SparkNotConnected, SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.orphans import OrphanHunter
from pipeline_gui.pipeline.ports import Actor, EngineChange
from pipeline_gui.pipeline.run import Phase, Run, RunRecord, RunStatus
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.starting import Starter
from pipeline_gui.pipeline.stopping import Stopper
from pipeline_gui.pipeline.watcher import Watcher
from tests.chaos.model.spark import MemoryBatch, MemoryServer, MemorySpark
from tests.chaos.model.store import MemoryStore


def timeout_is_failure(self: Starter, record: RunRecord, deadline: float, why: str) -> Any:
    return self._fail(record, why, "unreachable", gone=True)


def timeout_is_success(self: Starter, record: RunRecord, deadline: float, why: str) -> Any:
    return self._answer(record, True, "Started.")


def absent_is_ended(self: Settler, record: RunRecord, engine: Any) -> RunRecord:
    ending = Ending(RunStatus.FAILED, gone=True, error_message="Spark does not know it.")
    return self._end(record, ending, rev=engine.rev)


def anything_means_not_there(self: Settler, record: RunRecord, *, with_progress: bool = True) -> RunRecord:
    try:
        return _SETTLE(self, record, with_progress=with_progress)
    except (SparkUnavailable, SparkRefused):
        if record.engine is None:
            raise
        return self._end(record, Ending(RunStatus.FAILED, gone=True, error_message="lost"), rev=None)


_SETTLE = Settler.settle


def stopped_when_asked(self: Settler, record: RunRecord, engine: Any) -> RunRecord:
    self._fence(engine, engine.grace_seconds)
    return self._end(record, Ending(RunStatus.STOPPED, gone=True), rev=None)


def every_end_is_a_stop(self: Settler, record: RunRecord, engine: Any, fence: Any) -> RunRecord:
    status = RunStatus.STOPPED if engine.stop_requested else RunStatus.FAILED
    return self._end(record, Ending(status, gone=True), rev=None if engine.stop_requested else engine.rev)


def ended_is_completed(self: Settler, record: RunRecord, engine: Any, batch: Any) -> RunRecord:
    return self._end(record, Ending(RunStatus.COMPLETED, gone=True), rev=None)


def hunt_everything(self: OrphanHunter) -> None:
    for batch in self._spark.alive(self._store.installation().installation_id):
        name = str(batch.name)
        self._judge(batch, name, name.rpartition(".")[2])


def kill_without_looking(self: OrphanHunter, batch: Any, name: str, run_id: str) -> None:
    record = self._store.find(run_id)
    if record is None or not record.run.is_running:
        self._store.add_event(run_id, "orphan killed", self._actor, {})
        self._spark.fence(name, 0)


def kill_without_a_word(self: OrphanHunter, batch: Any, name: str, run_id: str) -> None:
    record = self._store.find(run_id)
    if record is None or not record.run.is_running:
        self._spark.fence(name, 0)


def row_before_list(self: OrphanHunter) -> None:
    running = self._store.running()
    for batch in self._spark.alive(f"{self._store.installation().installation_id}."):
        if running is None or running.engine is None or running.engine.batch_name != batch.name:
            self._store.add_event(str(batch.name).partition(".")[2], "orphan killed", self._actor, {})
            self._spark.fence(str(batch.name), 0)


def starts_again_by_itself(self: Starter, record: RunRecord, configuration: Any, deadline: float) -> Any:
    name = record.engine.batch_name if record.engine else ""
    for _ in range(2):  # "a request that failed is repeated", under a name of its own
        try:
            return self._adopt(record, self._spark.submit(name, configuration, 5.0))
        except SparkRefused as error:
            return self._refused(record, error)
        except SparkUnavailable:
            name = f"{name}-again"
    return self._fail(record, "No answer.", "unreachable", gone=True)


def refuses_to_the_end(self: Starter, record: RunRecord, error: SparkRefused) -> Any:
    return self._fail(record, str(error), "refused", gone=True)


def duplicate_is_refusal(self: Starter, record: RunRecord, configuration: Any, deadline: float) -> Any:
    name = record.engine.batch_name if record.engine else ""
    try:
        return self._adopt(record, self._spark.submit(name, configuration, 5.0))
    except SparkNotConnected as error:
        return self._fail(record, str(error), "unreachable", gone=True)
    except SparkRefused as error:
        return self._fail(record, str(error), "refused", gone=True)
    except SparkUnavailable as error:
        return self._resolve_unclear(record, deadline, str(error))


def adopts_nothing(self: Starter, record: RunRecord, batch: Any) -> Any:
    assert record.engine is not None
    try:
        self._store.change(record.run.run_id, record.engine.rev, EngineChange(batch_id=batch.batch_id), self._actor)
    except PipelineError as error:
        return self._answer(record, True, f"Started, but the database did not take a note of that: {error}")
    return self._answer(record, True, "Started.")


def gone_without_evidence(self: Starter, earlier: Any, run_id: str, deadline: float) -> str | None:
    for previous in earlier:
        self._store.mark_gone(previous.run.run_id, self._actor, {})
    return None


def never_confirms(self: OrphanHunter, record: RunRecord) -> None:
    """Nobody makes sure of what ended without evidence."""


def stops_whatever_runs(self: Stopper, run_id: str, grace: float | None, patience: float | None) -> Any:
    running = self._store.running()
    return _STOP(self, running.run.run_id if running else run_id, grace, patience)


_STOP = Stopper.stop


def own_server_is_any(self: Settler, engine: Any) -> None:
    """Whatever server answers is believed."""


def fence_of_any_generation(self: Settler, engine: Any, grace_seconds: float) -> Any:
    return self._spark.fence(engine.batch_name, grace_seconds)


@contextmanager
def any_server() -> Iterator[None]:
    with (
        patch.object(Settler, "require_own_server", own_server_is_any),
        patch.object(Settler, "_fence", fence_of_any_generation),
    ):
        yield


def leaves_nobody_alone(self: Settler, record: RunRecord, engine: Any) -> bool:
    return False


def leaves_everybody_alone(self: Settler, record: RunRecord, engine: Any) -> bool:
    return engine.batch_id is None and not engine.stop_requested


def no_limit(record: RunRecord) -> bool:
    return False


def always_past_its_limit(record: RunRecord) -> bool:
    engine = record.engine
    return engine is not None and engine.timeout_seconds is not None and not engine.stop_requested


def watches_for_stops_only(self: Watcher) -> RunRecord | None:
    record = self._store.running()
    if record is None or record.engine is None or not record.engine.stop_requested:
        return record
    return self._settler.settle(record)


def believes_the_commit(self: Starter, run_id: str, unclear: Any) -> tuple[RunRecord, tuple[RunRecord, ...]]:
    installation, identity = self._store.installation().installation_id, self._spark.identity()
    engine = Engine(
        run_id, 1, Phase.STARTING, identity.url, identity.generation, None, None, 2.0, None, None, False, None, False,
        None, None, None, batch_name=f"{installation}.{run_id}",
    )  # fmt: skip
    return RunRecord(Run(run_id, None, "running", None, None, None, None, None), engine, 0.0, True), ()


def sends_to_any_server(
    self: MemorySpark, name: str, configuration: Any, timeout: float, generation: str | None = None
) -> Any:
    return _SUBMIT(self, name, configuration, timeout)


_SUBMIT = MemorySpark.submit


def forgets_its_fences(self: MemorySpark, name: str, grace_seconds: float) -> Any:
    fence = _FENCE(self, name, grace_seconds)
    self.server.fenced.clear()
    return fence


_FENCE = MemorySpark.fence


def frees_the_names_of_what_ended(self: MemoryServer, name: str) -> MemoryBatch:
    known = self.known.get(name)
    if known is not None and not known.is_alive:
        del self.known[name]
    return _POST(self, name)


_POST = MemoryServer.post


def judges_everybodys_row(self: Settler, record: RunRecord, *, with_progress: bool = True) -> RunRecord:
    if record.engine is None and record.run.is_running:
        self._store.release_foreign(record.run.run_id, self._actor)
        return record
    return _SETTLE(self, record, with_progress=with_progress)


def steps_on_everything(self: Watcher) -> RunRecord | None:
    record = self._store.running()
    return None if record is None else self._settler.settle(record)


@contextmanager
def others_rows_are_ours() -> Iterator[None]:
    with (
        patch.object(Settler, "settle", judges_everybodys_row),
        patch.object(Watcher, "step", steps_on_everything),
        patch.object(MemoryStore, "release_foreign", ends_a_foreign_row),
    ):
        yield


def ends_a_foreign_row(self: MemoryStore, run_id: str, actor: Actor) -> bool:
    ended = self.database.runs[run_id]._replace(status="failed", error_message="Spark does not know it.")
    self.database.put(ended, actor)
    return True


def kills_what_has_no_row(self: OrphanHunter, batch: Any, name: str, run_id: str) -> bool:
    self._store.add_event(run_id, "batch without a row", self._actor, {})
    return True


def abandoned_is_gone(self: Stopper, run_id: str) -> Any:
    record = self._store.find(run_id)
    assert record is not None
    ending = Ending(RunStatus.FAILED, gone=True, error_message="Abandoned")
    self._store.settle(run_id, None, ending, self._actor)
    return {"success": True, "run_id": run_id, "message": "Abandoned."}


def unknown_is_idle(sentence: str, database: Any, spark: Any) -> Any:
    return status_answers._idle(sentence, database, spark)


def keeps_the_lease(self: Watcher, error: PipelineError) -> None:
    """Spark does not answer this process; it leads on all the same."""


def is_gone_when_deleted(self: Settler, record: RunRecord, engine: Engine) -> RunRecord:
    self._spark.kill(engine.batch_name)
    return self._end(record, Ending(RunStatus.STOPPED, gone=True), rev=None)
