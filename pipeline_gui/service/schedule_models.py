"""The shapes of what is asked and answered of schedules, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline_gui.service.model_fields import MOMENT


class Schedule(BaseModel):
    """When a configuration starts by itself."""

    name: str
    configuration: str
    cron: str | None = Field(description="minute, hour, day, month, weekday, read in the zone")
    every_minutes: int | None
    zone: str
    starts_at: str | None = MOMENT
    ends_at: str | None = MOMENT
    when_busy: Literal["skip", "wait", "replace"]
    catch_up_seconds: float = Field(description="so late a missed time is made up for, once; 0: never")
    retries: int = Field(description="how often a run that failed is started again")
    retry_delay_seconds: float = Field(description="so long after the end of the run that failed")
    is_enabled: bool
    revision: int
    changed_by: str
    changed_at: str | None = MOMENT
    next: list[str] = Field(description="its next five times; none while it is paused")


class AlwaysOn(BaseModel):
    """A process that is always on, and starts what is due."""

    actor: str
    host: str
    since: str | None = MOMENT


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

    due: str | None = MOMENT
    attempt: int = Field(description="1: the time itself; more: a start after a run that failed")
    outcome: Literal["started", "waiting", "skipped", "missed", "refused", "gave_up"]
    run_id: str | None
    retry_of: str | None = Field(description="the run that failed before")
    sentence: str | None
    decided_by: str
    decided_at: str | None = MOMENT


class ScheduleDetail(Schedule):
    """A schedule, and what became of its last hundred times, newest first."""

    decided: list[Decided]
    services: list[AlwaysOn] = _SERVICES


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
