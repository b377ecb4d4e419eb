"""The shapes of what runs come to, and of what one run's work amounts to, for the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pipeline_gui.service.model_fields import MOMENT


class Period(BaseModel):
    """The runs that ended within some days."""

    runs: int
    completed: int
    failed: int
    stopped: int
    success_rate: float | None = Field(description="completed, of those that completed or failed")
    p50: float | None = Field(description="seconds that half of the completed runs did not exceed, within 4 % or so")
    p95: float | None


class Trend(BaseModel):
    """What changed against the same number of days before."""

    runs: int
    success_rate: float | None = Field(description="by so many shares of 1 it rose")
    p50: float | None = Field(description="by this share it grew", examples=[0.25])


class StartedBy(BaseModel):
    """Who started runs."""

    who: str = Field(description="empty: another program, which does not say who", examples=["ana@ops-3"])
    runs: int


class MetricsOfPipeline(Period):
    """One pipeline."""

    pipeline: str = Field(description="empty: runs of other programs that name none")
    longest: float | None = Field(description="seconds, however that run ended")
    longest_run: str | None
    last_success: str | None = Field(description="UTC; null: not within 180 days")
    seconds_since_success: float | None
    started_by: list[StartedBy] = Field(description="the five with the most runs")
    before: Period
    trend: Trend


class MetricsDay(BaseModel):
    """One UTC day on which runs ended."""

    day: str = Field(examples=["2026-11-23"])
    runs: int
    completed: int
    failed: int
    stopped: int
    p50: float | None


class PipelineMetrics(BaseModel):
    """What the runs come to, the pipelines with the most runs first."""

    days: int
    pipelines: list[MetricsOfPipeline]
    left_out: int = Field(description="pipelines beyond the first 200")
    uncounted_days: int = Field(description="still to be counted, so that figures may be too low; ask again")
    by_day: list[MetricsDay] = Field([], description="only where one pipeline was asked for, the oldest first")


class Figures(BaseModel):
    """What Spark counted; null: not told."""

    input_bytes: int | None
    input_records: int | None
    output_bytes: int | None
    output_records: int | None
    shuffle_read_bytes: int | None
    shuffle_write_bytes: int | None
    memory_spilled_bytes: int | None
    disk_spilled_bytes: int | None
    peak_memory_bytes: int | None = Field(description="of the Java process with the highest peak, heap and beside it")
    failed_tasks: int | None
    executors: int | None = Field(description="the most at one time")


class RunFigures(BaseModel):
    """What one run's work amounts to."""

    run_id: str
    asked_at: str | None = MOMENT
    figures: Figures
    usual: Figures
    usual_of: int = Field(description="of how many completed runs usual is the median; too few: it is null")
