"""The shapes of requests and answers, for the OpenAPI document; a test holds them to what the controller answers.

Nothing is validated by them on the way: the domain says better what is wrong, and the answers are its own.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Reason = Literal["busy", "invalid", "refused", "unreachable", "idle", "unconfirmed"]
_MOMENT = Field(description="UTC", examples=["2026-11-23T16:01:22.123456Z"])


class Contact(BaseModel):
    """Whether a server can be reached."""

    reachable: bool | None = Field(description="null: not asked yet")
    since: str | None = _MOMENT
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


class Status(BaseModel):
    """The state of now."""

    is_running: bool | None = Field(description="null: not known, since the database can't be asked")
    run_id: str | None
    status: str | None = Field(description="running, unknown, or null while nothing runs")
    phase: str | None = Field(description="starting, running, stopping, lost_contact")
    sentence: str = Field(description="the state in words")
    pipeline: str | None
    started_by: str | None
    start_time: str | None = _MOMENT
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
    start_time: str | None = _MOMENT
    end_time: str | None = _MOMENT
    duration: float | None = Field(description="seconds; of a running run up to now")
    error_message: str | None
    metadata: dict[str, Any] | None


class Runs(BaseModel):
    """A page of the history, newest start first."""

    runs: list[Run]
    next: str | None = Field(description="the cursor of the next page; null: there is none")


class Event(BaseModel):
    """One event of a run."""

    at: str | None = _MOMENT
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


class ConfigurationEntry(BaseModel):
    """A configuration in a list."""

    name: str
    sample: bool = Field(description="it came with the program, and nobody changes it")
    description: str | None
    revision: int | None = Field(description="counts the changes; null for a sample")
    changed_by: str | None
    changed_at: str | None = _MOMENT


class Configurations(BaseModel):
    """What can be started by name: the saved ones, then the samples."""

    configurations: list[str]
    entries: list[ConfigurationEntry]


class Configuration(ConfigurationEntry):
    """One of them, whole."""

    configuration: dict[str, Any]
    command: str | None = Field(description="as spark-submit, secrets redacted; null: it can't be started as it is")


class Schedule(BaseModel):
    """When a configuration starts by itself."""

    name: str
    configuration: str
    cron: str | None = Field(description="minute, hour, day, month, weekday, read in the zone")
    every_minutes: int | None
    zone: str
    starts_at: str | None = _MOMENT
    ends_at: str | None = _MOMENT
    when_busy: Literal["skip", "wait", "replace"]
    catch_up_seconds: float = Field(description="so late a missed time is made up for, once; 0: never")
    retries: int = Field(description="how often a run that failed is started again")
    retry_delay_seconds: float = Field(description="so long after the end of the run that failed")
    is_enabled: bool
    revision: int
    changed_by: str
    changed_at: str | None = _MOMENT
    next: list[str] = Field(description="its next five times; none while it is paused")


class AlwaysOn(BaseModel):
    """A process that is always on, and starts what is due."""

    actor: str
    host: str
    since: str | None = _MOMENT


_SERVICES = Field(description="who is always there to start what is due; none: it starts while some window is open")


class Schedules(BaseModel):
    """All of them, by name."""

    schedules: list[Schedule]
    services: list[AlwaysOn] = _SERVICES


class ScheduleTimes(BaseModel):
    """When a schedule that is not saved yet would start."""

    next: list[str] = Field(description="its next five times; fewer where it ends before, none where it is never due")


class Decided(BaseModel):
    """What became of a time that was due."""

    due: str | None = _MOMENT
    attempt: int = Field(description="1: the time itself; more: a start after a run that failed")
    outcome: Literal["started", "waiting", "skipped", "missed", "refused", "gave_up"]
    run_id: str | None
    retry_of: str | None = Field(description="the run that failed before")
    sentence: str | None
    decided_by: str
    decided_at: str | None = _MOMENT


class ScheduleDetail(Schedule):
    """A schedule, and what became of its last hundred times, newest first."""

    decided: list[Decided]
    services: list[AlwaysOn] = _SERVICES


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
    asked_at: str | None = _MOMENT
    figures: Figures
    usual: Figures
    usual_of: int = Field(description="of how many completed runs usual is the median; too few: it is null")


class FieldChange(BaseModel):
    """What somebody changed in one field."""

    field: str = Field(examples=["driver_memory", "conf.spark.sql.shuffle.partitions"])
    before: str
    after: str
    changed_by: str
    changed_at: str | None = _MOMENT


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


class ConfigurationBody(BaseModel):
    """What to run. A value of conf may refer to a secret that the Spark command server knows: ${secret:NAME}."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"file": "/srv/pipelines/flights.py", "driver_memory": "2g"}]},
    )

    file: str | None = Field(None, description="the application, as the Spark server sees it: a path or a URI")
    name: str | None = Field(None, max_length=200, description="what people call it")
    class_name: str | None = None
    args: list[str | float | int | bool] | None = Field(None, max_length=1000)
    conf: dict[str, str | float | int | bool] | None = Field(None, description="Spark properties")
    py_files: list[str] | None = Field(None, max_length=1000)
    jars: list[str] | None = Field(None, max_length=1000)
    files: list[str] | None = Field(None, max_length=1000)
    archives: list[str] | None = Field(None, max_length=1000)
    driver_memory: str | None = Field(None, examples=["2g"])
    driver_cores: int | None = Field(None, ge=1, le=1_000_000)
    executor_memory: str | None = Field(None, examples=["4g"])
    executor_cores: int | None = Field(None, ge=1, le=1_000_000)
    num_executors: int | None = Field(None, ge=1, le=1_000_000)
    queue: str | None = None
    proxy_user: str | None = None
    description: str | None = None
    grace_seconds: float | None = Field(None, ge=0, le=1800, description="for the driver to end by itself on a stop")
    timeout_seconds: float | None = Field(
        None, ge=1, le=31_536_000, description="how long a run may last; then it is stopped"
    )


class ScheduleBody(BaseModel):
    """When a configuration starts by itself: cron, or every_minutes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "nightly", "configuration": "flights", "cron": "0 2 * * *", "zone": "Europe/Berlin"},
                {"name": "hourly", "configuration": "flights", "every_minutes": 60, "retries": 3},
            ]
        },
    )

    name: str | None = Field(None, max_length=200)
    configuration: str | None = Field(None, max_length=200, description="the name of a saved one or of a sample")
    cron: str | None = Field(None, max_length=200, description="minute, hour, day, month, weekday, read in the zone")
    every_minutes: int | None = Field(None, ge=1, le=525_600)
    zone: str | None = Field(None, description="in which cron is read", examples=["Europe/Berlin"])
    starts_at: str | None = Field(None, description="a date or a moment; without an offset in its zone")
    ends_at: str | None = Field(None, description="a date or a moment; without an offset in its zone")
    when_busy: Literal["skip", "wait", "replace"] | None = Field(None, description="what to do while a pipeline runs")
    catch_up_seconds: float | None = Field(None, ge=0, le=31_536_000)
    retries: int | None = Field(None, ge=0, le=100, description="how often a run that failed is started again")
    retry_delay_seconds: float | None = Field(None, ge=0, le=86_400)
    is_enabled: bool | None = Field(None, description="false: nothing starts by it")


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
