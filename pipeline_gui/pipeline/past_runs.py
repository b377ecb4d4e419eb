"""The past of one pipeline: how its runs ended, how long they took, and what is usual for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline_gui.pipeline.run import RunStatus

FEWEST_FOR_USUAL = 5
"""Completed runs below which nothing is called usual."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that ended."""

    run_id: str
    status: RunStatus
    start_time: datetime | None
    """Aware, UTC."""
    duration: float | None
    """Seconds; None where it is not recorded."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Between which durations four of five completed runs lie, in seconds."""

    shortest: float
    longest: float
    middle: float
    """The median."""


@dataclass(frozen=True, slots=True)
class PastRuns:
    """Runs of one pipeline, the oldest first."""

    pipeline: str
    runs: tuple[PastRun, ...]

    def count(self, status: RunStatus) -> int:
        """How many ended in this way."""
        return sum(run.status is status for run in self.runs)

    @property
    def success_rate(self) -> float | None:
        """The share of runs that completed, from 0 to 1, of those that completed or failed: a stop is neither."""
        completed, failed = self.count(RunStatus.COMPLETED), self.count(RunStatus.FAILED)
        return completed / (completed + failed) if completed + failed else None

    @property
    def usual(self) -> Usual | None:
        """What is usual for runs that completed; None while they are too few to say."""
        seconds = sorted(
            run.duration for run in self.runs if run.status is RunStatus.COMPLETED and run.duration is not None
        )
        if len(seconds) < FEWEST_FOR_USUAL:
            return None
        return Usual(_quantile(seconds, 0.1), _quantile(seconds, 0.9), _quantile(seconds, 0.5))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two values that are nearest, as statistics.quantiles' method “inclusive” does."""
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
