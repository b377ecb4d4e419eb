"""Schedules: when a configuration starts by itself, and what became of each time that was due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import RunRecord


class WhenBusy(StrEnum):
    """What happens to a time that comes while a pipeline runs."""

    SKIP = "skip"
    WAIT = "wait"
    """One place in line: a second time of the schedule that comes meanwhile is skipped."""
    REPLACE = "replace"
    """What runs is stopped, then it starts."""


class Outcome(StrEnum):
    """What became of a time that was due, or of a start after a failure."""

    STARTED = "started"
    WAITING = "waiting"
    SKIPPED = "skipped"
    MISSED = "missed"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    """Its run failed, and so did those that were started again for it, as often as that is done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The times of a schedule: either by cron in a zone, or every so many minutes."""

    cron: str | None = None
    """Five fields, as Debian's cron reads them, with its rules for the hour that is left out or comes twice."""
    every_minutes: int | None = None
    """Counted from starts_at, else from the minute in which the schedule was made; whatever clocks are set to."""
    zone: str = "UTC"
    starts_at: datetime | None = None
    """Aware; the first moment that counts."""
    ends_at: datetime | None = None
    """Aware; the last one."""

    def after(self, moment: datetime, made_at: datetime) -> Iterator[datetime]:
        """Every time after a moment (aware), ascending, in UTC; without an end where there is none."""
        if self.starts_at is not None and self.starts_at > moment:
            moment = self.starts_at - timedelta(microseconds=1)
        times = self._by_cron(moment) if self.cron is not None else self._by_minutes(moment, made_at)
        return _until_dates_end(times if self.ends_at is None else takewhile(lambda time: time <= self._end, times))

    @property
    def _end(self) -> datetime:
        return self.ends_at or datetime.max.replace(tzinfo=UTC)

    def _by_cron(self, moment: datetime) -> Iterator[datetime]:
        from cronsim import CronSim  # only where there are such times

        last = moment
        for local in CronSim(str(self.cron), moment.astimezone(ZoneInfo(self.zone))):
            time = local.astimezone(UTC)
            # Where clocks are set back, local times repeat; where they are set forward, two may fall together.
            if time > last:
                last = time
                yield time

    def _by_minutes(self, moment: datetime, made_at: datetime) -> Iterator[datetime]:
        step = timedelta(minutes=self.every_minutes or 1)
        first = self.starts_at or made_at.replace(second=0, microsecond=0)
        number = max(0, (moment - first) // step + 1)
        while True:
            yield (first + number * step).astimezone(UTC)
            number += 1


def _until_dates_end(times: Iterator[datetime]) -> Iterator[datetime]:
    """Python has no date after the year 9999; one who asks for what comes then must not end everybody's schedules."""
    with suppress(OverflowError):
        yield from times


@dataclass(frozen=True, slots=True)
class Schedule:
    """A saved schedule in its present revision."""

    schedule_id: int
    name: str
    revision: int
    configuration: str
    """The name of a saved configuration or of a sample."""
    plan: Plan
    when_busy: WhenBusy
    catch_up_seconds: float
    """So late a time that was missed is made up for, once; 0: never."""
    retries: int
    """How often a run of it that failed is started again."""
    retry_delay_seconds: float
    """So long after the end of the run before."""
    is_enabled: bool
    since: datetime
    """What was due until then is no business of it."""
    made_at: datetime
    changed_by: str
    changed_at: datetime | None

    def times_after(self, moment: datetime) -> Iterator[datetime]:
        """Its times after a moment (aware), whether it is enabled or not."""
        return self.plan.after(moment, self.made_at)

    def upcoming(self, moment: datetime, count: int = 5) -> list[datetime]:
        """The next times after a moment."""
        return list(islice(self.times_after(moment), count))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A start for a time that was due: the first one, or one after a run that failed."""

    due: datetime
    number: int = 1
    retry_of: str | None = None
    """The run before; None for the first."""

    def after(self, run_id: str) -> Attempt:
        """The one that follows when the run of this one failed."""
        return Attempt(self.due, self.number + 1, run_id)


@dataclass(frozen=True, slots=True)
class Firing:
    """A time of a schedule that is to start a run; recorded with the run, or neither is."""

    schedule_id: int
    revision: int
    """Of the schedule, as it was read."""
    due: datetime
    schedule_name: str
    number: int = 1
    """Which start for this time it is."""
    retry_of: str | None = None
    """The run before, whose end nobody may have answered yet."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one time, or of a start after a failure."""

    due: datetime
    outcome: Outcome
    run_id: str | None
    sentence: str | None
    decided_by: str
    decided_at: datetime | None
    attempt: int = 1
    retry_of: str | None = None
    """The run that failed before."""

    @property
    def is_retry(self) -> bool:
        """Whether it is one more start, or the reason why there was none."""
        return self.attempt > 1 and self.outcome is not Outcome.GAVE_UP


@dataclass(frozen=True, slots=True)
class Awaited:
    """A start whose run's end is still to be answered: it is started again, or it is not."""

    attempt: Attempt
    record: RunRecord
    is_superseded: bool
    """Whether a later time of the schedule has started, or waits."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A schedule, and how far it has come."""

    schedule: Schedule
    last_due: datetime | None
    """The newest time that was decided; every earlier one was, too."""
    waiting: Attempt | None
    """What waits in line."""
    awaited: Sequence[Awaited] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """What holds the single place."""

    run_id: str
    pipeline: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What the scheduler decides from, read at one go."""

    now: datetime
    """By the database's clock."""
    standings: Sequence[Standing]
    """Of what is enabled, waits, or awaits an end."""
    running: Running | None
    is_watched: bool
    """Whether any process holds the watcher's lease."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process that is always on, and watches: “pipeline-gui serve”."""

    actor: str
    host: str
    since: datetime


class ScheduleStore(Protocol):
    """Where schedules are kept. Calls have deadlines; raise StoreUnavailable, StoreUnclear (writes), StoreRefused."""

    def all(self) -> list[Schedule]:
        """All of them, by name."""

    def find(self, name_key: str) -> Schedule | None:
        """The one of a name."""

    def now(self) -> datetime:
        """The database's clock."""

    def services(self) -> list[Service]:
        """The processes that are always on and watch, the oldest first."""

    def state(self) -> ScheduleState:
        """What the scheduler decides from."""

    def create(self, values: dict[str, Any], actor: Actor) -> Schedule:
        """Save a new one. Raises NameTaken."""

    def replace(self, schedule_id: int, revision: int, values: dict[str, Any], actor: Actor) -> Schedule | None:
        """Change one, compare-and-set on its revision; None when it was lost. Raises NameTaken."""

    def delete(self, schedule_id: int, revision: int, actor: Actor) -> bool:
        """Delete one with what became of its times, compare-and-set on its revision; the events stay."""

    def decide(
        self, schedule: Schedule, due: Sequence[datetime], outcome: Outcome, sentence: str, actor: Actor
    ) -> None:
        """Record what became of times that start nothing; a time that was decided already stays as it is."""

    def decide_retry(self, schedule: Schedule, attempt: Attempt, outcome: Outcome, sentence: str, actor: Actor) -> None:
        """Record what became of a start after a failure, compare-and-set on the run before."""

    def finish(self, schedule: Schedule, attempt: Attempt, actor: Actor) -> None:
        """Record that the run of a start ended so that nothing is started again."""

    def decided(self, schedule_id: int, limit: int) -> list[Decided]:
        """What became of the last times, newest first."""

    def decision(self, schedule_id: int, attempt: Attempt) -> Decided | None:
        """What became of one start."""
