"""The one way down: every face asks this, and it asks the record and Spark."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.answers import (
    ActionAnswer,
    EventAnswer,
    KeptAnswers,
    LogAnswer,
    OverviewAnswer,
    RunAnswer,
    StatusAnswer,
    event_answer,
    run_answer,
)
from pipeline_gui.pipeline.clock import Clock, seconds_with_sleep
from pipeline_gui.pipeline.configuration import parse_configuration
from pipeline_gui.pipeline.errors import (
    ConfigurationInvalid,
    FiredBefore,
    PipelineError,
    RunBusy,
    SparkRefused,
    SparkUnavailable,
    StoreRefused,
    StoreUnavailable,
)
from pipeline_gui.pipeline.ports import Actor, RunStore, SparkServer
from pipeline_gui.pipeline.run import RunRecord, RunStatus
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.start_key import StartedBefore, StartKey, make_start_key
from pipeline_gui.pipeline.starting import Starter
from pipeline_gui.pipeline.status_answers import status_answer, unknown_answer
from pipeline_gui.pipeline.stopping import Stopper, refusal
from pipeline_gui.pipeline.watcher import Watcher

if TYPE_CHECKING:
    from pipeline_gui.pipeline.schedule import Firing

LOOK_SECONDS = 2.0
"""How long an answer may wait for one look at Spark, where no watcher of this process looks anyway."""

Resolve = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Turns ``{"configuration": NAME, …}`` into the whole configuration; raises ConfigurationInvalid."""


