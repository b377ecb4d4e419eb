"""One step of a running run towards the truth. Every step is safe when two processes take it at once.

A row leaves ``running`` only on evidence: its own server reports the end, or confirms a fence. A time-out, a refused
connection, a foreign 404 or an empty list are "not known"; they raise SparkUnavailable and change nothing.
"""

from __future__ import annotations

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Engine
from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.failure import failure_sentence
from pipeline_gui.pipeline.ports import Actor, Batch, BatchState, EngineChange, Fence, RunStore, SparkServer
from pipeline_gui.pipeline.run import Phase, RunRecord, RunStatus
from pipeline_gui.pipeline.sentences import limit_text

STARTER_LEFT_ALONE_SECONDS = 8.0
"""The age, by the database's clock, until which a starter may be at work: it has 5 s from commit to answer."""
PLAIN_LIVY_START_SECONDS = 150.0
"""A POST to a Livy that can't fence may land this late (120 s, and some for the way)."""
LOG_LINES_FOR_REASON = 300
TIMEOUT_USER = "timeout"
"""Who is recorded to have asked for a stop when a run outlasts its limit."""


class OtherServer(SparkUnavailable):
    """The run is on another Spark server, or on one whose state was lost: nothing of it may be settled from here."""


class Settler:
    """Compares a running run with Spark and records what is true."""

    def __init__(self, store: RunStore, spark: SparkServer, actor: Actor) -> None:
        self._store = store
        self._spark = spark
        self._actor = actor
        self._said_killed: set[str] = set()

    def settle(self, record: RunRecord, *, with_progress: bool = True) -> RunRecord:
        """Take one step and return the run as it is now recorded.

        Raises SparkUnavailable when Spark can't be asked (OtherServer: when it is not the run's), and the store's.
        """
        engine = record.engine
        if engine is None or not record.run.is_running or self._starter_is_at_work(record, engine):
            return record
        if is_past_limit(record):
            record = self._stop_at_limit(record, engine)
            if record.engine is None or not record.run.is_running:
                return record
            engine = record.engine
        self.require_own_server(engine)
        if engine.stop_requested:
            return self._carry_out_stop(record, engine)
        batch = self._spark.find(engine.batch_name)
        self.require_own_server(engine)
        if batch is None:
            return self._settle_absent(record, engine)
        if batch.state.is_terminal:
            return self._settle_ended(record, engine, batch)
        return self._note_alive(record, engine, batch, with_progress)

    def require_own_server(self, engine: Engine) -> None:
        """Raise OtherServer unless the Spark server that answers now is the one that the run was submitted to."""
        identity = self._spark.identity()
        if engine.generation is not None and identity.generation == engine.generation:
            return  # the same server, under whatever address
        if engine.generation is None and identity.generation is None and _same_url(engine.spark_url, identity.url):
            return
        if _same_url(engine.spark_url, identity.url):
            raise OtherServer(
                f"The Spark server at {identity.url} has lost its records since the run was started, "
                "so it can't say what became of it."
            )
        raise OtherServer(
            f"The run is on another Spark server ({engine.spark_url}); this computer asks {identity.url}."
        )

    def make_sure_gone(self, record: RunRecord) -> bool:
        """Make sure, in one step, that nothing of an ended run lives; True with evidence, False: ask again.

        Raises SparkUnavailable when it can't be known.
        """
        engine = record.engine
        if engine is None:
            raise SparkUnavailable(f"{record.run.run_id} was started by another program.")
        self.require_own_server(engine)
        if self._spark.identity().can_fence:
            return self._fence(engine, 0).done
        batch = self._spark.find(engine.batch_name)
        if batch is not None and not batch.state.is_terminal:
            self._say_killed(engine)
            self._spark.kill(engine.batch_name)
            return False
        return True

    def _say_killed(self, engine: Engine) -> None:
        """An event for what a plain Livy is asked to kill, once: there is no evidence later on that could have one."""
        if engine.run_id not in self._said_killed:
            self._said_killed.add(engine.run_id)
            detail = {"batch": engine.batch_name, "because": "it must be gone before another starts"}
            self._store.add_event(engine.run_id, "orphan killed", self._actor, detail)

    def _fence(self, engine: Engine, grace_seconds: float) -> Fence:
        """One step of fencing; what a server of another generation answers is no evidence."""
        fence = self._spark.fence(engine.batch_name, grace_seconds)
        if fence.generation != engine.generation:
            raise OtherServer(f"The Spark server at {self._spark.url} has lost its records since the run was started.")
        return fence

    # --- the steps ----------------------------------------------------------------------------------------------

    def _starter_is_at_work(self, record: RunRecord, engine: Engine) -> bool:
        """Whether the process that inserted the row may still be sending it; it would adopt what it sent."""
        return (
            engine.batch_id is None
            and not engine.unclear
            and not engine.stop_requested
            and record.age_seconds is not None
            and 0 <= record.age_seconds < STARTER_LEFT_ALONE_SECONDS
        )

    def _stop_at_limit(self, record: RunRecord, engine: Engine) -> RunRecord:
        """Record the stop before Spark is asked: whoever reaches it next carries it out, as any other stop."""
        limit = Actor(TIMEOUT_USER, self._actor.host, "watcher")
        reason = f"It ran longer than its limit of {limit_text(engine.timeout_seconds or 0.0)}, so it was stopped."
        stopping = self._store.request_stop(engine.run_id, None, limit, reason)
        return stopping or self._store.find(engine.run_id) or record

    def _carry_out_stop(self, record: RunRecord, engine: Engine) -> RunRecord:
        if not self._spark.identity().can_fence:
            return self._stop_on_plain_livy(record, engine)
        fence = self._fence(engine, engine.grace_seconds)
        if not fence.done:
            return self._in_contact(record, engine, EngineChange(phase=Phase.STOPPING))
        return self._settle_fenced(record, engine, fence)

    def _settle_fenced(self, record: RunRecord, engine: Engine, fence: Fence) -> RunRecord:
        """Nothing of the run lives and nothing can start: a fact, so the status alone is compared."""
        if fence.started and not fence.signalled and fence.state in (BatchState.SUCCESS, BatchState.DEAD):
            # It ended by itself before the first signal: its true end. The look-up only adds the reason; a server that
            # keeps no more than the end, or lost its records since, must not turn it into a stop.
            batch = self._spark.find(engine.batch_name)
            shown = batch if batch is not None and batch.state.is_terminal else _as_fenced(fence, fence.state)
            return self._settle_ended(record, engine, shown)
        if engine.stop_requested:
            ending = _stopped(engine, fence.ended_ago, fence.exit_code)
        elif fence.started:
            ending = Ending(
                RunStatus.FAILED,
                gone=True,
                ended_ago=fence.ended_ago,
                exit_code=fence.exit_code,
                error_message="Spark did not confirm the start in time, so the start was undone.",
            )
        else:
            ending = Ending(RunStatus.FAILED, gone=True, error_message=self._never_started(record))
        # An absent batch was a look, not a fact, until it was fenced; a stop recorded meanwhile must be seen: rev.
        return self._end(record, ending, rev=None if engine.stop_requested else engine.rev)

    def _never_started(self, record: RunRecord) -> str:
        refusal = (record.run.metadata or {}).get("refusal")
        return (
            str(refusal)
            if refusal
            else "Spark never received the start; nothing of it runs, and it can be started again."
        )

    def _settle_absent(self, record: RunRecord, engine: Engine) -> RunRecord:
        if self._spark.identity().can_fence:
            fence = self._fence(engine, 0)
            return self._settle_fenced(record, engine, fence) if fence.done else record
        if engine.batch_id is not None:
            raise SparkUnavailable(
                "Livy no longer knows the run, which says nothing about its end; look at the cluster, then abandon it."
            )
        if record.age_seconds is not None and record.age_seconds > PLAIN_LIVY_START_SECONDS:
            message = "Livy never showed the start; should it appear late, it will be killed."
            return self._end(record, Ending(RunStatus.FAILED, gone=False, error_message=message), rev=engine.rev)
        return record

    def _settle_ended(self, record: RunRecord, engine: Engine, batch: Batch) -> RunRecord:
        """The run's own server reports the end. `killed` may be by our stop, which a stale read does not show: rev."""
        ours = batch.generation is not None
        match batch.state:
            case BatchState.SUCCESS:
                ending = Ending(RunStatus.COMPLETED, gone=True, ended_ago=batch.ended_ago, exit_code=batch.exit_code)
                rev = None
            case BatchState.KILLED if engine.stop_requested:
                ending = _stopped(engine, batch.ended_ago, batch.exit_code)
                rev = None
            case BatchState.KILLED:
                message = "It was killed on the Spark server, by no stop that was asked for here."
                ending = Ending(RunStatus.FAILED, True, message, batch.ended_ago, batch.exit_code)
                rev = engine.rev
            case _:
                # On a Livy that is not ours `dead` may be its monitor's own error: the run is watched on.
                message = failure_sentence(batch, self._log_lines(engine))
                detail = {"signal": batch.signal} if batch.signal is not None else {}
                ending = Ending(RunStatus.FAILED, ours, message, batch.ended_ago, batch.exit_code, detail)
                rev = None
        return self._end(record, ending, rev)

    def _log_lines(self, engine: Engine) -> list[str]:
        try:
            return list(self._spark.log(engine.batch_name, size=LOG_LINES_FOR_REASON).lines)
        except (SparkUnavailable, SparkRefused):
            return []  # the end is known, only its reason is not; the batch's own last lines remain

    def _note_alive(self, record: RunRecord, engine: Engine, batch: Batch, with_progress: bool) -> RunRecord:
        phase = Phase.RUNNING if batch.state is BatchState.RUNNING else Phase.STARTING
        progress = self._spark.progress(batch) if with_progress and phase is Phase.RUNNING else None
        change = EngineChange(
            phase=phase,
            batch_id=batch.batch_id,
            application_id=batch.application_id,
            unclear=False,
            progress=progress,
        )
        return self._in_contact(record, engine, change)

    def _stop_on_plain_livy(self, record: RunRecord, engine: Engine) -> RunRecord:
        """DELETE there proves nothing: only a terminal state that it reports itself, before it forgets, does."""
        batch = self._spark.find(engine.batch_name)
        if batch is not None and batch.state.is_terminal:
            return self._settle_ended(record, engine, batch)
        if batch is None:
            raise SparkUnavailable(
                "Livy has deleted the run but can't confirm its end; look at the cluster, then abandon the run."
            )
        self._spark.kill(engine.batch_name)
        return self._in_contact(record, engine, EngineChange(phase=Phase.STOPPING, batch_id=batch.batch_id))

    # --- recording ----------------------------------------------------------------------------------------------

    def _in_contact(self, record: RunRecord, engine: Engine, seen: EngineChange) -> RunRecord:
        """Record what was seen, if anything of it is new: no write per look."""
        new = {
            "phase": seen.phase if seen.phase is not engine.phase else None,
            "batch_id": seen.batch_id if seen.batch_id != engine.batch_id else None,
            "application_id": seen.application_id if seen.application_id != engine.application_id else None,
            "progress": seen.progress if seen.progress != engine.progress else None,
            "unclear": False if seen.unclear is False and engine.unclear else None,
            "contact_lost": False if engine.contact_lost_at is not None else None,
        }
        if all(value is None for value in new.values()):
            return record
        change = EngineChange(**new)  # type: ignore[arg-type]
        self._store.change(engine.run_id, engine.rev, change, self._actor)
        return self._store.find(engine.run_id) or record

    def _end(self, record: RunRecord, ending: Ending, rev: int | None) -> RunRecord:
        settled = self._store.settle(record.run.run_id, rev, ending, self._actor)
        return settled or self._store.find(record.run.run_id) or record


def is_past_limit(record: RunRecord) -> bool:
    """Whether a running run of ours has lasted longer than it may, and nobody has asked for its stop yet."""
    engine = record.engine
    return (
        engine is not None
        and engine.timeout_seconds is not None
        and not engine.stop_requested
        and record.age_seconds is not None
        and record.age_seconds > engine.timeout_seconds
    )


def is_stopped_by_limit(engine: Engine) -> bool:
    """Whether it is stopped since it outlasted its limit, and no person asked for that before."""
    return engine.stop_reason is not None and (engine.stop_requested_by or "").startswith(f"{TIMEOUT_USER}@")


def _stopped(engine: Engine, ended_ago: float | None, exit_code: int | None) -> Ending:
    return Ending(RunStatus.STOPPED, True, engine.stop_reason, ended_ago, exit_code)


def _as_fenced(fence: Fence, state: BatchState) -> Batch:
    """The ended batch, as far as its fence tells of it."""
    return Batch(
        batch_id=-1,
        name=fence.name,
        state=state,
        application_id=None,
        ui_url=None,
        log_tail=(),
        generation=fence.generation,
        exit_code=fence.exit_code,
        ended_ago=fence.ended_ago,
    )


def _same_url(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()
