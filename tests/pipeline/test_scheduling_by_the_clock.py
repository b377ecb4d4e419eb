"""The scheduler when clocks are set, on leap days, after sleep: each planned time has one row, one start at most."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.ports import NewRun
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.schedule import Firing, Schedule
from pipeline_gui.pipeline.scheduling import LOOK_SECONDS, Scheduler
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.schedules.checks import checked_schedule
from pipeline_gui.store.store import PostgresStore, open_store
from tests.pipeline.clockwork import BY, Clockwork, MovedSchedules
from tests.waiting import wait_until

MINUTES = timedelta(minutes=1)
HALF_HOURLY: list[dict[str, Any]] = [{"cron": "*/30 * * * *"}, {"every_minutes": 30}]


class Clock:
    """Two schedulers on one database, by a clock that is set; what they start is over at once."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._moved = MovedSchedules(store.schedules)
        self._schedulers = [Scheduler(self._moved, store, self._start, BY) for _ in range(2)]
        self._numbers = itertools.count(1)
        self.now = datetime.min

    def add(self, starts_at: datetime, **values: Any) -> Schedule:
        """Make a schedule whose times begin there."""
        said = {"name": "s", "configuration": "app", "starts_at": starts_at, **values}
        return self._store.schedules.create(checked_schedule(said), BY)

    def set(self, moment: datetime) -> None:
        """Set the clock of the database; both look."""
        self.now = moment
        for scheduler in self._schedulers:
            self._moved.ahead = moment + timedelta(seconds=0.2) - self._store.schedules.now()
            scheduler.turn()

    def go(self, until: datetime, step: timedelta) -> None:
        """Let time pass as it does."""
        while self.now < until:
            self.set(self.now + step)

    def rows(self, schedule: Schedule) -> list[tuple[datetime, str]]:
        """What became of each time, the earliest first; each has one row, and each start is of one."""
        decided = self._store.schedules.decided(schedule.schedule_id, 100_000)[::-1]
        assert max(Counter(one.due for one in decided).values(), default=1) == 1
        starts = sum(one.outcome.value == "started" for one in decided)
        runs = [run.run_id for run in self._store.recent(365 * 20)]
        assert len(runs) == len(set(runs)) == starts
        return [(one.due, one.outcome.value) for one in decided]

    def _start(self, configuration: str, firing: Firing) -> ActionAnswer:
        run_id = f"r-{next(self._numbers)}"
        new = NewRun(run_id, f"i.{run_id}", "x", {}, "http://spark", "g1", 10.0, firing=firing)
        self._store.insert(new, BY)
        self._store.settle(run_id, None, Ending(RunStatus.COMPLETED, gone=True), BY)
        return {"success": True, "run_id": run_id, "message": f"Started {configuration}."}


@pytest.fixture
def clock(database: str) -> Iterator[Clock]:
    store = open_store(database, application_name="tests", max_connections=1)
    yield Clock(store)
    store.close()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def started(*moments: str) -> list[tuple[datetime, str]]:
    return [(utc(moment), "started") for moment in moments]


@pytest.mark.parametrize(
    ("zone", "cron", "begin", "expected"),
    [
        # 02:30 does not come: right after the gap.
        ("Europe/Berlin", "30 2 * * *", "2027-03-27", ["2027-03-27T01:30", "2027-03-28T01:00", "2027-03-29T00:30"]),
        ("America/New_York", "30 2 * * *", "2027-03-13", ["2027-03-13T07:30", "2027-03-14T07:00", "2027-03-15T06:30"]),
        # It comes twice: the first time.
        ("Europe/Berlin", "30 2 * * *", "2027-10-30", ["2027-10-30T00:30", "2027-10-31T00:30", "2027-11-01T01:30"]),
        ("America/New_York", "30 1 * * *", "2027-11-06", ["2027-11-06T05:30", "2027-11-07T05:30", "2027-11-08T06:30"]),
    ],
)
def test_a_local_time_starts_once_a_day_also_when_it_is_left_out_or_doubled(
    clock: Clock, zone: str, cron: str, begin: str, expected: list[str]
) -> None:
    schedule = clock.add(utc(begin), cron=cron, zone=zone)
    clock.set(utc(begin))
    clock.go(utc(begin) + timedelta(days=3), 30 * MINUTES)
    assert clock.rows(schedule) == started(*expected)


@pytest.mark.parametrize("plan", HALF_HOURLY)
@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", "2027-03-28T01:00"),
        ("Europe/Berlin", "2027-10-31T01:00"),
        ("America/New_York", "2027-03-14T07:00"),
        ("America/New_York", "2027-11-07T06:00"),
    ],
)
def test_what_comes_every_half_hour_goes_by_the_time_that_passes(
    clock: Clock, plan: dict[str, Any], zone: str, change: str
) -> None:
    begin = utc(change) - timedelta(hours=2)
    schedule = clock.add(begin, zone=zone, **plan)
    clock.set(begin)
    clock.go(begin + timedelta(hours=5), 10 * MINUTES)
    assert clock.rows(schedule) == [(begin + number * 30 * MINUTES, "started") for number in range(11)]


