"""What a pipeline's own past lets expect of its next run."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_gui.pipeline.past_runs import FEWEST_FOR_USUAL, PastRuns
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.sentences import duration_text

LOOKED_AT = 50
"""So many of its last runs; those that completed count."""
SPREADS = 4.5
"""Median absolute deviations: three standard deviations, where durations are spread evenly about their middle."""
SHARE = 0.25
LEAST_SECONDS = 30.0
"""A pipeline that always takes the same is not slow a second later."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """How long a run should take, in seconds."""

    middle: float
    """The median of those that completed. One run that took a day does not move it."""
    longest: float
    """What lasts longer is unusual."""
    runs: int
    """How many it is made from."""

    def sentence(self) -> str:
        """The same for people."""
        return (
            f"usually {duration_text(self.middle)}, unusual from {duration_text(self.longest)} on "
            f"(by the last {self.runs} that completed)"
        )


def expectation(past: PastRuns) -> Expectation | None:
    """What a past lets expect; None while too few runs have completed."""
    from statistics import median  # with fractions and decimals: a window that watches does without

    seconds = [run.duration for run in past.runs if run.status is RunStatus.COMPLETED and run.duration is not None]
    if len(seconds) < FEWEST_FOR_USUAL:
        return None
    middle = median(seconds)
    spread = median(abs(each - middle) for each in seconds)
    return Expectation(middle, middle + max(SPREADS * spread, SHARE * middle, LEAST_SECONDS), len(seconds))
