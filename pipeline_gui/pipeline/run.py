"""What a run is and what may happen to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline_gui.pipeline.status import Phase as Phase
from pipeline_gui.pipeline.status import RunStatus as RunStatus


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
class Run:
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


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run with what our machines know of it, read in one query."""

    run: Run
    engine: Engine | None
    """None when another program made the row: never looked up, settled or stopped by us."""
    age_seconds: float | None
    """Seconds since start_time by the database's clock."""
    watched: bool
    """Whether a process of ours holds the watcher's lease now."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The record as a face shows it: what runs, and the runs of the last days."""

    running: RunRecord | None
    recent: Sequence[Run]
    """Newest start first, null times last."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and the evidence for it."""

    status: RunStatus
    gone: bool
    """Whether the evidence says that nothing of the run lives or can come to life."""
    error_message: str | None = None
    ended_ago: float | None = None
    """Seconds before the database's now at which it ended; None: not known, so when it was noticed."""
    exit_code: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    """Goes into the event and, as a readable summary, into ``metadata``."""
    abandoned: bool = False
    """Whether a person let go of it: nothing starts it again by itself."""
