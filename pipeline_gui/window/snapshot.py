"""What one refresh brings: the state of now and the rows of the last two days, made in the pool, immutable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.run_times import moment_of
from pipeline_gui.window.looks import Look, look_of
from pipeline_gui.window.span import DAYS
from pipeline_gui.window.texts import one_line

if TYPE_CHECKING:
    from pipeline_gui.pipeline.answers import OverviewAnswer, RunAnswer, StatusAnswer


class History(Protocol):
    """The part of the controller that a refresh asks."""

    def get_overview(self, days: float = 2) -> OverviewAnswer:
        """The state of now and the runs of the last days."""


class RunRow(NamedTuple):
    """One row of the table, in texts that are ready to be painted; equal to another that says the same of a run."""

    run_id: str
    status: str | None
    """As recorded, also what another program wrote."""
    look: Look
    pipeline: str
    by: str
    outcome: str
    started: datetime | None
    ended: datetime | None
    duration: float | None
    """Seconds; None while it runs."""
    error: str | None
    command: str | None
    running_since: float | None = None
    """Of a running row: the moment of this computer's clock at which its duration was 0, so that it ticks unasked. It
    is measured anew each time, and no part of what the row says."""

    @property
    def is_running(self) -> bool:
        """Whether the row holds the single place."""
        return look_is_running(self.status)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunRow) and self[:-1] == other[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.run_id)


class Snapshot(NamedTuple):
    """The record as one refresh saw it."""

    status: StatusAnswer
    rows: tuple[RunRow, ...] | None
    """None: not known, so what was known before stays."""
    trouble: str | None
    """Why the rows are not known, in a sentence."""
    asked_at: float
    """When the question was asked, by seconds_with_sleep()."""
    answered_at: float
    at: datetime
    """The moment of the answer by this computer's clock, for display."""

    @property
    def is_known(self) -> bool:
        """Whether the record could be read."""
        return self.status["is_running"] is not None and self.rows is not None


class RowMaker:
    """Makes rows, and keeps those of runs that ended: the next refresh finds most of them as they were."""

    def __init__(self, old_rows_timezone: str | None = None) -> None:
        self._zone = old_rows_timezone
        self._kept: dict[str, tuple[RunAnswer, RunRow]] = {}

    def rows(self, runs: Sequence[RunAnswer], status: StatusAnswer, now: float) -> tuple[RunRow, ...]:
        """The rows of a history; now as make_row takes it."""
        rows: list[RunRow] = []
        kept: dict[str, tuple[RunAnswer, RunRow]] = {}
        for run in runs:
            run_id = run["run_id"]
            before = self._kept.get(run_id)
            if before is not None and before[0] is run and run_id != status["run_id"]:
                kept[run_id] = before
                rows.append(before[1])
                continue
            row = make_row(run, status, now, self._zone)
            rows.append(row)
            # What a running row shows depends on the moment and on the state of now.
            if run_id != status["run_id"] and not row.is_running:
                kept[run_id] = (run, row)
        self._kept = kept
        return tuple(rows)


def take_snapshot(history: History, maker: RowMaker) -> Snapshot:
    """Ask the record; blocks, so it runs in the pool, once at a time for each maker."""
    asked_at = seconds_with_sleep()
    overview = history.get_overview(DAYS)
    answered_at = seconds_with_sleep()
    status, runs = overview["status"], overview["runs"]
    rows = None if runs is None else maker.rows(runs, status, answered_at)
    trouble = status["sentence"] if runs is None else None
    return Snapshot(status, rows, trouble, asked_at, answered_at, datetime.now(UTC))


def make_row(run: RunAnswer, status: StatusAnswer | None, now: float, old_rows_timezone: str | None = None) -> RunRow:
    """A row from a run of the history; now is the reading of seconds_with_sleep() that its duration belongs to.

    status is the state of now, for the run that it is about; None: for a run of the past. The zone is the one in which
    other programs wrote their rows' times.
    """
    metadata = run["metadata"] if isinstance(run["metadata"], dict) else {}
    configuration = metadata.get("configuration")
    name = configuration.get("name") if isinstance(configuration, dict) else None
    current = status if status is not None and run["run_id"] == status["run_id"] else None
    look = look_of(run["status"], current["phase"] if current else metadata_text(metadata, "phase"))
    ticking = look_is_running(run["status"])
    duration = run["duration"]
    return RunRow(
        run_id=run["run_id"],
        status=run["status"],
        look=look,
        pipeline=one_line(name if isinstance(name, str) and name else run["run_id"]),
        by=one_line(metadata_text(metadata, "started_by") or "another program"),
        outcome=_outcome(run, metadata, current),
        started=moment_of(run, "start_time", old_rows_timezone),
        ended=moment_of(run, "end_time", old_rows_timezone),
        duration=None if ticking else duration,
        error=run["error_message"],
        command=run["command"],
        running_since=now - duration if ticking and duration is not None else None,
    )


def look_is_running(status: str | None) -> bool:
    """Whether a recorded status holds the single place, spelled as the database's index reads it."""
    return (status or "").strip(" ").lower() == "running"


def metadata_text(metadata: dict[str, object], key: str) -> str | None:
    """A text of a run's metadata, which other programs write too."""
    value = metadata.get(key)
    return value if isinstance(value, str) and value else None


def _outcome(run: RunAnswer, metadata: dict[str, object], current: StatusAnswer | None) -> str:
    if current is not None:
        if current["stop_requested_by"]:
            return one_line(f"stop asked for by {current['stop_requested_by']}")
        return one_line((current["progress"] or {}).get("text", ""))
    if run["error_message"]:
        return one_line(run["error_message"])
    stopper = metadata_text(metadata, "stopped_by")
    if stopper and look_of(run["status"]).word == "stopped":
        return one_line(f"by {stopper}")
    return ""
