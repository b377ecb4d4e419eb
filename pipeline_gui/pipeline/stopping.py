"""How a run is stopped, and how a person lets go of one that nobody can confirm (design 4, protocol 1 and 3)."""

from __future__ import annotations

import threading

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.clock import Clock
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import PipelineError, Reason, SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.ports import Actor, RunStore, SparkServer
from pipeline_gui.pipeline.run import RunRecord, RunStatus
from pipeline_gui.pipeline.sentences import ending_sentence
from pipeline_gui.pipeline.settling import Settler

STOP_MARGIN_SECONDS = 5.0
"""Beyond the grace period, until a stop is answered as not confirmed; the recorded wish goes on."""
_ASK_AGAIN_SECONDS = 0.05
_ASK_AGAIN_AT_MOST_SECONDS = 0.5


class Stopper:
    """Stops one run; blocks until the end is confirmed or the deadline has passed."""

    def __init__(
        self,
        store: RunStore,
        spark: SparkServer,
        settler: Settler,
        actor: Actor,
        clock: Clock,
        closing: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._spark = spark
        self._settler = settler
        self._actor = actor
        self._clock = clock
        self.closing = closing or threading.Event()
        """Set: stops that wait are answered now; what they recorded is carried out by whoever watches."""

    def stop(self, run_id: str, grace_seconds: float | None, patience_seconds: float | None) -> ActionAnswer:
        """Record the wish, then see it carried out, waiting patience_seconds at most. A grace of 0 kills at once."""
        before = self._store.find(run_id)
        if before is None:
            return refusal(run_id, f"There is no run {run_id!r}.", "invalid")
        if before.run.is_running and before.engine is None:
            message = f"“{before.run.pipeline}” was started by another program, which alone can stop it."
            return refusal(run_id, message, "refused", before)
        if not self._store.installation().is_original:  # on one Spark server, the original's run has the same name
            message = "This database is a copy of another one: only from the original can the run be stopped."
            return refusal(run_id, message, "refused", before)
        record = self._store.request_stop(run_id, grace_seconds, self._actor)
        if record is None:
            now = self._store.find(run_id) or before
            return refusal(run_id, f"It is not running any more. {ending_sentence(now)}", "idle", now)
        grace = record.engine.grace_seconds if record.engine else 0.0
        wait = grace + STOP_MARGIN_SECONDS
        return self._wait(record, self._clock() + (wait if patience_seconds is None else min(wait, patience_seconds)))

    def _wait(self, record: RunRecord, deadline: float) -> ActionAnswer:
        pause = _ASK_AGAIN_SECONDS
        trouble: str | None = None
        while True:
            try:
                record = self._settler.settle(record, with_progress=False)
                trouble = None
            except (SparkUnavailable, SparkRefused) as error:
                trouble = str(error)
                record = self._as_recorded(record)
            except PipelineError as error:  # the database went away after it had taken the wish
                trouble = str(error)
            if not record.run.is_running:
                return self._ended(record)
            if self._clock() > deadline or self.closing.is_set():
                return self._unconfirmed(record, trouble)
            self.closing.wait(pause)
            pause = min(pause * 1.3, _ASK_AGAIN_AT_MOST_SECONDS)

    def _as_recorded(self, record: RunRecord) -> RunRecord:
        """The run as others may have changed it; as it was, while the database can't be asked either."""
        try:
            return self._store.find(record.run.run_id) or record
        except PipelineError:
            return record

    @staticmethod
    def _ended(record: RunRecord) -> ActionAnswer:
        sentence = ending_sentence(record)
        if record.run.status != RunStatus.STOPPED:
            sentence = f"It ended by itself before the stop. {sentence}"
        answer: ActionAnswer = {"success": True, "run_id": record.run.run_id, "message": sentence}
        if record.run.status:
            answer["status"] = record.run.status
        return answer

    @staticmethod
    def _unconfirmed(record: RunRecord, trouble: str | None) -> ActionAnswer:
        why = trouble or "Spark has not confirmed the end yet."
        message = (
            f"The stop of “{record.run.pipeline}” is recorded and will be carried out, but it is not confirmed: {why} "
            "You can force it (no grace period) or, if nobody can ever confirm it, abandon the run."
        )
        return refusal(record.run.run_id, message, "unconfirmed", record)

    # --- letting go ---------------------------------------------------------------------------------------------

    def abandon(self, run_id: str) -> ActionAnswer:
        """Record a run as failed without evidence; it stays not gone, so it is fenced before the next start."""
        record = self._store.find(run_id)
        if record is None:
            return refusal(run_id, f"There is no run {run_id!r}.", "invalid")
        if not record.run.is_running:
            return refusal(run_id, f"It is not running any more. {ending_sentence(record)}", "idle", record)
        if record.engine is None:
            message = "Another program made this run: it can be released, which frees the place, but not abandoned."
            return refusal(run_id, message, "refused", record)
        ending = Ending(
            RunStatus.FAILED,
            gone=False,
            error_message=f"Abandoned by {self._actor}: nobody could confirm its end; it may still be alive.",
            detail={"abandoned_by": str(self._actor)},
            abandoned=True,
        )
        settled = self._store.settle(run_id, record.engine.rev, ending, self._actor)
        if settled is None:
            now = self._store.find(run_id) or record
            return refusal(
                run_id, "The run changed at this moment; look at it again before you abandon it.", "busy", now
            )
        message = f"Abandoned “{record.run.pipeline}”. It may still be alive on Spark; the next start makes sure first."
        return {"success": True, "run_id": run_id, "message": message, "status": RunStatus.FAILED}

    def confirm_gone(self, run_id: str) -> ActionAnswer:
        """Take a person's word that nothing of an ended run can live, where its server is no more."""
        record = self._store.find(run_id)
        if record is None or record.engine is None:
            return refusal(run_id, f"There is no run {run_id!r} of ours.", "invalid")
        if record.run.is_running:
            return refusal(run_id, "It is recorded as running: stop it, or abandon it, first.", "refused", record)
        if record.engine.gone:
            return refusal(run_id, "It is already known that nothing of it lives.", "idle", record)
        self._store.mark_gone(run_id, self._actor, {"evidence": f"the word of {self._actor}"})
        return {"success": True, "run_id": run_id, "message": f"Noted: nothing of “{record.run.pipeline}” lives."}

    def release(self, run_id: str) -> ActionAnswer:
        """Free the place that another program's row holds."""
        record = self._store.find(run_id)
        if record is None:
            return refusal(run_id, f"There is no run {run_id!r}.", "invalid")
        if record.engine is not None:
            return refusal(run_id, "This run is ours: stop it, or abandon it.", "refused", record)
        if not record.run.is_running or not self._store.release_foreign(run_id, self._actor):
            return refusal(run_id, "It is not running any more.", "idle", record)
        message = f"Released {run_id}: it is recorded as failed. Whether the other program's work goes on is not known."
        return {"success": True, "run_id": run_id, "message": message, "status": RunStatus.FAILED}


def refusal(run_id: str | None, message: str, reason: Reason, record: RunRecord | None = None) -> ActionAnswer:
    """The answer that something was not done, and why."""
    answer: ActionAnswer = {"success": False, "run_id": run_id, "message": message, "reason": reason}
    if record is not None and record.run.status:
        answer["status"] = record.run.status
    return answer
