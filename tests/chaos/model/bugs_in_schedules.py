"""Bugs of schedules: what the scheduler and its store promise and do not hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pipeline_gui.pipeline.errors import FiredBefore
from pipeline_gui.pipeline.ports import Actor, Inserted, NewRun
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.schedule import Attempt, Awaited, Firing, Outcome, Running, Schedule, ScheduleState
from pipeline_gui.pipeline.scheduling import Scheduler
from tests.chaos.model.schedules import MemorySchedules
from tests.chaos.model.store import Database, MemoryStore


class FiresBesideTheRun(MemoryStore):
    """The time is recorded in a commit of its own, after the run's."""

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        inserted = super().insert(replace(new, firing=None), actor)
        self.pause()
        if new.firing is not None:
            self._note(new.firing, new.run_id, actor)
        return inserted

    def _note(self, firing: Firing, run_id: str, actor: Actor) -> None:
        try:
            self.schedules.check(firing)
        except FiredBefore:
            return
        self.schedules.start(firing, run_id, actor)


class _AnyStartIsTheFirst(MemorySchedules):
    def check(self, firing: Firing) -> None:
        schedule = self.database.schedules.get(firing.schedule_id)
        if schedule is None or not schedule.is_enabled:
            raise FiredBefore("It was paused.")


class FiresWithoutCompare(MemoryStore):
    """Whether the time was decided, or the run before answered, is not looked at."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.schedules = _AnyStartIsTheFirst(database)


def every_end_is_a_failure(record: RunRecord) -> bool:
    return True


def only_what_a_person_left_alone(record: RunRecord) -> bool:
    return record.run.status in ("failed", "stopped")


def misses_without_a_word(self: Scheduler, schedule: Schedule, due: list[datetime], now: datetime) -> None:
    return None


def never_answers(self: Any, schedule: Schedule, awaited: Awaited, state: ScheduleState) -> float:
    return 10.0


def waits_for_ever(self: Scheduler, schedule: Schedule, waiting: Attempt, running: Running | None) -> bool:
    return False


def always_replaces(self: Scheduler, schedule: Schedule, attempt: Attempt, running: Running) -> bool:
    self._runs.request_stop(running.run_id, None, self._actor, "It is in the way.")
    self._firer.decide(schedule, attempt, Outcome.WAITING, "Something was running.")
    return False
