"""Starting for a schedule, and saying why not: what the times of a schedule and its retries share."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.errors import FiredBefore
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import Attempt, Firing, Outcome, Running, Schedule, ScheduleStore

ON_TIME_SECONDS = 30.0
"""So late a time still counts as kept: a watcher that died is replaced within 3 s, a server restarted in some more."""

Start = Callable[[str, Firing], ActionAnswer]
"""Starts the configuration of a name for a firing. Raises FiredBefore."""


class Fired(Enum):
    """What came of trying to start."""

    DECIDED = auto()
    """It is recorded what became of it, by whoever."""
    BUSY = auto()
    """Something else runs."""
    NOT_YET = auto()
    """Spark or the database can't be asked: it is tried again until it is too late."""


class Firer:
    """Starts an attempt, or records why it starts nothing. Raises the store's errors."""

    def __init__(self, schedules: ScheduleStore, start: Start, actor: Actor) -> None:
        self._schedules = schedules
        self._start = start
        self._actor = actor

    def fire(self, schedule: Schedule, attempt: Attempt) -> Fired:
        """Start it, unless that was done or decided before."""
        firing = Firing(
            schedule.schedule_id, schedule.revision, attempt.due, schedule.name, attempt.number, attempt.retry_of
        )
        try:
            answer = self._start(schedule.configuration, firing)
        except FiredBefore:
            return Fired.DECIDED
        if answer["success"] or self._is_decided(schedule, attempt):
            return Fired.DECIDED
        match answer.get("reason"):
            case "busy":
                return Fired.BUSY
            case "unreachable" | "unconfirmed":
                return Fired.NOT_YET
        self.decide(schedule, attempt, Outcome.REFUSED, answer["message"])
        return Fired.DECIDED

    def decide(self, schedule: Schedule, attempt: Attempt, outcome: Outcome, sentence: str) -> None:
        """Record that it starts nothing, and why."""
        if attempt.number > 1:
            self._schedules.decide_retry(schedule, attempt, outcome, sentence, self._actor)
        else:
            self._schedules.decide(schedule, [attempt.due], outcome, sentence, self._actor)

    def _is_decided(self, schedule: Schedule, attempt: Attempt) -> bool:
        found = self._schedules.decision(schedule.schedule_id, attempt)
        return found is not None and found.outcome is not Outcome.WAITING


def busy_text(running: Running) -> str:
    """What holds the place, as the beginning of a sentence."""
    return f"“{running.pipeline}” ({running.run_id}) was running"


def is_void(schedule: Schedule, attempt: Attempt) -> bool:
    """Whether the schedule was paused or given other times since that time came."""
    return not schedule.is_enabled or attempt.due <= schedule.since


def is_too_late(schedule: Schedule, late_seconds: float) -> bool:
    """Whether so late it is neither in time nor made up for."""
    return late_seconds > max(ON_TIME_SECONDS, schedule.catch_up_seconds)