def test_the_29th_of_february_comes_every_four_years(clock: Clock) -> None:
    schedule = clock.add(utc("2027-01-01"), cron="0 0 29 2 *", zone="Europe/Berlin")
    for year in range(2027, 2033):
        clock.set(datetime(year, 2, 26, 23, tzinfo=UTC))
        clock.go(datetime(year, 3, 2, tzinfo=UTC), timedelta(days=1))
    assert clock.rows(schedule) == started("2028-02-28T23:00", "2032-02-28T23:00")


def test_a_leap_day_is_a_day_for_what_comes_daily(clock: Clock) -> None:
    schedule = clock.add(utc("2028-02-28T06:00"), every_minutes=1440)
    clock.set(utc("2028-02-28T00:00"))
    clock.go(utc("2028-03-01T12:00"), 60 * MINUTES)
    assert clock.rows(schedule) == started("2028-02-28T06:00", "2028-02-29T06:00", "2028-03-01T06:00")


@pytest.mark.parametrize("plan", HALF_HOURLY)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_clock_that_is_set_back_starts_nothing_twice(clock: Clock, plan: dict[str, Any], zone: str) -> None:
    begin = utc("2027-06-01T10:00")
    schedule = clock.add(begin, zone=zone, **plan)
    clock.set(begin)
    clock.go(begin + 120 * MINUTES, 10 * MINUTES)
    before = clock.rows(schedule)
    clock.set(begin + 60 * MINUTES)
    clock.go(begin + 120 * MINUTES, 10 * MINUTES)
    assert clock.rows(schedule) == before
    clock.go(begin + 180 * MINUTES, 10 * MINUTES)
    assert clock.rows(schedule) == [(begin + number * 30 * MINUTES, "started") for number in range(7)]


@pytest.mark.parametrize("plan", HALF_HOURLY)
@pytest.mark.parametrize("catch_up", [0, 7200])
def test_what_a_clock_that_is_set_forward_passes_over_is_missed_or_made_up_for(
    clock: Clock, plan: dict[str, Any], catch_up: float
) -> None:
    begin = utc("2027-06-01T10:00")
    schedule = clock.add(begin, catch_up_seconds=catch_up, **plan)
    clock.set(begin + 10 * MINUTES)
    first = "started" if catch_up else "missed"
    clock.set(clock.now + 60 * MINUTES)  # 10:30 and 11:00 are passed over, by ten minutes at least
    clock.set(clock.now - 60 * MINUTES)  # and set right again
    clock.go(begin + 90 * MINUTES, 10 * MINUTES)
    assert [outcome for _, outcome in clock.rows(schedule)] == [first, "missed", first, "started"]
    assert [due for due, _ in clock.rows(schedule)] == [begin + number * 30 * MINUTES for number in range(4)]


@pytest.mark.parametrize("catch_up", [0, 3600])
def test_who_wakes_says_what_was_missed_at_once_and_starts_the_newest_where_that_is_wanted(
    clockwork: Clockwork, catch_up: float
) -> None:
    world = clockwork.world
    watcher = Watcher(world.plain_store, world.plain_spark, world.actor, clock=world.clock)
    watcher.take_on("schedules", clockwork.scheduler.turn, where=lambda lease: lease.has_schedules)
    schedule = clockwork.add(catch_up_seconds=catch_up, every_minutes=60)
    watcher.start()
    try:
        wait_until(lambda: watcher.holds_lease, 20, "the lease")
        [last] = schedule.upcoming(clockwork.schedules.state().now + timedelta(hours=7), 1)
        slept = last - clockwork.schedules.state().now + 10 * MINUTES
        clockwork.schedules.ahead += slept
        world.clock.move(slept.total_seconds())  # a clock that counts sleep
        wait_until(lambda: len(clockwork.decided(schedule)) == 8, 10, "what became of each")
        assert clockwork.outcomes(schedule) == ["missed"] * 7 + ["started" if catch_up else "missed"]
        world.clock.move(LOOK_SECONDS)
        clockwork.scheduler.turn()
        assert len(clockwork.decided(schedule)) == 8
    finally:
        watcher.close()


def test_a_database_whose_clock_alone_is_set_forward_is_seen_at_the_next_look(clockwork: Clockwork) -> None:
    world = clockwork.world
    watcher = Watcher(world.plain_store, world.plain_spark, world.actor, clock=world.clock)
    watcher.take_on("schedules", clockwork.scheduler.turn, where=lambda lease: lease.has_schedules)
    schedule = clockwork.add(every_minutes=60)
    watcher.start()
    try:
        wait_until(lambda: watcher.holds_lease, 20, "the lease")
        clockwork.move(hours=1)
        world.clock.move(LOOK_SECONDS)
        [decided] = wait_until(lambda: clockwork.decided(schedule), 10, "the next look")
        assert decided.outcome.value in ("started", "missed")
    finally:
        watcher.close()
