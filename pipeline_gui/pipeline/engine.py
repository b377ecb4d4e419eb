"""What our machines know of a run of ours.

Apart from the runs themselves: where nothing of ours runs, the first rows of a window are shown without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline_gui.pipeline.status import Phase


@dataclass(frozen=True, slots=True)
class Progress:
    """What Spark's own UI API says of the work done: the tasks of the current job, or the rates of a stream."""

    job_id: int | None = None
    job_description: str | None = None
    tasks_completed: int | None = None
    tasks_total: int | None = None
    """Tasks of the current job, without the skipped ones; later jobs are not known yet."""
    input_rows_per_second: float | None = None
    processed_rows_per_second: float | None = None
    batch_number: int | None = None
    """The micro-batch that a structured stream is at."""
    batch_seconds: float | None = None
    """How long its last micro-batch took."""

    def sentence(self) -> str:
        """The progress in words, as windows and terminals show it."""
        parts: list[str] = []
        if self.batch_number is not None:
            parts.append(f"stream batch {self.batch_number}")
            if self.input_rows_per_second is not None:
                parts.append(f"{self.input_rows_per_second:,.0f} rows/s in")
            if self.processed_rows_per_second is not None:
                parts.append(f"{self.processed_rows_per_second:,.0f} rows/s processed")
            if self.batch_seconds is not None:
                parts.append(f"{self.batch_seconds:,.1f} s a batch")
        elif self.job_id is not None:
            parts.append(f"job {self.job_id}")
            if self.tasks_total is not None:
                parts.append(f"{self.tasks_completed or 0} of {self.tasks_total} tasks")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Engine:
    """What our machines decide from: a row of ``pipeline_run_engine``."""

    run_id: str
    rev: int
    """Grows with each change of the run by us; every decision is a compare-and-set on it."""
    phase: Phase
    spark_url: str
    generation: str | None
    """The Spark server's generation when the run was submitted; None on a Livy that has none."""
    batch_id: int | None
    application_id: str | None
    grace_seconds: float
    """How long the driver may take to end by itself after a stop, in seconds."""
    stop_requested_at: datetime | None
    stop_requested_by: str | None
    unclear: bool
    """The starter wrote that it does not know whether its request was carried out."""
    contact_lost_at: datetime | None
    gone: bool
    """Evidence is recorded that nothing of the run lives or can come to life."""
    progress: Progress | None
    timeout_seconds: float | None = None
    """How long the run may last before it is stopped, in seconds; None: no limit."""
    stop_reason: str | None = None
    """Why it is to be stopped, in a sentence, where no person asked for it."""
    abandoned: bool = False
    """A person let go of it."""
    batch_name: str = ""
    """The name under which Spark knows the run: ``INSTALLATION.RUN_ID``."""

    @property
    def stop_requested(self) -> bool:
        """Whether a stop was recorded, by whoever."""
        return self.stop_requested_at is not None
