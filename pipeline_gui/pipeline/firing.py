"""Starting for a schedule, and saying why not: what the times of a schedule and its retries share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.errors import FiredBefore
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import Attempt, Firing, Outcome, Running, Schedule, ScheduleStore

ON_TIME_SECONDS = 30.0
"""So late a time still counts as kept: a watcher that died is replaced within 3 s, a server restarted in some more."""

SOON, CUT_OFF = 1.0, 5.0
"""Seconds until what could not be started is tried again; and where Spark must answer first, until it may be missed."""

WHAT_IT_TAKES = "A program has to be open, with the database and Spark in reach."

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


_Start = tuple[int, datetime, int]
"""A schedule, a time of it, and which start for that time."""


class Firer:
    """Starts an attempt, or records why it starts nothing. Raises the store's errors."""

    def __init__(self, schedules: ScheduleStore, start: Start, actor: Actor) -> None:
        self._schedules = schedules
        self._start = start
        self._actor = actor
        self._silence: str | None = None
        self._obstacles: dict[_Start, str] = {}
        """What stood in the way of starts, in a sentence: in this turn, and in the one before."""
        self._earlier_obstacles: dict[_Start, str] = {}

    def begin_turn(self, silence: str | None) -> None:
        """Each turn tries anew; silence: why Spark can't be asked, so that nothing is tried."""
        self._silence = silence
        self._earlier_obstacles, self._obstacles = self._obstacles, {}

    @property
    def may_start(self) -> bool:
        """Whether anything can be started in this turn."""
        return self._silence is None

    @property
    def pause(self) -> float:
        """Seconds until what could not be started now is looked at again."""
        return SOON if self.may_start else CUT_OFF

    def fire(self, schedule: Schedule, attempt: Attempt) -> Fired:
        """Start it, unless that was done or decided before."""
        if self._silence is not None:
            return self._not_yet(schedule, attempt, self._silence)
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
                return self._not_yet(schedule, attempt, answer["message"])
        self.decide(schedule, attempt, Outcome.REFUSED, answer["message"])
        return Fired.DECIDED

    def decide(self, schedule: Schedule, attempt: Attempt, outcome: Outcome, sentence: str) -> None:
        """Record that it starts nothing, and why."""
        if attempt.number > 1:
            self._schedules.decide_retry(schedule, attempt, outcome, sentence, self._actor)
        else:
            self._schedules.decide(schedule, [attempt.due], outcome, sentence, self._actor)

    def obstacle(self, schedule: Schedule, attempt: Attempt) -> str | None:
        """What stood in its way when it was last tried here, in a sentence; None: it was not."""
        start = _start(schedule, attempt)
        return self._obstacles.get(start, self._earlier_obstacles.get(start))

    def _not_yet(self, schedule: Schedule, attempt: Attempt, sentence: str) -> Fired:
        self._obstacles[_start(schedule, attempt)] = sentence
        return Fired.NOT_YET

    def _is_decided(self, schedule: Schedule, attempt: Attempt) -> bool:
        found = self._schedules.decision(schedule.schedule_id, attempt)
        return found is not None and found.outcome is not Outcome.WAITING


def _start(schedule: Schedule, attempt: Attempt) -> _Start:
    return schedule.schedule_id, attempt.due, attempt.number


def busy_text(running: Running) -> str:
    """What holds the place, as the beginning of a sentence."""
    return f"“{running.pipeline}” ({running.run_id}) was running"


def is_void(schedule: Schedule, attempt: Attempt) -> bool:
    """Whether the schedule was paused or given other times since that time came."""
    return not schedule.is_enabled or attempt.due <= schedule.since


def is_too_late(schedule: Schedule, late_seconds: float) -> bool:
    """Whether so late it is neither in time nor made up for."""
    return late_seconds > max(ON_TIME_SECONDS, schedule.catch_up_seconds)
