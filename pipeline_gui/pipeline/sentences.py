"""What is said to people about runs: one place, so that window, terminal and page say the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline_gui.pipeline.status import Phase, RunStatus

if TYPE_CHECKING:
    from pipeline_gui.pipeline.past_runs import PastRuns, Usual
    from pipeline_gui.pipeline.record import Contact
    from pipeline_gui.pipeline.run import RunRecord

SILENT_SECONDS = 5.0
"""From then on it is said for how long a server has not answered."""


def duration_text(seconds: float) -> str:
    """A duration as people say it: ``9 s``, ``12 min 44 s``, ``3 h 2 min``, ``2 d 4 h``."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s"
    return f"{rest} s"


def limit_text(seconds: float) -> str:
    """A limit that somebody chose, without what is nothing: ``30 min``, ``1 h``."""
    return duration_text(seconds).removesuffix(" 0 s").removesuffix(" 0 min").removesuffix(" 0 h")


def ending_sentence(record: RunRecord) -> str:
    """How a run ended, as the answer to a stop or the last line of a wait."""
    run = record.run
    after = f" after {duration_text(run.duration)}" if run.duration is not None else ""
    why = f": {run.error_message}" if run.error_message else "."
    match run.status:
        case RunStatus.STOPPED:
            return f"Stopped “{run.pipeline}”{after}{why}"
        case RunStatus.COMPLETED:
            return f"“{run.pipeline}” completed{after}."
        case RunStatus.FAILED:
            return f"“{run.pipeline}” failed{after}{why}"
        case _:
            return f"“{run.pipeline}” is recorded as {run.status!r} by another program."


def running_sentence(record: RunRecord, spark: Contact) -> str:
    """Where a running run stands, claiming no more than is known."""
    run, engine = record.run, record.engine
    if engine is None:
        return (
            f"“{run.pipeline}” was started by another program, which alone can stop it. Start is blocked until it ends."
        )
    unsure = _unsure(record, spark)
    if engine.phase is Phase.LOST_CONTACT or (unsure and spark.reachable is False):
        stop = " The stop that was asked for will be carried out when it answers." if engine.stop_requested else ""
        return f"{unsure or 'Spark does not answer.'} “{run.pipeline}” may still be going on.{stop}"
    match engine.phase:
        case Phase.STOPPING:
            by = f" for {engine.stop_requested_by}" if engine.stop_requested_by else ""
            return f"Stopping “{run.pipeline}”{by}; Spark has not confirmed the end yet."
        case Phase.STARTING if engine.unclear:
            return f"Spark did not confirm the start of “{run.pipeline}”; it is being looked up."
        case Phase.STARTING:
            return f"Starting “{run.pipeline}”."
        case _:
            return f"“{run.pipeline}” is running."


def _unsure(record: RunRecord, spark: Contact) -> str | None:
    if spark.reachable is False:
        reason = f" ({spark.reason.rstrip('.')})" if spark.reason else ""
        silent = (datetime.now(UTC) - spark.since).total_seconds() if spark.since else 0.0
        if silent >= SILENT_SECONDS:
            return f"Spark has not answered for {duration_text(silent)}{reason}."
        return f"The Spark server can't be asked{reason}."
    if record.engine and record.engine.phase is Phase.LOST_CONTACT:
        return "Nobody has had an answer from the Spark server since contact was lost."
    return None


def past_sentence(past: PastRuns) -> str:
    """The past of a pipeline: how its runs ended, and how long they usually take."""
    if not past.runs:
        return "No run of it has ended within the last 90 days."
    ends = ", ".join(
        f"{past.count(status)} {status}"
        for status in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.STOPPED)
        if past.count(status)
    )
    parts = [f"Of the last {len(past.runs)} runs: {ends}" if len(past.runs) > 1 else f"One run: {ends}"]
    if past.success_rate is not None:
        parts.append(f"{_percent(past.success_rate)} success")
    usual = past.usual
    parts.append(f"usually {_range(usual)}" if usual else "too few completed to say what is usual")
    return " · ".join(parts)


def _percent(share: float) -> str:
    """A share in percent; only all are 100 %, and only none is 0 %."""
    return f"{min(99, max(1, round(share * 100)))} %" if 0 < share < 1 else f"{share * 100:.0f} %"


def _range(usual: Usual) -> str:
    shortest, longest = duration_text(usual.shortest), duration_text(usual.longest)
    return shortest if shortest == longest else f"{shortest} to {longest}"