class PipelineController:
    """Start, stop, status and history. Blocks, with deadlines; safe to call from several threads."""

    def __init__(
        self,
        store: RunStore,
        spark: SparkServer,
        actor: Actor,
        watcher: Watcher | None = None,
        *,
        resolve: Resolve | None = None,
        clock: Clock = seconds_with_sleep,
        closing: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._spark = spark
        self._watcher = watcher or Watcher(store, spark, actor)
        self._resolve: Resolve = resolve or dict
        self._kept = KeptAnswers()
        self._clock = clock
        settler = Settler(store, spark, actor)
        self._starter = Starter(store, spark, settler, actor, clock)
        self._stopper = Stopper(store, spark, settler, actor, clock, closing)

    def acting_for(self, actor: Actor) -> PipelineController:
        """The same controller, whose actions are recorded as another's: a service acts for many people."""
        return PipelineController(
            self._store,
            self._spark,
            actor,
            self._watcher,
            resolve=self._resolve,
            clock=self._clock,
            closing=self._stopper.closing,
        )

    # --- the six of the design ----------------------------------------------------------------------------------

    def is_pipeline_running(self) -> bool:
        """Whether the single place is taken, by whoever. Raises StoreUnavailable."""
        return self._running() is not None

    def get_running_pipeline_id(self) -> str | None:
        """The run id of the running row. Raises StoreUnavailable."""
        record = self._running()
        return record.run.run_id if record else None

    def start_pipeline(self, config: dict[str, Any]) -> ActionAnswer:
        """Start a configuration, or say why not."""
        return self._start(config, None)

    def start_pipeline_once(self, config: dict[str, Any], key: str) -> ActionAnswer:
        """Start a configuration, unless that was asked for under this key before: then that run is the answer."""
        try:
            return self._start(config, make_start_key(key, config))
        except PipelineError as error:
            return _refused(error)

    def start_scheduled(self, configuration: str, firing: Firing) -> ActionAnswer:
        """Start the configuration of a name because its time has come. Raises FiredBefore: it was decided already."""
        return self._start({"configuration": configuration}, None, firing)

    def _start(self, config: dict[str, Any], key: StartKey | None, firing: Firing | None = None) -> ActionAnswer:
        try:
            configuration = parse_configuration(self._resolve(config))
            before = self._started_before(key)
            if before is not None:
                return before
            self._spark.precheck(configuration)
            answer = self._starter.start(configuration, key, firing)
        except FiredBefore:
            raise
        except RunBusy as error:
            return refusal(error.run_id, str(error), "busy")
        except StartedBefore as error:  # by a request that ran beside this one
            return self._started_before(key) or _refused(error)
        except PipelineError as error:
            return _refused(error)
        self._watcher.nudge()
        return answer

    def _started_before(self, key: StartKey | None) -> ActionAnswer | None:
        """The run that was started under a key, as its record says how that went. Raises PipelineError."""
        started = self._store.find_start(key.key_hash) if key else None
        if key is None or started is None:
            return None
        if started.fingerprint != key.fingerprint:
            raise ConfigurationInvalid(
                f"This idempotency key was used for another configuration (run {started.run_id}).",
                field="Idempotency-Key",
            )
        record = self._store.find(started.run_id)
        answer = _answer_again(started.run_id, record)
        answer["repeated"] = True
        return answer

    def stop_pipeline(self) -> ActionAnswer:
        """Stop the run that runs now; which one that is, is decided once, here."""
        try:
            record = self._store.running()
        except PipelineError as error:
            return _refused(error)
        if record is None:
            return refusal(None, "No pipeline is running.", "idle")
        return self.stop_run(record.run.run_id)

    def get_pipeline_status(self) -> StatusAnswer:
        """The state of now; unknown is an answer, so this raises nothing."""
        self._look()
        try:
            record = self._store.running()
        except PipelineError as error:
            return unknown_answer(str(error), self._store.contact(), self._spark.contact())
        return status_answer(record, self._store.contact(), self._spark.contact())

    def get_recent_pipeline_runs(self, days: float = 2) -> list[RunAnswer]:
        """The runs that run now, or started or ended within the last days, newest first. Raises StoreUnavailable."""
        _check_days(days)
        self._look()
        return [run_answer(run) for run in self._store.recent(days)]

    def get_overview(self, days: float = 2) -> OverviewAnswer:
        """The state of now and the runs of the last days, read at one go, for who asks again and again.

        Unknown is an answer here too. Raises ConfigurationInvalid.
        """
        _check_days(days)
        self._look()
        try:
            overview = self._store.overview(days)
        except PipelineError as error:
            return {"status": unknown_answer(str(error), self._store.contact(), self._spark.contact()), "runs": None}
        status = status_answer(overview.running, self._store.contact(), self._spark.contact())
        return {"status": status, "runs": self._kept.answers(overview.recent)}

    # --- one run ------------------------------------------------------------------------------------------------

    def stop_run(
        self, run_id: str, *, grace_seconds: float | None = None, patience_seconds: float | None = None
    ) -> ActionAnswer:
        """Stop this run and no other; a grace of 0 is force. Patience bounds the wait for the end, not the stop."""
        return self._act(run_id, lambda: self._stopper.stop(run_id, grace_seconds, patience_seconds))

    def abandon_run(self, run_id: str) -> ActionAnswer:
        """Let go of a run that nobody can confirm; the face has asked for a typed confirmation."""
        return self._act(run_id, lambda: self._stopper.abandon(run_id))

    def confirm_gone(self, run_id: str) -> ActionAnswer:
        """Take a person's word that nothing of an ended run lives."""
        return self._act(run_id, lambda: self._stopper.confirm_gone(run_id))

    def release_run(self, run_id: str) -> ActionAnswer:
        """Free the place that another program's row holds."""
        return self._act(run_id, lambda: self._stopper.release(run_id))

    def get_run(self, run_id: str) -> RunAnswer | None:
        """One run, or None. Raises StoreUnavailable."""
        record = self._store.find(run_id)
        return run_answer(record.run) if record else None

    def get_run_events(self, run_id: str) -> list[EventAnswer]:
        """What happened to a run, oldest first. Raises StoreUnavailable."""
        return [event_answer(event) for event in self._store.events(run_id)]

    def get_run_log(self, run_id: str | None = None, start: int | None = None, size: int = 100) -> LogAnswer:
        """Lines of a run's log; None: of the running run, else the newest of ours. Raises PipelineError."""
        record = self._store.find(run_id) if run_id else self._latest_of_ours()
        if record is None:
            raise ConfigurationInvalid(f"There is no run {run_id!r}." if run_id else "No run is recorded yet.")
        if record.engine is None:
            raise SparkRefused("Another program made this run, so its log is not known here.", status_code=404)
        page = self._spark.log(record.engine.batch_name, start, size)
        return {"run_id": record.run.run_id, "start": page.start, "total": page.total, "lines": list(page.lines)}

    def close(self) -> None:
        """Answer what still waits; recorded stops are carried out by whoever watches."""
        self._stopper.closing.set()

    # --- inside -------------------------------------------------------------------------------------------------

    def _latest_of_ours(self) -> RunRecord | None:
        record = self._store.running()
        if record is not None and record.engine is not None:
            return record
        for run in self._store.recent(36_500, limit=20):
            found = self._store.find(run.run_id)
            if found is not None and found.engine is not None:
                return found
        return None

    def _running(self) -> RunRecord | None:
        record = self._store.running()
        if record is not None and record.engine is not None and not self._watcher.is_watching:
            self._look()  # a run that ended while nobody looked is settled at the next look
            record = self._store.running()
        return record

    def _look(self) -> None:
        if not self._watcher.is_watching:
            self._watcher.look(LOOK_SECONDS)

    def _act(self, run_id: str, action: Callable[[], ActionAnswer]) -> ActionAnswer:
        try:
            return action()
        except PipelineError as error:
            return _refused(error, run_id)
        finally:
            self._watcher.nudge()


def _check_days(days: float) -> None:
    if not 0 < days <= 36_500:
        raise ConfigurationInvalid("The number of days must be between 0 and 36,500.", field="days")


def _refused(error: PipelineError, run_id: str | None = None) -> ActionAnswer:
    answer = refusal(run_id or error.run_id, str(error), error.reason)
    if isinstance(error, ConfigurationInvalid) and error.field:
        answer["field"] = error.field
    if isinstance(error, StoreUnavailable | StoreRefused):
        answer["source"] = "database"
    elif isinstance(error, SparkUnavailable | SparkRefused):
        answer["source"] = "spark"
    return answer


def _answer_again(run_id: str, record: RunRecord | None) -> ActionAnswer:
    """What a start led to, as it is recorded by now."""
    if record is None:
        return refusal(run_id, f"{run_id} was started under this key, and its row was deleted since.", "refused")
    if record.run.status == RunStatus.FAILED and record.engine is not None and record.engine.batch_id is None:
        answer = refusal(run_id, record.run.error_message or "It could not be started.", "refused", record)
        answer["source"] = "spark"
        return answer
    answer = {"success": True, "run_id": run_id, "message": f"Started “{record.run.pipeline}” before."}
    if record.run.status:
        answer["status"] = record.run.status
    return answer
