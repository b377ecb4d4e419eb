"""Where the panel reads from: asked in the pool, never on the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipeline_gui.pipeline.answers import EventAnswer, RunAnswer
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.figures import ComparedFigures
from pipeline_gui.pipeline.past_runs import PastRuns
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.run_panel.facts import RunDetails
from pipeline_gui.window.run_panel.outputs import Outputs
from pipeline_gui.window.snapshot import look_is_running


class Records(Protocol):
    """The part of the controller that knows single runs."""

    def get_run(self, run_id: str) -> RunAnswer | None:
        """One run, or None. Raises StoreUnavailable."""

    def get_run_events(self, run_id: str) -> list[EventAnswer]:
        """What happened to a run, oldest first. Raises StoreUnavailable."""


class Past(Protocol):
    """The part of the archive that knows a pipeline's past."""

    def past_runs(self, pipeline: str, limit: int) -> PastRuns:
        """The last runs of a pipeline that ended."""


class Figures(Protocol):
    """What knows how much work a run was."""

    def compared(self, run_id: str) -> ComparedFigures | None:
        """The figures of a run, and what is usual for its pipeline. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class RunSource:
    """All that the panel asks, and the way there."""

    gateway: Gateway
    records: Records
    past: Past
    outputs: Outputs
    old_rows_timezone: str | None = None
    history_server_url: str | None = None
    figures: Figures | None = None
    """Where what Spark told of runs is kept."""

    def read_details(self, run_id: str) -> RunDetails | None:
        """A run and its events; None when there is no such run. Blocks. Raises StoreUnavailable."""
        run = self.records.get_run(run_id)
        if run is None:
            return None
        is_running = look_is_running(run["status"])
        events = tuple(self.records.get_run_events(run_id))
        figures = self.figures.compared(run_id) if self.figures else None
        return RunDetails(run, events, self._ui_address(run_id, is_running), figures)

    def _ui_address(self, run_id: str, is_running: bool) -> str | None:
        if not is_running:
            return None
        try:
            return self.outputs.ui_address(run_id)
        except PipelineError:
            return None  # the banner says that Spark can't be asked; what the record knows is shown all the same
