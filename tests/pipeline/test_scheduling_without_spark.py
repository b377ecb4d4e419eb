"""What is due while Spark answers nobody, so that nobody holds the lease: that it is missed, when, and why."""

from __future__ import annotations

import pytest

from pipeline_gui.pipeline import firing, watcher
from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable, StoreRefused
from pipeline_gui.pipeline.firing import CUT_OFF
from pipeline_gui.pipeline.schedule import Outcome
from pipeline_gui.pipeline.scheduling import LOOK_SECONDS
from pipeline_gui.pipeline.watcher import CONTACT_LOST_SECONDS, Watcher
from tests.pipeline.clockwork import Clockwork
from tests.pipeline.conftest import World
from tests.pipeline.faults import raising
from tests.waiting import wait_until

SILENCE = "Spark could not be reached: Nothing listens there."


def test_a_time_is_missed_once_it_is_too_late_and_not_before(clockwork: Clockwork) -> None:
    schedule = clockwork.add(when_busy="skip")
    clockwork.world.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    clockwork.move_to_next()
    assert clockwork.scheduler.turn(SILENCE) == CUT_OFF
    assert clockwork.decided(schedule) == []
    assert clockwork.world.spark.calls["identity"] == 0
    clockwork.move(seconds=31)
    clockwork.scheduler.turn(SILENCE)
    [decided] = clockwork.decided(schedule)
    assert (decided.outcome, decided.decided_by) == (Outcome.MISSED, "schedule@ops-3")
    assert decided.sentence == f"It could not be started in the 32 s since it was due. {SILENCE}"
    [event] = [event for event in clockwork.world.plain_store.events_after(0, [], 1000) if "schedule" in event.kind]
    assert (event.kind, event.detail["sentence"]) == ("schedule missed", decided.sentence)
    clockwork.world.execute("DELETE FROM pipeline_runs")


def test_what_is_made_up_for_is_missed_when_the_next_time_comes_each_with_its_reason(clockwork: Clockwork) -> None:
    schedule = clockwork.add(catch_up_seconds=3600)
    clockwork.move(minutes=3)
    clockwork.scheduler.turn(SILENCE)
    clockwork.move(minutes=1)
    clockwork.scheduler.turn(SILENCE)
    *unseen, seen = clockwork.decided(schedule)
    assert {one.outcome for one in (*unseen, seen)} == {Outcome.MISSED}
    assert {("No program started it in time" in (one.sentence or "")) for one in unseen} == {True}
    assert SILENCE in (seen.sentence or "")
    clockwork.scheduler.turn()  # Spark is back
    assert clockwork.outcomes(schedule)[len(unseen) + 1 :] == ["started"]


def test_where_another_holds_the_lease_the_time_is_that_ones(clockwork: Clockwork) -> None:
    world = clockwork.world
    schedule = clockwork.add()
    clockwork.move(minutes=3)
    assert world.plain_store.take_lease("another", world.actor) is not None
    assert clockwork.scheduler.turn(SILENCE) == LOOK_SECONDS
    assert clockwork.decided(schedule) == []
    world.plain_store.release_lease("another")
    clockwork.scheduler.turn(SILENCE)
    assert "missed" in clockwork.outcomes(schedule)


def test_who_may_not_write_looks_on(clockwork: Clockwork, monkeypatch: pytest.MonkeyPatch) -> None:
    clockwork.add()
    clockwork.move(minutes=3)
    monkeypatch.setattr(clockwork.plain, "decide", lambda *_: raising(StoreRefused("A viewer changes nothing."))())
    assert clockwork.scheduler.turn(SILENCE) == LOOK_SECONDS
    with pytest.raises(StoreRefused):
        clockwork.scheduler.turn()


def test_a_start_after_a_failure_is_missed_likewise(clockwork: Clockwork) -> None:
    clockwork.source = "raise ValueError('x')"
    schedule = clockwork.add(every_minutes=60, retries=1)
    clockwork.turn_when_due()
    [first] = clockwork.decided(schedule)
    clockwork.end_of(str(first.run_id))
    clockwork.move(seconds=61)
    clockwork.scheduler.turn(SILENCE)
    assert len(clockwork.decided(schedule)) == 1
    clockwork.move(seconds=31)
    clockwork.scheduler.turn(SILENCE)
    _, again = clockwork.decided(schedule)
    assert (again.attempt, again.outcome) == (2, Outcome.MISSED)
    assert "It could not be started again" in (again.sentence or "")
    assert SILENCE in (again.sentence or "")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SparkUnavailable("Nothing listens there."), SILENCE),
        (SparkRefused("Not today.", status_code=403), "Spark refused to be asked: Not today."),
    ],
)
def test_a_process_is_cut_off_after_a_while_and_only_where_it_may_write(
    world: World, error: Exception, sentence: str
) -> None:
    one = Watcher(world.store, world.spark, world.actor, clock=world.clock)
    for method in ("identity", "alive"):
        world.spark.always_before(method, raising(error))
    one._turn()
    world.clock.move(CONTACT_LOST_SECONDS - 1)
    one._turn()
    assert one.silence is None
    world.clock.move(1)
    one._turn()
    assert one.silence == sentence
    assert not one.holds_lease
    world.spark.heal()
    one._turn()
    assert one.holds_lease
    one.close()


def test_nobody_says_in_a_copy_what_the_original_missed(world: World) -> None:
    world.execute("UPDATE pipeline_installation SET database_oid = database_oid + 1")
    world.spark.always_before("identity", raising(SparkUnavailable("Nothing listens there.")))
    one = Watcher(world.store, world.spark, world.actor, clock=world.clock)
    for _ in range(3):
        one._turn()
        world.clock.move(CONTACT_LOST_SECONDS)
    assert one.silence is None
    one.close()


def test_two_that_watch_say_once_what_was_missed_and_start_the_next_when_spark_is_back(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((firing, "ON_TIME_SECONDS"), (firing, "CUT_OFF"), (watcher, "CONTACT_LOST_SECONDS")):
        monkeypatch.setattr(module, name, 0.5)
    clockwork = Clockwork(own_world)
    watchers = [_with_schedules(clockwork) for _ in range(2)]
    own_world.server.kill()
    for each in watchers:
        each.start()
    try:
        wait_until(lambda: all(each.silence for each in watchers), 20, "the loss of contact")
        schedule = clockwork.add()
        clockwork.move_to_next()
        [decided] = wait_until(lambda: clockwork.decided(schedule), 20, "what becomes of the time")
        assert decided.outcome is Outcome.MISSED
        own_world.server.start()
        wait_until(lambda: any(each.holds_lease for each in watchers), 20, "the lease")
        monkeypatch.setattr(firing, "ON_TIME_SECONDS", 30.0)
        clockwork.move_to_next()
        wait_until(lambda: clockwork.outcomes(schedule) == ["missed", "started"], 20, "the next time's start")
    finally:
        for each in watchers:
            each.close()
        own_world.controller.stop_pipeline()


def _with_schedules(clockwork: Clockwork) -> Watcher:
    world = clockwork.world
    one, scheduler = Watcher(world.plain_store, world.plain_spark, world.actor), clockwork.another()
    one.take_on(
        "schedules",
        lambda: min(0.5, scheduler.turn(one.silence)),  # its clock jumps
        where=lambda lease: lease.has_schedules,
        without_spark=True,
    )
    return one
