"""The scheduler, on a real database and command server; the tests own its clock."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from pipeline_gui.pipeline.errors import StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.schedule import Outcome
from pipeline_gui.pipeline.scheduling import LOOK_SECONDS, MOST_AT_ONCE, Scheduler
from pipeline_gui.schedules.checks import checked_schedule
from tests.pipeline.clockwork import BY, Clockwork
from tests.pipeline.conftest import World
from tests.pipeline.faults import raising


def test_a_time_that_comes_starts_one_run_and_both_say_so(clockwork: Clockwork) -> None:
    schedule = clockwork.add()
    assert 0 < clockwork.scheduler.turn() <= LOOK_SECONDS
    assert clockwork.decided(schedule) == []
    clockwork.turn_when_due()
    [decided] = clockwork.decided(schedule)
    running = clockwork.world.plain_store.running()
    assert running is not None
    assert (decided.outcome, decided.run_id) == (Outcome.STARTED, running.run.run_id)
    metadata = running.run.metadata or {}
    assert (metadata["started_by"], metadata["schedule"]) == ("schedule@ops-3", "Minutely")
    assert "schedule started" in clockwork.world.event_kinds(running.run.run_id)
    clockwork.scheduler.turn()
    assert len(clockwork.decided(schedule)) == 1


def test_where_nothing_is_due_for_long_it_is_looked_again_all_the_same(clockwork: Clockwork) -> None:
    scheduler = Scheduler(clockwork.schedules, clockwork.world.store, raising(AssertionError()), BY)  # type: ignore[arg-type]
    clockwork.add(cron="0 2 29 2 *", every_minutes=None)
    assert scheduler.turn() == LOOK_SECONDS  # the database's clock may be moved


def test_two_who_fire_at_once_start_one_run(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="skip")
    clockwork.move_to_next()
    gate = threading.Barrier(4)

    def turn(scheduler: Scheduler) -> None:
        gate.wait(10)
        scheduler.turn()

    threads = [threading.Thread(target=turn, args=(clockwork.another(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert clockwork.outcomes(schedule) == ["started"]
    assert len(clockwork.world.plain_store.recent(1)) == 1


def test_while_a_pipeline_runs_a_time_is_skipped_and_says_why(clockwork: Clockwork) -> None:
    schedule = clockwork.add()
    run_id = clockwork.world.start()
    clockwork.turn_when_due()
    [decided] = clockwork.decided(schedule)
    assert decided.outcome is Outcome.SKIPPED
    assert run_id in (decided.sentence or "")
    [event] = [event for event in clockwork.world.plain_store.events_after(0, [], 1000) if "schedule" in event.kind]
    assert (event.kind, event.detail["schedule"]) == ("schedule skipped", "Minutely")
    assert not event.run_id


def test_one_time_waits_in_line_and_the_next_is_skipped(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="wait")
    run_id = clockwork.world.start()
    assert clockwork.turn_when_due() <= 1
    clockwork.turn_when_due()
    assert clockwork.outcomes(schedule) == ["waiting", "skipped"]
    clockwork.world.controller.stop_run(run_id, grace_seconds=0)
    clockwork.scheduler.turn()
    first, second = clockwork.decided(schedule)
    assert (first.outcome, second.outcome) == (Outcome.STARTED, Outcome.SKIPPED)
    assert first.run_id != run_id
    assert "still waiting" in (second.sentence or "")


def test_what_runs_is_replaced_and_its_row_says_why(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="replace")
    run_id = clockwork.world.start(grace_seconds=0)
    clockwork.turn_when_due()
    stopped = clockwork.world.settle_until_ended(run_id)
    assert stopped.run.status == "stopped"
    assert stopped.run.error_message == "The schedule “Minutely” was due and replaces what runs, so it was stopped."
    clockwork.scheduler.turn()
    [decided] = clockwork.decided(schedule)
    assert (decided.outcome, decided.run_id != run_id) == (Outcome.STARTED, True)


def test_another_programs_run_is_not_replaced(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="replace")
    clockwork.world.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    clockwork.turn_when_due()
    [decided] = clockwork.decided(schedule)
    assert decided.outcome is Outcome.SKIPPED
    assert "another program" in (decided.sentence or "")
    clockwork.world.execute("DELETE FROM pipeline_runs")


@pytest.mark.parametrize("catch_up", [0, 3600])
def test_every_missed_time_says_so_and_one_is_made_up_for(clockwork: Clockwork, catch_up: float) -> None:
    schedule = clockwork.add(catch_up_seconds=catch_up)
    clockwork.turn_when_due()
    clockwork.world.controller.stop_pipeline()
    clockwork.move(minutes=10, seconds=40)
    clockwork.scheduler.turn()
    last = "started" if catch_up else "missed"
    assert clockwork.outcomes(schedule) == ["started", *["missed"] * 9, last]
    decided = clockwork.decided(schedule)
    gaps = {after.due - before.due for before, after in pairwise(decided)}
    assert gaps == {timedelta(minutes=1)}
    assert "No program started it in time" in (decided[1].sentence or "")


def test_after_a_long_absence_the_times_are_decided_in_portions(clockwork: Clockwork) -> None:
    schedule = clockwork.add(catch_up_seconds=600)
    clockwork.move(days=1, seconds=45)
    assert clockwork.scheduler.turn() == 0
    assert clockwork.outcomes(schedule) == ["missed"] * MOST_AT_ONCE
    clockwork.scheduler.turn()
    outcomes = clockwork.outcomes(schedule)
    assert len(outcomes) in (1440, 1441)
    assert outcomes[-1] == "started"
    assert set(outcomes[:-1]) == {"missed"}


def test_while_spark_is_away_it_is_tried_until_it_is_too_late(own_world: World) -> None:
    clockwork = Clockwork(own_world)
    schedule = clockwork.add()
    own_world.server.kill()
    assert clockwork.turn_when_due() <= 1
    assert clockwork.decided(schedule) == []
    clockwork.move(seconds=31)
    clockwork.scheduler.turn()
    [decided] = clockwork.decided(schedule)
    assert decided.outcome is Outcome.MISSED
    assert "in the 32 s since it was due. Nothing listens at" in (decided.sentence or "")
    assert own_world.plain_store.recent(1) == []


def test_spark_that_comes_back_in_time_gets_the_start(own_world: World) -> None:
    clockwork = Clockwork(own_world)
    schedule = clockwork.add()
    own_world.server.kill()
    clockwork.turn_when_due()
    own_world.server.start()
    clockwork.move(seconds=5)
    clockwork.scheduler.turn()
    assert clockwork.outcomes(schedule) == ["started"]
    own_world.controller.stop_pipeline()


def test_a_configuration_that_is_no_more_is_refused_with_the_reason(clockwork: Clockwork) -> None:
    schedule = clockwork.add(configuration="gone")
    clockwork.turn_when_due()
    [decided] = clockwork.decided(schedule)
    assert (decided.outcome, decided.sentence) == (Outcome.REFUSED, "There is no configuration 'gone'.")


@pytest.mark.parametrize("happened", [True, False])
def test_an_unclear_commit_starts_it_once(clockwork: Clockwork, happened: bool) -> None:
    schedule = clockwork.add()
    store = clockwork.world.store
    hook = raising(StoreUnclear("No answer.") if happened else StoreUnavailable("No answer."))
    (store.once_after if happened else store.once_before)("insert", hook)
    clockwork.turn_when_due()
    clockwork.scheduler.turn()
    assert clockwork.outcomes(schedule) == ["started"]
    assert len(clockwork.world.plain_store.recent(1)) == 1


def test_a_pause_ends_the_waiting_and_what_is_due_meanwhile_is_nobodys_business(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="wait")
    run_id = clockwork.world.start()
    clockwork.turn_when_due()
    paused = clockwork.plain.replace(
        schedule.schedule_id,
        1,
        checked_schedule(
            {"name": "Minutely", "configuration": "app", "every_minutes": 1, "when_busy": "wait", "is_enabled": False}
        ),
        clockwork.world.actor,
    )
    assert paused is not None
    clockwork.move(minutes=5)
    clockwork.scheduler.turn()
    [decided] = clockwork.decided(schedule)
    assert decided.outcome is Outcome.SKIPPED
    assert "paused" in (decided.sentence or "")
    assert clockwork.world.record(run_id).run.is_running


def test_a_start_by_hand_between_look_and_fire_is_met_as_busy(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="wait")
    clockwork.world.store.once_before("insert", lambda: clockwork.world.plain_store.insert(_by_hand(), BY))
    clockwork.turn_when_due()
    assert clockwork.outcomes(schedule) == ["waiting"]
    clockwork.world.execute("DELETE FROM pipeline_runs")
    clockwork.world.execute("DELETE FROM pipeline_run_engine")


def _by_hand() -> Any:
    from pipeline_gui.pipeline.ports import NewRun

    return NewRun("by-hand", "x.by-hand", "spark-submit x", {}, "http://spark", "g", 1.0)


def test_a_deleted_schedule_leaves_its_events(clockwork: Clockwork) -> None:
    schedule = clockwork.add(configuration="gone")
    clockwork.turn_when_due()
    assert clockwork.plain.delete(schedule.schedule_id, 1, clockwork.world.actor)
    assert clockwork.decided(schedule) == []
    kinds = [event.kind for event in clockwork.world.plain_store.events_after(0, [], 1000)]
    assert kinds == ["schedule refused"]


def test_what_was_decided_stays(clockwork: Clockwork) -> None:
    schedule = clockwork.add(configuration="gone")
    clockwork.turn_when_due()
    [decided] = clockwork.decided(schedule)
    clockwork.plain.decide(schedule, [decided.due], Outcome.MISSED, "Another watcher's view.", BY)
    assert clockwork.decided(schedule) == [decided]
