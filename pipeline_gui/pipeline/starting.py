"""How a run starts: recorded first, then sent once, and no unclear answer is believed (design 4, protocol 1 to 3)."""

from __future__ import annotations

import re
import secrets
import threading
from typing import TYPE_CHECKING

from pipeline_gui.pipeline.answers import ActionAnswer, utc_text
from pipeline_gui.pipeline.clock import Clock
from pipeline_gui.pipeline.configuration import Configuration
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import (
    ConfigurationInvalid,
    PipelineError,
    Reason,
    SparkNotConnected,
    SparkRefused,
    SparkUnavailable,
    StoreRefused,
    StoreUnavailable,
    StoreUnclear,
)
from pipeline_gui.pipeline.ports import Actor, Batch, BatchState, EngineChange, NewRun, RunStore, SparkServer
from pipeline_gui.pipeline.run import Phase, RunRecord, RunStatus
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.start_key import StartKey

if TYPE_CHECKING:
    from pipeline_gui.pipeline.schedule import Firing

STARTER_SECONDS = 5.0
"""From commit to the answer of the POST; past it a starter sends nothing more, since the watcher takes over at 8 s."""
_FENCE_AGAIN_SECONDS = 0.1


def new_run_id(name: str) -> str:
    """A run id that people can read: never all digits, which Livy would take for a batch id."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "run"
    return f"{slug}-{secrets.token_hex(6)}" if not slug.isdigit() else f"run-{slug}-{secrets.token_hex(6)}"


def _of_schedule(firing: Firing) -> dict[str, object]:
    """What a run says of the schedule that starts it, for people and other programs."""
    again = {"attempt": firing.number, "retry_of": firing.retry_of} if firing.number > 1 else {}
    return {"schedule": firing.schedule_name, "due": utc_text(firing.due), **again}


class Starter:
    """Starts one configuration; blocks for at most some ten seconds."""

    def __init__(self, store: RunStore, spark: SparkServer, settler: Settler, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._spark = spark
        self._settler = settler
        self._actor = actor
        self._clock = clock

    def start(
        self, configuration: Configuration, start_key: StartKey | None = None, firing: Firing | None = None
    ) -> ActionAnswer:
        """Record the run, send it, and say what is known of it.

        Raises PipelineError when nothing was recorded; when that is not known, its run_id names the run.
        """
        installation = self._store.installation()
        if not installation.is_original:
            raise StoreRefused(
                "This database is a copy of another one, so nothing is started from it. "
                "Run `pipeline-gui migrate --new-identity` for a copy, "
                "or `pipeline-gui migrate --moved` where the original is no more."
            )
        identity = self._spark.identity()
        if configuration.secret_names and not identity.can_fence:
            raise ConfigurationInvalid(
                f"The configuration refers to secrets ({', '.join(configuration.secret_names)}), which {identity.url} "
                "can't know: it is a plain Livy. Only the Spark command server of this program looks them up.",
                field="conf",
            )
        run_id = new_run_id(configuration.name)
        new = NewRun(
            run_id=run_id,
            batch_name=f"{installation.installation_id}.{run_id}",
            command=configuration.command_line(),
            metadata={
                "configuration": configuration.redacted(),
                "started_by": str(self._actor),
                "started_from": self._actor.via,
                "spark_url": identity.url,
                "phase": Phase.STARTING,
                **(_of_schedule(firing) if firing else {}),
            },
            spark_url=identity.url,
            generation=identity.generation,
            grace_seconds=configuration.grace_seconds,
            timeout_seconds=configuration.timeout_seconds,
            start_key=start_key,
            firing=firing,
        )
        deadline = self._clock() + STARTER_SECONDS
        try:
            inserted = self._store.insert(new, self._actor)
        except StoreUnclear as unclear:
            record, earlier = self._read_back(run_id, unclear)  # no request to Spark without a recorded row
        else:
            record, earlier = inserted.record, inserted.not_gone
        try:
            refusal = self._fence_earlier(earlier, run_id, deadline)
            if refusal:
                return self._fail(record, refusal, "refused", gone=True)
            return self._send(record, configuration, deadline)
        except PipelineError as error:  # the database went away
            return self._unknown(record, str(error))

    def _read_back(self, run_id: str, unclear: StoreUnclear) -> tuple[RunRecord, tuple[RunRecord, ...]]:
        """The row of an unclear commit, and the earlier runs. Raises StoreUnclear where there is none to be seen."""
        unclear.run_id = run_id
        try:
            record = self._store.find(run_id)
            if record is None or not record.run.is_running:
                raise unclear
            return record, tuple(self._store.not_gone())
        except PipelineError:
            raise unclear from None

    def _fence_earlier(self, earlier: tuple[RunRecord, ...], run_id: str, deadline: float) -> str | None:
        """Make sure that no earlier run lives; else say why this one can't start."""
        for previous in earlier:
            # The event first: an answer that is lost must not leave a kill of which nobody knows.
            self._store.add_event(previous.run.run_id, "fence asked", self._actor, {"because": f"{run_id} is to start"})
            try:
                while not self._settler.make_sure_gone(previous):
                    if self._clock() > deadline - 1:
                        return (
                            f"The previous run {previous.run.run_id} is still alive on Spark; start again in a moment."
                        )
                    threading.Event().wait(_FENCE_AGAIN_SECONDS)
            except (SparkUnavailable, SparkRefused) as error:
                return (
                    f"The previous run {previous.run.run_id} may still be alive. {error} "
                    "When it is certain that nothing of it lives, say so: “Nothing of it lives any more…” in the menu "
                    f"of its row, or “pipeline-gui stop {previous.run.run_id} --confirm-gone”. Then start again."
                )
            if previous.engine and previous.engine.generation is not None:
                self._store.mark_gone(previous.run.run_id, self._actor, {"evidence": "fenced before the next start"})
        return None

    def _send(self, record: RunRecord, configuration: Configuration, deadline: float) -> ActionAnswer:
        name = record.engine.batch_name if record.engine else ""
        remaining = deadline - self._clock()
        if remaining < 0.5:
            message = "Recording the run took too long, so nothing was sent to Spark. Start it again."
            return self._fail(record, message, "unreachable", gone=True)
        try:
            generation = record.engine.generation if record.engine else None
            batch = self._spark.submit(name, configuration, remaining, generation)
        except SparkNotConnected as error:
            return self._fail(record, f"{error} Nothing was started.", "unreachable", gone=True)
        except SparkRefused as error:
            if error.duplicate_name:
                return self._resolve_unclear(record, deadline, str(error))
            return self._refused(record, error)
        except SparkUnavailable as error:
            return self._resolve_unclear(record, deadline, str(error))
        return self._adopt(record, batch)

    def _refused(self, record: RunRecord, error: SparkRefused) -> ActionAnswer:
        """A clear refusal; fenced all the same, since a proxy may have delivered the request twice."""
        if error.other_generation:
            # Every delivery names its server, so that no other can have taken one; that server's batches are no more.
            message = (
                "The Spark server has lost its records since it was last asked, so nothing was started. Start again."
            )
            return self._fail(record, message, "refused", gone=True)
        reason: Reason = "busy" if error.busy else "refused"
        try:
            gone = not self._spark.identity().can_fence or self._settler.make_sure_gone(record)
        except (SparkUnavailable, SparkRefused):
            gone = False
        if not gone:
            self._leave_to_watcher(record, {"refusal": str(error)})
            return self._answer(record, False, str(error), reason)
        return self._fail(record, str(error), reason, gone=True)

    def _resolve_unclear(self, record: RunRecord, deadline: float, why: str) -> ActionAnswer:
        """Look it up by name and adopt what is there; what is absent is left to the watcher, which fences it."""
        name = record.engine.batch_name if record.engine else ""
        while self._clock() < deadline:
            try:
                batch = self._spark.find(name)
            except (SparkUnavailable, SparkRefused):
                threading.Event().wait(_FENCE_AGAIN_SECONDS)
                continue
            if batch is not None:
                return self._adopt(record, batch)
            self._leave_to_watcher(record, {})
            settled = self._settle_once(record)
            if not settled.run.is_running:
                return self._answer(settled, False, settled.run.error_message or why, "unreachable")
            break
        else:
            self._leave_to_watcher(record, {})
        return self._unknown(record, why)

    def _unknown(self, record: RunRecord, why: str) -> ActionAnswer:
        message = (
            f"{why} It is not known whether the run was started; this is found out as soon as both servers answer."
        )
        return self._answer(record, False, message, "unconfirmed")

    def _settle_once(self, record: RunRecord) -> RunRecord:
        fresh = self._store.find(record.run.run_id) or record
        try:
            return self._settler.settle(fresh, with_progress=False)
        except (SparkUnavailable, SparkRefused):
            return fresh

    def _leave_to_watcher(self, record: RunRecord, summary: dict[str, str]) -> None:
        if record.engine:
            change = EngineChange(unclear=True, summary=dict(summary))
            self._store.change(record.run.run_id, record.engine.rev, change, self._actor)

    def _adopt(self, record: RunRecord, batch: Batch) -> ActionAnswer:
        """Record the batch that is there; a lost compare-and-set means that somebody acted meanwhile: read again."""
        current: RunRecord | None = record
        try:
            while current and current.engine and current.run.is_running:
                engine = current.engine
                running = Phase.RUNNING if batch.state is BatchState.RUNNING else Phase.STARTING
                change = EngineChange(
                    phase=Phase.STOPPING if engine.stop_requested else running,
                    generation=batch.generation,
                    batch_id=batch.batch_id,
                    application_id=batch.application_id,
                    unclear=False if engine.unclear else None,
                )
                if self._store.change(engine.run_id, engine.rev, change, self._actor) is not None:
                    return self._answer(current, True, f"Started “{current.run.pipeline}”.")
                current = self._store.find(engine.run_id)
        except (StoreUnavailable, StoreRefused) as error:  # refused: it became read-only, as a standby is
            message = f"Started “{record.run.pipeline}”, but the database did not take a note of that: {error}"
            return self._answer(record, True, message)
        return self._undo(current or record)

    def _undo(self, ended: RunRecord) -> ActionAnswer:
        """The row ended while its batch was being launched: the batch must not live on."""
        run_id = ended.run.run_id
        message = (
            f"The run was ended by somebody else while it started (now {ended.run.status}); it was undone on Spark."
        )
        # The event first: a starter that dies between the two must not leave a kill of which nobody knows.
        self._store.add_event(run_id, "start undone", self._actor, {"because": f"the row was {ended.run.status}"})
        try:
            gone = self._settler.make_sure_gone(ended)
            if gone and ended.engine and ended.engine.generation is not None:  # on a plain Livy absent proves nothing
                self._store.mark_gone(run_id, self._actor, {"evidence": "fenced by its starter"})
        except (SparkUnavailable, SparkRefused) as error:
            message = f"The run was ended by somebody else while it started, and it may be alive on Spark: {error}"
        return self._answer(ended, False, message, "unconfirmed")

    def _fail(self, record: RunRecord, message: str, reason: Reason, *, gone: bool) -> ActionAnswer:
        ending = Ending(RunStatus.FAILED, gone=gone, error_message=message, ended_ago=0.0)
        rev = record.engine.rev if record.engine else None
        try:
            settled = self._store.settle(record.run.run_id, rev, ending, self._actor)
            if settled is None:  # a stop or a watcher came between; what it saw is settled from what is there now
                settled = self._settle_once(record)
        except PipelineError as error:
            return self._answer(record, False, f"{message} This could not be recorded: {error}", reason)
        return self._answer(settled, False, message, reason)

    @staticmethod
    def _answer(record: RunRecord, success: bool, message: str, reason: Reason | None = None) -> ActionAnswer:
        answer: ActionAnswer = {"success": success, "run_id": record.run.run_id, "message": message}
        if record.run.status:
            answer["status"] = record.run.status
        if reason:
            answer["reason"] = reason
        return answer
