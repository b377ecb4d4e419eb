"""The schedules in memory: ScheduleStore as PostgreSQL keeps it, each call one atomic step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.errors import FiredBefore
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import Run, RunRecord
from pipeline_gui.pipeline.saved import NameTaken
from pipeline_gui.pipeline.schedule import (
    Attempt,
    Awaited,
    Decided,
    Firing,
    Outcome,
    Plan,
    Running,
    Schedule,
    ScheduleState,
    Service,
    Standing,
    WhenBusy,
)

if TYPE_CHECKING:
    from tests.chaos.model.store import Database

Key = tuple[int, datetime, int]
"""A schedule, a time, and which start for it."""
_PLAN = ("cron", "every_minutes", "zone", "starts_at", "ends_at")


class MemorySchedules:
    """ScheduleStore on a database in memory."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- people's -----------------------------------------------------------------------------------------------

    def all(self) -> list[Schedule]:
        """All of them, by name."""
        return sorted(self.database.schedules.values(), key=lambda schedule: schedule.name)

    def find(self, name_key: str) -> Schedule | None:
        """The one of a name."""
        return next((found for found in self.all() if found.name.casefold() == name_key), None)

    def now(self) -> datetime:
        """The database's clock."""
        return self.database.time.now()

    def services(self) -> list[Service]:
        """Nobody asks in the model."""
        return []

    def create(self, values: dict[str, Any], actor: Actor) -> Schedule:
        """Save a new one."""
        if self.find(values["name_key"]) is not None:
            raise NameTaken("There is a schedule of this name already; choose another name.")
        now = self.now()
        made = _schedule(len(self.database.schedules) + 1, 1, values, now, now, actor)
        self.database.schedules[made.schedule_id] = made
        return made

    def replace(self, schedule_id: int, revision: int, values: dict[str, Any], actor: Actor) -> Schedule | None:
        """Change one, compare-and-set on its revision."""
        old = self.database.schedules.get(schedule_id)
        if old is None or old.revision != revision:
            return None
        now = self.now()
        new = _schedule(schedule_id, revision + 1, values, old.since, old.made_at, actor, now)
        times = [(one.plan.cron, one.plan.every_minutes, one.plan.zone, one.plan.starts_at) for one in (old, new)]
        if times[0] != times[1] or (new.is_enabled and not old.is_enabled):
            new = replace(new, since=now)
        self.database.schedules[schedule_id] = new
        return new

    def delete(self, schedule_id: int, revision: int, actor: Actor) -> bool:
        """Delete one with what became of its times."""
        old = self.database.schedules.get(schedule_id)
        if old is None or old.revision != revision:
            return False
        del self.database.schedules[schedule_id]
        for key in [key for key in self.database.firings if key[0] == schedule_id]:
            self.forget(key)
        return True

    # --- the scheduler's ----------------------------------------------------------------------------------------

    def state(self) -> ScheduleState:
        """What the scheduler decides from."""
        standings = []
        for schedule in self.all():
            mine = {key: row for key, row in self.database.firings.items() if key[0] == schedule.schedule_id}
            waiting = next((_attempt(row) for row in mine.values() if row.outcome is Outcome.WAITING), None)
            awaited = [self._awaited(row, mine.values()) for key, row in mine.items() if key in self.database.awaited]
            if schedule.is_enabled or waiting is not None or awaited:
                last_due = max((row.due for row in mine.values()), default=None)
                standings.append(Standing(schedule, last_due, waiting, awaited))
        running = next((run for run in self.database.runs.values() if run.is_running), None)
        place = Running(running.run_id, running.pipeline, running.run_id in self.database.engines) if running else None
        lease = self.database.lease
        is_watched = lease is not None and lease[1] > self.now()
        return ScheduleState(self.now(), standings, place, is_watched)

    def _awaited(self, row: Decided, others: Any) -> Awaited:
        run_id = str(row.run_id)
        nothing = RunRecord(Run(run_id, *[None] * 7), self.database.engines.get(run_id), None, False)
        later = (Outcome.STARTED, Outcome.WAITING)
        superseded = any(other.due > row.due and other.outcome in later for other in others)
        return Awaited(_attempt(row), self.database.record(run_id) or nothing, superseded)

    def decide(
        self, schedule: Schedule, due: Sequence[datetime], outcome: Outcome, sentence: str, actor: Actor
    ) -> None:
        """Record what became of times that start nothing."""
        if self._is_as(schedule) and not self._another_waits(schedule, due[0], outcome):
            for moment in due:
                self._decide((schedule.schedule_id, moment, 1), None, outcome, sentence, actor)

    def decide_retry(self, schedule: Schedule, attempt: Attempt, outcome: Outcome, sentence: str, actor: Actor) -> None:
        """Record what became of a start after a failure, compare-and-set on the run before."""
        before = (schedule.schedule_id, attempt.due, attempt.number - 1)
        if not self._is_as(schedule) or not self.awaits(before, attempt.retry_of):
            return
        if self._another_waits(schedule, attempt.due, outcome, attempt.number):
            return
        if outcome is not Outcome.WAITING:
            self.database.awaited.discard(before)
        key = (schedule.schedule_id, attempt.due, attempt.number)
        self._decide(key, attempt.retry_of, outcome, sentence, actor)

    def finish(self, schedule: Schedule, attempt: Attempt, actor: Actor) -> None:
        """Record that the run of a start ended so that nothing is started again."""
        self.database.awaited.discard((schedule.schedule_id, attempt.due, attempt.number))

    def decided(self, schedule_id: int, limit: int) -> list[Decided]:
        """What became of the last times, newest first."""
        mine = [key for key in self.database.firings if key[0] == schedule_id]
        return [self.database.firings[key] for key in sorted(mine, reverse=True)[:limit]]

    def decision(self, schedule_id: int, attempt: Attempt) -> Decided | None:
        """What became of one start."""
        return self.database.firings.get((schedule_id, attempt.due, attempt.number))

    # --- in the transaction of a run's INSERT -------------------------------------------------------------------

    def check(self, firing: Firing) -> None:
        """Raise FiredBefore unless this start of this time can be made now."""
        schedule = self.database.schedules.get(firing.schedule_id)
        row = self.database.firings.get((firing.schedule_id, firing.due, firing.number))
        before = (firing.schedule_id, firing.due, firing.number - 1)
        if (
            schedule is None
            or schedule.revision != firing.revision
            or not schedule.is_enabled
            or (firing.number > 1 and not self.awaits(before, firing.retry_of))
            or (row is not None and row.outcome is not Outcome.WAITING)
        ):
            raise FiredBefore("This time of the schedule was decided already.")

    def start(self, firing: Firing, run_id: str, actor: Actor) -> None:
        """Record that a run was started for it."""
        key = (firing.schedule_id, firing.due, firing.number)
        self.database.awaited.discard((firing.schedule_id, firing.due, firing.number - 1))
        self._record(key, firing.retry_of, Outcome.STARTED, None, actor, run_id)
        if self.database.schedules[firing.schedule_id].retries:
            self.database.awaited.add(key)

    def awaits(self, key: Key, run_id: str | None) -> bool:
        """Whether the end of that run is still to be answered."""
        return key in self.database.awaited and self.database.firings[key].run_id == run_id

    def forget(self, key: Key) -> None:
        """A row that is no more."""
        self.database.firings.pop(key, None)
        self.database.awaited.discard(key)

    # --- inside -------------------------------------------------------------------------------------------------

    def _is_as(self, schedule: Schedule) -> bool:
        now = self.database.schedules.get(schedule.schedule_id)
        return now is not None and now.revision == schedule.revision

    def _another_waits(self, schedule: Schedule, due: datetime, outcome: Outcome, number: int = 1) -> bool:
        return outcome is Outcome.WAITING and any(
            row.outcome is Outcome.WAITING and key != (schedule.schedule_id, due, number)
            for key, row in self.database.firings.items()
            if key[0] == schedule.schedule_id
        )

    def _decide(self, key: Key, retry_of: str | None, outcome: Outcome, sentence: str, actor: Actor) -> None:
        row = self.database.firings.get(key)
        if row is None or (row.outcome is Outcome.WAITING and outcome is not Outcome.WAITING):
            self._record(key, retry_of, outcome, sentence, actor)

    def _record(
        self,
        key: Key,
        retry_of: str | None,
        outcome: Outcome,
        sentence: str | None,
        actor: Actor,
        run_id: str | None = None,
    ) -> None:
        """The row, and its event by the trigger."""
        _, due, number = key
        row = Decided(due, outcome, run_id, sentence, str(actor), self.now(), number, retry_of)
        self.database.firings[key] = row
        kind = (
            "schedule gave up" if outcome is Outcome.GAVE_UP else f"{'retry' if row.is_retry else 'schedule'} {outcome}"
        )
        self.database.say(run_id or retry_of or "", kind, actor, {"due": str(due), "attempt": number})
        if run_id is not None and retry_of is not None:
            self.database.say(retry_of, "started again", actor, {"as": run_id})


def _attempt(row: Decided) -> Attempt:
    return Attempt(row.due, row.attempt, row.retry_of)


def _schedule(
    schedule_id: int,
    revision: int,
    values: dict[str, Any],
    since: datetime,
    made_at: datetime,
    actor: Actor,
    changed_at: datetime | None = None,
) -> Schedule:
    return Schedule(
        schedule_id=schedule_id,
        name=values["name"],
        revision=revision,
        configuration=values["configuration"],
        plan=Plan(*(values[key] for key in _PLAN)),
        when_busy=WhenBusy(values["when_busy"]),
        catch_up_seconds=values["catch_up_seconds"],
        retries=values["retries"],
        retry_delay_seconds=values["retry_delay_seconds"],
        is_enabled=values["is_enabled"],
        since=since,
        made_at=made_at,
        changed_by=str(actor),
        changed_at=changed_at or made_at,
    )
