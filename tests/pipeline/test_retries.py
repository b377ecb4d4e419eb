"""Retries of a schedule, on a real database and command server; the tests own the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pipeline_gui.pipeline.errors import StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.schedule import Decided, Outcome, Schedule
from pipeline_gui.pipeline.scheduling import LOOK_SECONDS, Scheduler
from pipeline_gui.schedules.checks import checked_schedule
from tests.pipeline.clockwork import Clockwork
from tests.pipeline.conftest import World
from tests.pipeline.faults import raising

FAILS = "raise ValueError('no such column')"
HOURLY = {"every_minutes": 60, "retries": 2, "retry_delay_seconds": 60}


@pytest.fixture
def failing(clockwork: Clockwork) -> Clockwork:
    """What is started fails."""
    clockwork.source = FAILS
    return clockwork


def fired(clockwork: Clockwork, **values: object) -> tuple[Schedule, str]:
    """A schedule that has just started its first run, and the run."""
    schedule = clockwork.add(**{**HOURLY, **values})
    clockwork.turn_when_due()
    return schedule, str(clockwork.decided(schedule)[-1].run_id)


def ended(clockwork: Clockwork, **values: object) -> tuple[Schedule, str]:
    """The same, and the run has ended."""
    schedule, run_id = fired(clockwork, **values)
    clockwork.end_of(run_id)
    return schedule, run_id


def starts(clockwork: Clockwork, schedule: Schedule) -> list[tuple[int, str]]:
    """What became of each start, oldest first."""
    return [(one.attempt, one.outcome.value) for one in clockwork.decided(schedule)]


def last(clockwork: Clockwork, schedule: Schedule) -> Decided:
    """What became of the last one."""
    return clockwork.decided(schedule)[-1]


def run_of(clockwork: Clockwork, run_id: str | None) -> RunRecord:
    """A run as it is recorded."""
    return clockwork.world.record(str(run_id))


def is_at_rest(clockwork: Clockwork) -> bool:
    """Whether no end is to be answered any more."""
    return not any(standing.awaited for standing in clockwork.plain.state().standings)


def change(clockwork: Clockwork, schedule: Schedule, **values: object) -> None:
    """Somebody changes the schedule."""
    values = {"name": "Minutely", "configuration": "app", **HOURLY, **values}
    assert clockwork.plain.replace(schedule.schedule_id, 1, checked_schedule(values), clockwork.world.actor)


def test_a_run_that_failed_is_started_again_after_the_delay_and_at_last_given_up(failing: Clockwork) -> None:
    schedule, first = ended(failing)
    assert 59 < failing.scheduler._retries.attend(
        schedule, failing.schedules.state().standings[0].awaited[0], failing.schedules.state()
    ) <= 60  # fmt: skip
    assert failing.scheduler.turn() == LOOK_SECONDS
    failing.move(seconds=59)
    assert failing.scheduler.turn() <= 1
    assert starts(failing, schedule) == [(1, "started")]

    failing.move(seconds=2)
    failing.scheduler.turn()
    again = last(failing, schedule)
    assert (again.attempt, again.outcome, again.retry_of) == (2, Outcome.STARTED, first)
    metadata = run_of(failing, again.run_id).run.metadata or {}
    assert (metadata["attempt"], metadata["retry_of"], metadata["schedule"]) == (2, first, "Minutely")
    assert "retry started" in failing.world.event_kinds(str(again.run_id))
    assert failing.world.event_kinds(first)[-1] == "started again"

    failing.end_of(str(again.run_id))
    failing.move(seconds=61)
    failing.scheduler.turn()
    third = str(last(failing, schedule).run_id)
    failing.end_of(third)
    failing.scheduler.turn()  # at once: there is nothing to wait for
    gave_up = last(failing, schedule)
    assert starts(failing, schedule) == [(1, "started"), (2, "started"), (3, "started"), (4, "gave_up")]
    assert (gave_up.sentence, gave_up.retry_of) == ("It failed 3 times, and is not started again.", third)
    assert failing.world.event_kinds(third)[-1] == "schedule gave up"
    assert is_at_rest(failing)


def test_a_run_that_completes_at_the_second_time_is_not_started_a_third(failing: Clockwork) -> None:
    schedule, _ = ended(failing)
    failing.source = "print('done')"
    failing.move(seconds=61)
    failing.scheduler.turn()
    failing.end_of(str(last(failing, schedule).run_id))
    for _ in range(3):
        failing.scheduler.turn()
        failing.move(seconds=61)
    assert starts(failing, schedule) == [(1, "started"), (2, "started")]
    assert is_at_rest(failing)


def test_without_retries_nothing_is_started_again_also_when_they_are_wished_later(failing: Clockwork) -> None:
    schedule, _ = ended(failing, retries=0)
    assert is_at_rest(failing)
    change(failing, schedule)
    failing.move(seconds=61)
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started")]


def _stopped(clockwork: Clockwork, run_id: str) -> None:
    clockwork.world.controller.stop_run(run_id, grace_seconds=0)


def _abandoned(clockwork: Clockwork, run_id: str) -> None:
    clockwork.world.controller.abandon_run(run_id)


def _failed_while_a_person_stops_it(clockwork: Clockwork, run_id: str) -> None:
    clockwork.world.execute("UPDATE pipeline_run_engine SET stop_requested_at = now(), stop_requested_by = 'ana@ops-3'")
    clockwork.world.execute("UPDATE pipeline_runs SET status = 'failed', end_time = start_time")


def _deleted(clockwork: Clockwork, run_id: str) -> None:
    clockwork.world.execute("DELETE FROM pipeline_runs")


@pytest.mark.parametrize("end", [_stopped, _abandoned, _failed_while_a_person_stops_it, _deleted])
def test_what_a_person_ended_is_not_started_again(clockwork: Clockwork, end: Callable[[Clockwork, str], None]) -> None:
    schedule, run_id = fired(clockwork)
    clockwork.world.wait_at_work(run_id)
    end(clockwork, run_id)
    clockwork.scheduler.turn()
    assert starts(clockwork, schedule) == [(1, "started")]
    assert is_at_rest(clockwork)


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_what_its_limit_stopped_counts_as_failed(clockwork: Clockwork, status: str) -> None:
    clockwork.more = {"timeout_seconds": 600, "grace_seconds": 0}
    schedule, run_id = fired(clockwork, retry_delay_seconds=0)
    clockwork.world.wait_at_work(run_id)
    clockwork.world.execute("UPDATE pipeline_runs SET start_time = start_time - interval '1 h'")
    assert clockwork.end_of(run_id).run.status == "stopped"
    clockwork.world.execute("UPDATE pipeline_runs SET status = %s", status)  # it may as well have died at that moment
    clockwork.scheduler.turn()
    assert starts(clockwork, schedule) == [(1, "started"), (2, "started")]


def test_many_who_try_at_once_start_it_again_once(failing: Clockwork) -> None:
    schedule, _ = ended(failing)
    failing.move(seconds=61)
    gate = threading.Barrier(4)

    def turn(scheduler: Scheduler) -> None:
        gate.wait(10)
        scheduler.turn()

    threads = [threading.Thread(target=turn, args=(failing.another(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert starts(failing, schedule) == [(1, "started"), (2, "started")]
    assert len(failing.world.plain_store.recent(1)) == 2


def test_of_one_who_starts_it_and_one_who_leaves_it_out_one_wins(failing: Clockwork) -> None:
    schedule, first = ended(failing)
    attempt = failing.plain.state().standings[0].awaited[0].attempt.after(first)
    failing.world.store.once_before(
        "insert", lambda: failing.plain.decide_retry(schedule, attempt, Outcome.SKIPPED, "x", failing.world.actor)
    )
    failing.move(seconds=61)
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "skipped")]
    failing.plain.decide_retry(schedule, attempt, Outcome.MISSED, "y", failing.world.actor)
    assert last(failing, schedule).sentence == "x"
    assert len(failing.world.plain_store.recent(1)) == 1


@pytest.mark.parametrize("committed", [True, False])
def test_a_scheduler_that_dies_at_the_start_leaves_it_to_the_next(failing: Clockwork, committed: bool) -> None:
    schedule, first = ended(failing)
    failing.move(seconds=61)
    hook = raising(SystemError("killed"))
    (failing.world.store.once_after if committed else failing.world.store.once_before)("insert", hook)
    with pytest.raises(SystemError):
        failing.scheduler.turn()
    failing.another().turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "started")]
    assert len(failing.world.plain_store.recent(1)) == 2
    second = str(last(failing, schedule).run_id)
    failing.world.execute("UPDATE pipeline_runs SET start_time = start_time - interval '9 s' WHERE status = 'running'")
    failing.end_of(second)  # where nobody sent it, that is its failure
    failing.move(seconds=61)
    failing.another().turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "started"), (3, "started")]
    assert (run_of(failing, second).run.metadata or {})["retry_of"] == first


@pytest.mark.parametrize("happened", [True, False])
def test_an_unclear_commit_starts_it_again_once(failing: Clockwork, happened: bool) -> None:
    schedule, _ = ended(failing)
    failing.move(seconds=61)
    store = failing.world.store
    hook = raising(StoreUnclear("No answer.") if happened else StoreUnavailable("No answer."))
    (store.once_after if happened else store.once_before)("insert", hook)
    failing.scheduler.turn()
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "started")]
    assert len(failing.world.plain_store.recent(1)) == 2


def test_while_something_else_runs_it_is_left_out_and_says_so(failing: Clockwork) -> None:
    schedule, first = ended(failing)
    other = failing.world.start()
    failing.move(seconds=61)
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "skipped")]
    assert other in (last(failing, schedule).sentence or "")
    assert failing.world.event_kinds(first)[-1] == "retry skipped"
    assert is_at_rest(failing)


@pytest.mark.parametrize("when_busy", ["wait", "replace"])
def test_it_waits_in_line_and_replaces_nothing(failing: Clockwork, when_busy: str) -> None:
    schedule, first = ended(failing, when_busy=when_busy)
    other = failing.world.start(grace_seconds=0)
    failing.move(seconds=61)
    assert failing.scheduler.turn() <= 1
    failing.move(seconds=100)  # who is in line is not too late
    assert failing.scheduler.turn() <= 1
    assert starts(failing, schedule) == [(1, "started"), (2, "waiting")]
    assert not run_of(failing, other).engine.stop_requested  # type: ignore[union-attr]
    failing.world.controller.stop_run(other, grace_seconds=0)
    failing.scheduler.turn()
    again = last(failing, schedule)
    assert (again.attempt, again.outcome, again.retry_of) == (2, Outcome.STARTED, first)
    failing.end_of(str(again.run_id))
    failing.move(seconds=61)
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "started"), (3, "started")]


def test_a_later_time_takes_the_place_of_one_that_waits(failing: Clockwork) -> None:
    schedule, _ = ended(failing, when_busy="wait")
    other = failing.world.start(grace_seconds=0)
    failing.move(seconds=61)
    failing.scheduler.turn()
    failing.turn_when_due()
    assert starts(failing, schedule) == [(1, "started"), (2, "skipped"), (1, "waiting")]
    failing.world.controller.stop_run(other, grace_seconds=0)
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "skipped"), (1, "started")]
    assert len(failing.plain.state().standings[0].awaited) == 1


def test_once_a_later_time_has_started_it_is_left_out(failing: Clockwork) -> None:
    schedule, first = ended(failing, retry_delay_seconds=7200)
    failing.turn_when_due()
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "skipped"), (1, "started")]
    assert "later time" in (failing.decided(schedule)[1].sentence or "")
    assert failing.decided(schedule)[1].retry_of == first


def test_of_a_time_and_a_retry_that_are_due_at_once_the_time_counts(failing: Clockwork) -> None:
    schedule, _ = ended(failing, retry_delay_seconds=3590)
    failing.more = {"conf": {"spark.driver.extraJavaOptions": "-javaagent:x"}}  # refused, so that it holds no place
    failing.turn_when_due()
    assert starts(failing, schedule) == [(1, "started"), (1, "started")]
    failing.ended_now(str(last(failing, schedule).run_id))
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "skipped"), (1, "started")]


@pytest.mark.parametrize(
    ("values", "outcome"),
    [({"is_enabled": False}, "skipped"), ({"every_minutes": 45}, "skipped"), ({"retries": 0}, "gave_up")],
)
def test_a_schedule_that_was_changed_meanwhile_starts_nothing_again(
    failing: Clockwork, values: dict[str, object], outcome: str
) -> None:
    schedule, _ = ended(failing)
    change(failing, schedule, **values)
    if "every_minutes" in values:  # the change was by the true clock, and its first time by the moved one
        failing.world.execute(
            "SET session_replication_role = replica; "
            "UPDATE pipeline_schedules SET since = (SELECT max(due) + interval '1 s' FROM pipeline_schedule_firings)"
        )
    failing.move(seconds=61)
    failing.scheduler.turn()
    assert starts(failing, schedule)[:2] == [(1, "started"), (2, outcome)]
    assert is_at_rest(failing)


def test_a_change_of_how_often_and_how_late_holds_at_once(failing: Clockwork) -> None:
    schedule, _ = ended(failing, retries=1, retry_delay_seconds=3000)
    change(failing, schedule, retries=3, retry_delay_seconds=5)
    failing.move(seconds=6)
    failing.scheduler.turn()
    failing.end_of(str(last(failing, schedule).run_id))
    failing.move(seconds=6)
    failing.scheduler.turn()
    assert starts(failing, schedule) == [(1, "started"), (2, "started"), (3, "started")]


@pytest.mark.parametrize("catch_up", [0, 1800])
def test_when_nobody_was_there_it_is_too_late_or_made_up_for(failing: Clockwork, catch_up: float) -> None:
    schedule, first = ended(failing, catch_up_seconds=catch_up)
    failing.move(minutes=20)
    failing.scheduler.turn()
    again = last(failing, schedule)
    assert (again.attempt, again.outcome.value) == (2, "started" if catch_up else "missed")
    if not catch_up:
        assert "No program started it again in time" in (again.sentence or "")
        assert failing.world.event_kinds(first)[-1] == "retry missed"
        assert is_at_rest(failing)


def test_what_spark_can_not_be_given_is_a_run_that_failed_and_counts(own_world: World) -> None:
    clockwork = Clockwork(own_world)
    clockwork.source = FAILS
    schedule, _ = ended(clockwork)
    own_world.server.kill()
    for number in (2, 3):
        clockwork.move(seconds=61)
        clockwork.scheduler.turn()
        again = last(clockwork, schedule)
        assert (again.attempt, again.outcome) == (number, Outcome.STARTED)
        assert "Nothing was started" in (run_of(clockwork, again.run_id).run.error_message or "")
        clockwork.ended_now(str(again.run_id))
    clockwork.scheduler.turn()
    assert last(clockwork, schedule).outcome is Outcome.GAVE_UP


def test_a_configuration_that_is_no_more_is_refused_with_the_reason(failing: Clockwork) -> None:
    schedule, _ = ended(failing)
    assert failing.plain.replace(
        schedule.schedule_id, 1, checked_schedule({"name": "x", "configuration": "gone", **HOURLY}), failing.world.actor
    )
    failing.move(seconds=61)
    failing.scheduler.turn()
    assert (last(failing, schedule).outcome, is_at_rest(failing)) == (Outcome.REFUSED, True)
