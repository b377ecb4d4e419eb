"""Figures are asked for while a run runs, often enough and not more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline_gui.pipeline.engine import Engine
from pipeline_gui.pipeline.figures import ComparedFigures, RunFigures
from pipeline_gui.pipeline.ports import Actor, Batch, BatchState
from pipeline_gui.pipeline.run import Phase, Run, RunRecord
from pipeline_gui.pipeline.sampling import LONGEST_PAUSE, SHORTEST_PAUSE, Sampler

ANA = Actor("ana", "ops-3", "watcher")
ENGINE = Engine(
    "r1", 1, Phase.RUNNING, "http://x", "g1", 7, None, 10.0, None, None, False, None, False, None, batch_name="i.r1"
)
RUN = Run("r1", None, "running", None, None, 1.0, None, {"configuration": {"name": "flights"}})
RECORD = RunRecord(RUN, ENGINE, 1.0, True)


class Around:
    """Spark, the store and the clock, with time moved by the test."""

    def __init__(self) -> None:
        self.now = 100.0
        self.seconds = 0.0
        self.record: RunRecord | None = RECORD
        self.batch: Batch | None = Batch(7, "i.r1", BatchState.RUNNING, None, "http://ui", (), generation="g1")
        self.said: RunFigures | None = RunFigures(input_bytes=5)
        self.kept: RunFigures | None = None
        self.noted: list[tuple[str, str, RunFigures]] = []
        self.asked = 0
        self.sampler = Sampler(lambda: self.record, self, self, ANA, clock=lambda: self.now)

    def find(self, name: str) -> Batch | None:
        return self.batch

    def figures(self, batch: Batch) -> RunFigures | None:
        self.asked += 1
        self.now += self.seconds
        return self.said

    def note(self, run_id: str, pipeline: str, figures: RunFigures, actor: Actor) -> None:
        self.noted.append((run_id, pipeline, figures))

    def compared(self, run_id: str) -> Any:
        return ComparedFigures(run_id, self.kept, None, RunFigures(), 0) if self.kept else None  # type: ignore[arg-type]


def test_what_is_new_is_noted_and_nothing_falls() -> None:
    around = Around()
    around.kept = RunFigures(input_bytes=3, failed_tasks=4)  # by the watcher before
    assert around.sampler.turn() == SHORTEST_PAUSE
    around.sampler.turn()
    around.said = RunFigures(input_bytes=2, executors=1)
    around.sampler.turn()
    assert around.noted == [
        ("r1", "flights", RunFigures(input_bytes=5, failed_tasks=4)),
        ("r1", "flights", RunFigures(input_bytes=5, failed_tasks=4, executors=1)),
    ]


@pytest.mark.parametrize(("took", "pause"), [(0.5, 5.0), (60.0, LONGEST_PAUSE)])
def test_a_slow_driver_is_asked_less_often(took: float, pause: float) -> None:
    around = Around()
    around.record = RECORD._replace(run=RUN._replace(duration=3600.0))
    around.seconds = took
    assert around.sampler.turn() == pause


@pytest.mark.parametrize(("duration", "pause"), [(7.0, SHORTEST_PAUSE), (57.0, 6.0), (None, SHORTEST_PAUSE)])
def test_of_a_short_run_no_slow_answer_costs_the_rest(duration: float | None, pause: float) -> None:
    around = Around()
    around.record = RECORD._replace(run=RUN._replace(duration=duration))
    around.seconds = 3.0  # the first answer of a driver, whose web server loads its classes
    assert around.sampler.turn() == pytest.approx(pause)


@pytest.mark.parametrize(
    "record",
    [
        None,
        RECORD._replace(engine=None),
        RECORD._replace(engine=replace(ENGINE, phase=Phase.STARTING)),
        RECORD._replace(run=RUN._replace(status="completed")),
        RECORD._replace(engine=replace(ENGINE, generation="another server's")),
    ],
)
def test_of_what_is_not_ours_or_does_not_work_nothing_is_asked(record: RunRecord | None) -> None:
    around = Around()
    around.record = record
    assert around.sampler.turn() == SHORTEST_PAUSE
    assert (around.asked, around.noted) == (0, [])


def test_a_driver_that_says_nothing_is_no_zero() -> None:
    around = Around()
    around.said = None
    around.sampler.turn()
    around.batch = None
    around.sampler.turn()
    assert around.noted == []
