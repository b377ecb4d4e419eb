"""Keeps what Spark says of a run's work while it runs: with the driver it is gone."""

from __future__ import annotations

from collections.abc import Callable

from pipeline_gui.pipeline.clock import Clock, seconds_with_sleep
from pipeline_gui.pipeline.figures import FiguresSource, FiguresStore, RunFigures
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import Phase, RunRecord

SHORTEST_PAUSE = 1.0
"""Seconds between two questions: what a run does after the last one is not kept."""
LONGEST_PAUSE = 60.0
COST = 10.0
"""A question that takes a second is asked again after so many: neither the driver nor we work for this alone."""
MISSED_SHARE = 0.1
"""Yet in a pause at most this share of a run goes by: the first answer of a driver takes as long as a short run."""


class Sampler:
    """A duty of the watcher: asks Spark for the figures of what runs."""

    def __init__(
        self,
        watched: Callable[[], RunRecord | None],
        spark: FiguresSource,
        figures: FiguresStore,
        actor: Actor,
        clock: Clock = seconds_with_sleep,
    ) -> None:
        self._watched = watched
        self._source = spark
        self._figures = figures
        self._actor = actor
        self._clock = clock
        self._last: tuple[str, RunFigures] = ("", RunFigures())

    def turn(self) -> float:
        """Ask once, if something runs; in how many seconds to come again. Raises PipelineError."""
        record = self._watched()
        if record is None:
            return SHORTEST_PAUSE
        begun = self._clock()
        self._ask(record)
        took = self._clock() - begun
        at_most = min(MISSED_SHARE * ((record.run.duration or 0.0) + took), LONGEST_PAUSE)
        return max(SHORTEST_PAUSE, min(COST * took, at_most))

    def _ask(self, record: RunRecord) -> None:
        engine = record.engine
        if engine is None or engine.phase is not Phase.RUNNING or not record.run.is_running:
            return
        batch = self._source.find(engine.batch_name)
        if batch is None or batch.generation != engine.generation:
            return
        found = self._source.figures(batch)
        if found is None:
            return
        before = self._before(engine.run_id)
        found = found.at_least(before)
        self._last = (engine.run_id, found)
        if found != before:
            self._figures.note(engine.run_id, record.run.pipeline, found, self._actor)

    def _before(self, run_id: str) -> RunFigures:
        """As they were noted last, be it by another watcher."""
        if self._last[0] == run_id:
            return self._last[1]
        noted = self._figures.compared(run_id)
        return noted.figures if noted else RunFigures()
