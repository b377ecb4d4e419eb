"""What a run is, as the record has it.

Tuples with names: a window makes these classes before it shows anything, and a dataclass takes five times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline_gui.pipeline.status import Phase as Phase
from pipeline_gui.pipeline.status import RunStatus as RunStatus

if TYPE_CHECKING:
    from pipeline_gui.pipeline.engine import Engine


class Run(NamedTuple):
    """A row of ``pipeline_runs`` as it is; ``status`` may hold what another program wrote."""

    run_id: str
    command: str | None
    status: str | None
    start_time: datetime | None
    """Aware, UTC."""
    end_time: datetime | None
    """Aware, UTC."""
    duration: float | None
    """Seconds; of a running run up to now, by the database's clock."""
    error_message: str | None
    metadata: dict[str, Any] | None

    @property
    def is_running(self) -> bool:
        """Whether the row holds the single place, spelled as the database's index reads it."""
        return (self.status or "").strip(" ").lower() == RunStatus.RUNNING

    @property
    def pipeline(self) -> str:
        """The name of the pipeline for people, or the run's id where the row does not say it."""
        configuration = (self.metadata or {}).get("configuration")
        name = configuration.get("name") if isinstance(configuration, dict) else None
        return name if isinstance(name, str) and name else self.run_id


class RunRecord(NamedTuple):
    """A run with what our machines know of it, read in one query."""

    run: Run
    engine: Engine | None
    """None when another program made the row: never looked up, settled or stopped by us."""
    age_seconds: float | None
    """Seconds since start_time by the database's clock."""
    watched: bool
    """Whether a process of ours holds the watcher's lease now."""


class Overview(NamedTuple):
    """The record as a face shows it: what runs, and the runs of the last days."""

    running: RunRecord | None
    recent: Sequence[Run]
    """Newest start first, null times last."""
