"""What the controller answers: plain dicts, typed. ``--json`` and the HTTP API print exactly these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pipeline_gui.pipeline.errors import Reason

if TYPE_CHECKING:
    from pipeline_gui.pipeline.contact import Contact
    from pipeline_gui.pipeline.engine import Progress
    from pipeline_gui.pipeline.record import Event
    from pipeline_gui.pipeline.run import Run


class _Answered(TypedDict):
    success: bool
    run_id: str | None
    message: str


Source = Literal["database", "spark"]


class ActionAnswer(_Answered, total=False):
    """What start and stop answer; ``reason`` is there when success is False."""

    reason: Reason
    status: str
    """The run's status as recorded when the answer was made."""
    field: str
    """The key of the configuration that is wrong."""
    source: Source
    """Which server refused or did not answer, where it was one."""
    repeated: bool
    """The start was asked for before, under the same key; this is that run."""


class ContactAnswer(TypedDict):
    """Whether a server can be reached."""

    reachable: bool | None
    since: str | None
    reason: str | None


class ProgressAnswer(TypedDict, total=False):
    """The work done so far; ``text`` is the sentence for people."""

    text: str
    job_id: int
    job_description: str
    tasks_completed: int
    tasks_total: int
    batch_number: int
    input_rows_per_second: float
    processed_rows_per_second: float
    batch_seconds: float


class StatusAnswer(TypedDict):
    """The state of now."""

    is_running: bool | None
    run_id: str | None
    status: str | None
    phase: str | None
    sentence: str
    """The state in words, as windows and terminals show it."""
    pipeline: str | None
    started_by: str | None
    start_time: str | None
    duration: float | None
    """Seconds, by the database's clock."""
    stop_requested_by: str | None
    application_id: str | None
    ours: bool | None
    """False: another program made the row; we never look it up, settle or stop it."""
    progress: ProgressAnswer | None
    database: ContactAnswer
    spark: ContactAnswer


class RunAnswer(TypedDict):
    """A row of the history, under the table's column names."""

    run_id: str
    command: str | None
    status: str | None
    start_time: str | None
    end_time: str | None
    duration: float | None
    error_message: str | None
    metadata: dict[str, Any] | None


def utc_text(moment: datetime | None) -> str | None:
    """A moment as ``2026-11-23T16:01:22.123456Z``."""
    if moment is None:
        return None
    # Not strftime: it imports a module at each call, and a history has hundreds of moments.
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def contact_answer(contact: Contact) -> ContactAnswer:
    """A contact as faces get it."""
    return {"reachable": contact.reachable, "since": utc_text(contact.since), "reason": contact.reason}


def progress_answer(progress: Progress | None) -> ProgressAnswer | None:
    """Progress as faces get it: only what is known."""
    if progress is None:
        return None
    answer: ProgressAnswer = {"text": progress.sentence()}
    if progress.job_id is not None:
        answer["job_id"] = progress.job_id
    if progress.job_description is not None:
        answer["job_description"] = progress.job_description
    if progress.tasks_completed is not None:
        answer["tasks_completed"] = progress.tasks_completed
    if progress.tasks_total is not None:
        answer["tasks_total"] = progress.tasks_total
    if progress.batch_number is not None:
        answer["batch_number"] = progress.batch_number
    if progress.input_rows_per_second is not None:
        answer["input_rows_per_second"] = progress.input_rows_per_second
    if progress.processed_rows_per_second is not None:
        answer["processed_rows_per_second"] = progress.processed_rows_per_second
    if progress.batch_seconds is not None:
        answer["batch_seconds"] = progress.batch_seconds
    return answer


def run_answer(run: Run) -> RunAnswer:
    """A run as faces get it; what other programs wrote of theirs is shown without the secrets that are in it."""
    is_ours = "started_by" in (run.metadata or {})  # and was recorded without
    return {
        "run_id": run.run_id,
        "command": run.command if is_ours else _redacted(run.command),
        "status": run.status,
        "start_time": utc_text(run.start_time),
        "end_time": utc_text(run.end_time),
        "duration": run.duration,
        "error_message": run.error_message if is_ours else _redacted(run.error_message),
        "metadata": run.metadata,
    }


def _redacted(text: str | None) -> str | None:
    if text is None:
        return None
    from pipeline_gui.pipeline.redaction import redact_text  # its patterns are not made for one's own rows

    return redact_text(text)


class KeptAnswers:
    """Makes the answers for one reading of the record after the other; that for an unchanged run is kept."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Run, RunAnswer]] = {}

    def answers(self, runs: Sequence[Run]) -> list[RunAnswer]:
        """An answer for each run: for a Run that was in the last call too, the same object. Thread-safe."""
        before = self._kept
        now: dict[str, tuple[Run, RunAnswer]] = {}
        answers = []
        for run in runs:
            known = before.get(run.run_id)
            if known is None or known[0] is not run:
                known = run, run_answer(run)
            now[run.run_id] = known
            answers.append(known[1])
        self._kept = now
        return answers


class OverviewAnswer(TypedDict):
    """The state of now, and the runs of the last days."""

    status: StatusAnswer
    runs: list[RunAnswer] | None
    """None: not known. That of an unchanged run is the same object as before, so nobody may change it."""


class EventAnswer(TypedDict):
    """One event of a run."""

    at: str | None
    kind: str
    actor: str | None
    via: str | None
    old_status: str | None
    new_status: str | None
    detail: dict[str, Any]


class LogAnswer(TypedDict):
    """Lines of a run's log, from ``start`` of ``total``."""

    run_id: str
    start: int
    total: int
    lines: list[str]


def event_answer(event: Event) -> EventAnswer:
    """An event as faces get it."""
    return {
        "at": utc_text(event.at),
        "kind": event.kind,
        "actor": event.actor,
        "via": event.via,
        "old_status": event.old_status,
        "new_status": event.new_status,
        "detail": event.detail,
    }
