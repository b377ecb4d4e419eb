"""What the terminal's JSON answers of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from pipeline_gui.pipeline.answers import utc_text
from pipeline_gui.pipeline.schedule import Decided, Schedule, Service


class ScheduleAnswer(TypedDict):
    """A schedule, and its next times."""

    name: str
    configuration: str
    cron: str | None
    every_minutes: int | None
    zone: str
    starts_at: str | None
    ends_at: str | None
    when_busy: str
    catch_up_seconds: float
    retries: int
    retry_delay_seconds: float
    is_enabled: bool
    revision: int
    changed_by: str
    changed_at: str | None
    next: list[str]
    """The next times; none while it is paused."""


class DecidedAnswer(TypedDict):
    """What became of a time that was due."""

    due: str | None
    attempt: int
    """1: the time itself; more: started again after a failure."""
    outcome: str
    run_id: str | None
    retry_of: str | None
    sentence: str | None
    decided_by: str
    decided_at: str | None


class ServiceAnswer(TypedDict):
    """A process that is always on, and starts what is due."""

    actor: str
    host: str
    since: str | None


class ScheduleDetailAnswer(ScheduleAnswer):
    """A schedule, what became of its last times, newest first, and who is always there to start it."""

    decided: list[DecidedAnswer]
    services: list[ServiceAnswer]


def schedule_answer(schedule: Schedule, now: datetime) -> ScheduleAnswer:
    """A schedule, and its next five times after a moment (aware)."""
    plan = schedule.plan
    return {
        "name": schedule.name,
        "configuration": schedule.configuration,
        "cron": plan.cron,
        "every_minutes": plan.every_minutes,
        "zone": plan.zone,
        "starts_at": utc_text(plan.starts_at),
        "ends_at": utc_text(plan.ends_at),
        "when_busy": schedule.when_busy.value,
        "catch_up_seconds": schedule.catch_up_seconds,
        "retries": schedule.retries,
        "retry_delay_seconds": schedule.retry_delay_seconds,
        "is_enabled": schedule.is_enabled,
        "revision": schedule.revision,
        "changed_by": schedule.changed_by,
        "changed_at": utc_text(schedule.changed_at),
        "next": utc_texts(schedule.upcoming(now)) if schedule.is_enabled else [],
    }


def detail_answer(
    schedule: Schedule, now: datetime, decided: Sequence[Decided], services: Sequence[Service]
) -> ScheduleDetailAnswer:
    """A schedule, its next five times after a moment (aware), and what became of its last ones."""
    return {
        **schedule_answer(schedule, now),
        "decided": [decided_answer(one) for one in decided],
        "services": service_answers(services),
    }


def service_answers(services: Sequence[Service]) -> list[ServiceAnswer]:
    """Who is always on."""
    return [{"actor": one.actor, "host": one.host, "since": utc_text(one.since)} for one in services]


def decided_answer(decided: Decided) -> DecidedAnswer:
    """What became of a time that was due."""
    return {
        "due": utc_text(decided.due),
        "attempt": decided.attempt,
        "outcome": decided.outcome.value,
        "run_id": decided.run_id,
        "retry_of": decided.retry_of,
        "sentence": decided.sentence,
        "decided_by": decided.decided_by,
        "decided_at": utc_text(decided.decided_at),
    }


def utc_texts(moments: Sequence[datetime]) -> list[str]:
    """Moments as they stand in JSON."""
    return [str(utc_text(moment)) for moment in moments]
