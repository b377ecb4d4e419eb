"""The shapes of requests and answers, for the OpenAPI document; a test holds them to what the controller answers.

Nothing is validated by them on the way: the domain says better what is wrong, and the answers are its own.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline_gui.service.configuration_models import (
    Configuration,
    ConfigurationBody,
    ConfigurationEntry,
    Configurations,
    FieldChange,
)
from pipeline_gui.service.metrics_models import (
    Figures,
    MetricsDay,
    MetricsOfPipeline,
    Period,
    PipelineMetrics,
    RunFigures,
    StartedBy,
    Trend,
)
from pipeline_gui.service.model_fields import MOMENT
from pipeline_gui.service.schedule_models import (
    AlwaysOn,
    Decided,
    Schedule,
    ScheduleBody,
    ScheduleDetail,
    Schedules,
    ScheduleTimes,
)

__all__ = [
    "AlwaysOn",
    "Configuration",
    "ConfigurationBody",
    "ConfigurationEntry",
    "Configurations",
    "Contact",
    "Decided",
    "Event",
    "Events",
    "FieldChange",
    "FieldError",
    "Figures",
    "Liveness",
    "Log",
    "MetricsDay",
    "MetricsOfPipeline",
    "Period",
    "PipelineMetrics",
    "ProblemBody",
    "Progress",
    "Readiness",
    "Reason",
    "Run",
    "RunFigures",
    "Runs",
    "Schedule",
    "ScheduleBody",
    "ScheduleDetail",
    "ScheduleTimes",
    "Schedules",
    "StartBody",
    "Started",
    "StartedBy",
    "Status",
    "StopBody",
    "Stopped",
    "Trend",
]

Reason = Literal["busy", "invalid", "refused", "unreachable", "idle", "unconfirmed"]


class Contact(BaseModel):
    """Whether a server can be reached."""

    reachable: bool | None = Field(description="null: not asked yet")
    since: str | None = MOMENT
    reason: str | None


class Progress(BaseModel):
    """The work done so far, as Spark's own UI says it."""

    text: str = Field(examples=["job 3 · 124 of 200 tasks"])
    job_id: int = 0
    job_description: str = ""
    tasks_completed: int = 0
    tasks_total: int = 0
    batch_number: int = 0
    input_rows_per_second: float = 0
    processed_rows_per_second: float = 0
    batch_seconds: float = Field(0, description="how long the last micro-batch of a stream took")


class Status(BaseModel):
    """The state of now."""

    is_running: bool | None = Field(description="null: not known, since the database can't be asked")
    run_id: str | None
    status: str | None = Field(description="running, unknown, or null while nothing runs")
    phase: str | None = Field(description="starting, running, stopping, lost_contact")
    sentence: str = Field(description="the state in words")
    pipeline: str | None
    started_by: str | None
    start_time: str | None = MOMENT
    duration: float | None = Field(description="seconds, by the database's clock")
    stop_requested_by: str | None
    application_id: str | None
    ours: bool | None = Field(description="false: another program's run, which it alone can stop")
    progress: Progress | None
    database: Contact
    spark: Contact


class Run(BaseModel):
    """A row of the history, under the table's column names."""

    run_id: str
    command: str | None = Field(description="the spark-submit command that a person could run, secrets redacted")
    status: str | None = Field(description="running, completed, failed, stopped; other programs may write others")
    start_time: str | None = MOMENT
    end_time: str | None = MOMENT
    duration: float | None = Field(description="seconds; of a running run up to now")
    error_message: str | None
    metadata: dict[str, Any] | None


class Runs(BaseModel):
    """A page of the history, newest start first."""

    runs: list[Run]
    next: str | None = Field(description="the cursor of the next page; null: there is none")


class Event(BaseModel):
    """One event of a run."""

    at: str | None = MOMENT
    kind: str = Field(examples=["recorded", "stop requested", "status changed"])
    actor: str | None = Field(description="who", examples=["ana@10.0.0.7"])
    via: str | None = Field(description="window, terminal, service, watcher, keeper, or another program's name")
    old_status: str | None
    new_status: str | None
    detail: dict[str, Any]


class Events(BaseModel):
    """What happened to a run, oldest first."""

    run_id: str
    events: list[Event]


class Log(BaseModel):
    """Lines of a run's log."""

    run_id: str
    start: int = Field(description="the index of the first line")
    total: int = Field(description="how many lines there are by now")
    lines: list[str]


class Started(BaseModel):
    """A start that was carried out."""

    success: Literal[True]
    run_id: str
    message: str
    status: str = Field(default="running", description="as recorded by now")
    repeated: bool = Field(default=False, description="the key was used before, and this is that run")
    run: Run | None


class Stopped(BaseModel):
    """What became of a stop."""

    success: bool
    run_id: str | None
    message: str
    status: str = Field(default="stopped", description="as recorded by now; an end of its own is its true end")
    reason: Reason = Field(default="unconfirmed", description="only where success is false")


class StartBody(ConfigurationBody):
    """A configuration; or the name of one, and what is to be different this time."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"configuration": "flights"},
                {"file": "/srv/pipelines/flights.py", "args": ["--year", "2013"], "driver_memory": "2g"},
            ]
        },
    )

    configuration: str | None = Field(None, description="the name of a saved one or of a sample")
    again: str | None = Field(None, description="the id of a run: what it was started with")


class StopBody(BaseModel):
    """Which run is meant, and how much time its driver has."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"run_id": "flights-1f3a5c"}]})

    run_id: str | None = Field(None, min_length=1, max_length=255, description="none: whichever runs at this moment")
    grace_seconds: float | None = Field(None, ge=0, le=1800, description="0 kills at once; none: the run's own")


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    detail: str


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:pipeline-gui:problem:busy"])
    title: str = Field(examples=["Conflict"])
    status: int
    detail: str = Field(
        description="a sentence for people", examples=["A pipeline is already running (flights-1f3a5c)."]
    )
    code: str = Field(description="for programs; it does not change", examples=["busy"])
    run_id: str = Field("", description="the run that it is about, where there is one")
    field: str = Field("", description="the field that is wrong, where it is one")
    errors: list[FieldError] = []
    revision: int | None = Field(None, description="of a configuration that was changed meanwhile: the one of now")
    changes: list[FieldChange] = Field([], description="and what was changed in it")


class Liveness(BaseModel):
    """The service is alive."""

    status: Literal["alive", "dead"]


class Readiness(BaseModel):
    """Whether a pipeline could be started, and why not."""

    ready: bool
    reasons: list[str] = Field(description="sentences; only for those who are known")
    failing: list[Literal["database", "spark", "watcher", "draining"]]
