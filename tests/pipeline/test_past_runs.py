"""What is said of a pipeline's past."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.pipeline.past_runs import FEWEST_FOR_USUAL, PastRun, PastRuns
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.sentences import past_sentence


def past(*ends: tuple[RunStatus, float | None]) -> PastRuns:
    return PastRuns(
        "flights", tuple(PastRun(f"r{n}", status, None, seconds) for n, (status, seconds) in enumerate(ends))
    )


COMPLETED, FAILED, STOPPED = RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.STOPPED


@given(st.lists(st.floats(0, 1e7), min_size=FEWEST_FOR_USUAL, max_size=60))
def test_usual_is_where_four_of_five_lie(seconds: list[float]) -> None:
    found = past(*((COMPLETED, one) for one in seconds), (FAILED, 1e9), (STOPPED, 0.0), (COMPLETED, None)).usual
    assert found is not None
    tenths = statistics.quantiles(seconds, n=10, method="inclusive")
    assert found.shortest == pytest.approx(tenths[0])
    assert found.longest == pytest.approx(tenths[-1])
    assert found.middle == pytest.approx(statistics.median(seconds))


def test_too_few_are_not_usual() -> None:
    assert past(*[(COMPLETED, 60.0)] * (FEWEST_FOR_USUAL - 1), *[(FAILED, 60.0)] * 9).usual is None


def test_a_stop_is_neither_success_nor_failure() -> None:
    assert past((COMPLETED, 1.0), (FAILED, 1.0), (STOPPED, 1.0), (STOPPED, 1.0)).success_rate == 0.5
    assert past((STOPPED, 1.0)).success_rate is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([], "No run of it has ended within the last 90 days."),
        ([(FAILED, 3.0)], "One run: 1 failed · 0 % success · too few completed to say what is usual"),
        (
            [(COMPLETED, 60.0 + n) for n in range(11)] + [(STOPPED, 9.0)],
            "Of the last 12 runs: 11 completed, 1 stopped · 100 % success · usually 1 min 1 s to 1 min 9 s",
        ),
        (
            [(COMPLETED, 60.0)] * 400 + [(FAILED, 1.0)],
            "Of the last 401 runs: 400 completed, 1 failed · 99 % success · usually 1 min 0 s",
        ),
    ],
)
def test_the_sentence(ends: list[tuple[RunStatus, float | None]], said: str) -> None:
    assert past_sentence(past(*ends)) == said
