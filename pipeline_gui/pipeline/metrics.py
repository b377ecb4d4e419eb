"""What the runs of a pipeline come to over days, and how that compares with the same time before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

PERIODS = (7, 30, 90)
"""Days that figures are for: the day of now, in UTC, and those before it."""
COUNT_SECONDS = 60.0
"""How often days that changed are summed up, where nobody looks at figures."""
AGAIN_SECONDS = 2.0
"""The same, while some are left."""
MOST_PIPELINES = 200
"""On a page; of more, those with the most runs."""


@dataclass(frozen=True, slots=True)
class Period:
    """The runs of one pipeline that ended within some days."""

    completed: int = 0
    failed: int = 0
    stopped: int = 0
    p50: float | None = None
    """Seconds that half of the completed runs did not exceed, within 4 % or so; None: none completed."""
    p95: float | None = None

    @property
    def runs(self) -> int:
        """How many ended, in whatever way."""
        return self.completed + self.failed + self.stopped

    @property
    def success_rate(self) -> float | None:
        """The share that completed, from 0 to 1, of those that completed or failed: a stop is neither."""
        judged = self.completed + self.failed
        return self.completed / judged if judged else None


@dataclass(frozen=True, slots=True)
class Starter:
    """Who started runs, and how many."""

    who: str
    """Empty: another program, which does not say who."""
    runs: int


@dataclass(frozen=True, slots=True)
class PipelineMetrics:
    """One pipeline over a period, and over the same time before it."""

    pipeline: str
    """Empty: runs of other programs that name none."""
    now: Period
    before: Period
    longest: float | None
    """Seconds of the longest run of the period, however it ended."""
    longest_run: str | None
    last_success: datetime | None
    """Aware, UTC; None: not within 180 days."""
    seconds_since_success: float | None
    """By the database's clock."""
    starters: tuple[Starter, ...]
    """Of the period, the ones with the most runs first."""

    @property
    def runs_trend(self) -> int:
        """How many more runs than in the time before."""
        return self.now.runs - self.before.runs

    @property
    def success_trend(self) -> float | None:
        """By how much the success rate has risen, in shares of 1; None where one of the two is not known."""
        now, before = self.now.success_rate, self.before.success_rate
        return None if now is None or before is None else now - before

    @property
    def p50_trend(self) -> float | None:
        """By which share the usual duration has grown: 0.25 is a quarter longer."""
        now, before = self.now.p50, self.before.p50
        return None if now is None or not before else now / before - 1


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """All pipelines of a period, the ones with the most runs first."""

    days: int
    pipelines: tuple[PipelineMetrics, ...]
    left_out: int
    """Pipelines beyond MOST_PIPELINES."""
    uncounted_days: int
    """Days that are still to be counted, so that figures may be too low; a later look has them."""


@dataclass(frozen=True, slots=True)
class DayMetrics:
    """One UTC day of one pipeline."""

    day: date
    completed: int
    failed: int
    stopped: int
    p50: float | None

    @property
    def runs(self) -> int:
        """How many ended on it."""
        return self.completed + self.failed + self.stopped


class MetricsStore(Protocol):
    """What the runs come to, summed up by day. Deadlines and errors as RunStore's."""

    def page(self, days: int, pipeline: str | None = None) -> MetricsPage:
        """All pipelines, or the one of that name, over so many days up to now."""

    def by_day(self, pipeline: str, days: int) -> Sequence[DayMetrics]:
        """The days of one pipeline on which runs ended, the oldest first."""

    def count(self) -> int:
        """Sum up the days on which something changed, for a moment; how many are still to be counted."""


class Counter:
    """A duty of the watcher: sums up the days that changed, so that who looks at figures need not wait for it."""

    def __init__(self, metrics: MetricsStore) -> None:
        self._metrics = metrics

    def turn(self) -> float:
        """Sum up for a moment; in how many seconds to come again. Raises PipelineError."""
        return AGAIN_SECONDS if self._metrics.count() else COUNT_SECONDS
