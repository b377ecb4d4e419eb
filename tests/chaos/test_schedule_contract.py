"""The schedules of the model do as the real ones do: the same tests, on both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import FiredBefore, RunBusy
from pipeline_gui.pipeline.ports import Actor, NewRun, WholeRecord
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.saved import NameTaken
from pipeline_gui.pipeline.schedule import Attempt, Firing, Outcome, Schedule, Standing
from pipeline_gui.schedules.checks import checked_schedule
from pipeline_gui.store.store import open_store
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.time import VirtualTime

ANA = Actor("ana", "ops-3", "terminal")


@pytest.fixture(params=["memory", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[WholeRecord]:
    """One of the two."""
    if request.param == "memory":
        memory: Any = MemoryStore(Database(VirtualTime()))
        yield memory
        return
    opened = open_store(request.getfixturevalue("database"), application_name="tests", max_connections=1)
    yield opened
    opened.close()


def made(store: WholeRecord, **values: Any) -> Schedule:
    """The schedule, hourly."""
    said = {"name": "hourly", "configuration": "flights", "every_minutes": 60, "retries": 1, **values}
    return store.schedules.create(checked_schedule(said), ANA)


def changed(store: WholeRecord, schedule: Schedule, **values: Any) -> Schedule:
    """Somebody changes it."""
    said = {"name": "hourly", "configuration": "flights", "every_minutes": 60, "retries": 1, **values}
    found = store.schedules.replace(schedule.schedule_id, schedule.revision, checked_schedule(said), ANA)
    assert found is not None
    return found


def run_for(run_id: str, schedule: Schedule, due: datetime, number: int = 1, retry_of: str | None = None) -> NewRun:
    """A run that is started for a time."""
    firing = Firing(schedule.schedule_id, schedule.revision, due, schedule.name, number, retry_of)
    return NewRun(run_id, f"i.{run_id}", "spark-submit x", {}, "http://spark", "g1", 10.0, firing=firing)


def fails(store: WholeRecord, run_id: str) -> None:
    """A run ends as failed."""
    assert store.settle(run_id, None, Ending(RunStatus.FAILED, gone=True), ANA) is not None


def decided(store: WholeRecord, schedule: Schedule) -> list[tuple[str, int, str | None, str | None]]:
    """What became of each start, oldest first."""
    found = store.schedules.decided(schedule.schedule_id, 100)[::-1]
    return [(one.outcome.value, one.attempt, one.run_id, one.retry_of) for one in found]


def standing(store: WholeRecord) -> Standing:
    """How far the only schedule has come."""
    [found] = store.schedules.state().standings
    return found


def kinds(store: WholeRecord, run_id: str) -> list[str]:
    """The events of a run that are about schedules."""
    return [event.kind for event in store.events(run_id) if event.kind.startswith(("schedule", "retry", "started"))]


def test_a_time_is_decided_once_by_whoever_is_first(store: WholeRecord) -> None:
    schedule = made(store)
    first, second, third = schedule.upcoming(schedule.since, 3)
    store.insert(run_for("r-1", schedule, first), ANA)
    with pytest.raises(FiredBefore):
        store.insert(run_for("r-2", schedule, first), ANA)
    with pytest.raises(RunBusy):
        store.insert(run_for("r-2", schedule, second), ANA)
    assert decided(store, schedule) == [("started", 1, "r-1", None)]  # with the place taken, nothing is recorded
    store.schedules.decide(schedule, [first, second, third], Outcome.MISSED, "Nobody was there.", ANA)
    assert [row[0] for row in decided(store, schedule)] == ["started", "missed", "missed"]
    store.schedules.decide(schedule, [second], Outcome.SKIPPED, "Too late.", ANA)
    assert [row[0] for row in decided(store, schedule)] == ["started", "missed", "missed"]
    assert standing(store).last_due == third
    assert kinds(store, "r-1") == ["schedule started"]
    assert store.schedules.state().running is not None


def test_what_was_decided_of_another_revision_is_void(store: WholeRecord) -> None:
    schedule = made(store)
    [first] = schedule.upcoming(schedule.since, 1)
    now = changed(store, schedule, when_busy="wait")
    store.schedules.decide(schedule, [first], Outcome.MISSED, "Nobody was there.", ANA)
    with pytest.raises(FiredBefore):
        store.insert(run_for("r-1", schedule, first), ANA)
    assert decided(store, schedule) == []
    assert now.since == schedule.since  # its times are as they were
    paused = changed(store, now, is_enabled=False)
    with pytest.raises(FiredBefore):
        store.insert(run_for("r-1", paused, first), ANA)
    assert store.schedules.state().standings == []
    assert store.schedules.replace(schedule.schedule_id, 1, checked_schedule({**_SAID, "retries": 9}), ANA) is None
    assert not store.schedules.delete(schedule.schedule_id, 1, ANA)
    with pytest.raises(NameTaken):
        made(store, name="HOURLY")


_SAID = {"name": "hourly", "configuration": "flights", "every_minutes": 60}


def test_one_time_waits_and_then_starts_or_does_not(store: WholeRecord) -> None:
    schedule = made(store)
    first, second, third = schedule.upcoming(schedule.since, 3)
    store.schedules.decide(schedule, [first], Outcome.WAITING, "Something was running.", ANA)
    store.schedules.decide(schedule, [first], Outcome.WAITING, "Again.", ANA)
    store.schedules.decide(schedule, [second], Outcome.WAITING, "Something was running.", ANA)
    assert decided(store, schedule) == [("waiting", 1, None, None)]
    assert standing(store).waiting == Attempt(first)
    store.insert(run_for("r-1", schedule, first), ANA)
    assert (decided(store, schedule), standing(store).waiting) == ([("started", 1, "r-1", None)], None)
    store.schedules.decide(schedule, [third], Outcome.WAITING, "Something was running.", ANA)
    store.schedules.decide(schedule, [third], Outcome.SKIPPED, "It was paused.", ANA)
    assert [row[0] for row in decided(store, schedule)] == ["started", "skipped"]


def test_a_failure_is_answered_once(store: WholeRecord) -> None:
    schedule = made(store)
    first, second = schedule.upcoming(schedule.since, 2)
    store.insert(run_for("r-1", schedule, first), ANA)
    [awaited] = standing(store).awaited
    assert (awaited.attempt, awaited.record.run.is_running, awaited.is_superseded) == (Attempt(first), True, False)
    fails(store, "r-1")
    for wrong in (run_for("x", schedule, first, 2, "r-0"), run_for("x", schedule, first, 3, "r-1")):
        with pytest.raises(FiredBefore):
            store.insert(wrong, ANA)
    retry = Attempt(first, 2, "r-1")
    store.schedules.decide_retry(schedule, retry, Outcome.WAITING, "Something was running.", ANA)
    assert standing(store).waiting == retry
    assert len(standing(store).awaited) == 1
    store.insert(run_for("r-2", schedule, first, 2, "r-1"), ANA)
    with pytest.raises(FiredBefore):
        store.insert(run_for("r-3", schedule, first, 2, "r-1"), ANA)
    store.schedules.decide_retry(schedule, retry, Outcome.MISSED, "Too late.", ANA)
    assert decided(store, schedule) == [("started", 1, "r-1", None), ("started", 2, "r-2", "r-1")]
    assert kinds(store, "r-1") == ["schedule started", "retry waiting", "started again"]
    assert kinds(store, "r-2") == ["retry started"]
    fails(store, "r-2")
    store.schedules.decide(schedule, [second], Outcome.WAITING, "Something was running.", ANA)
    [awaited] = standing(store).awaited
    assert (awaited.record.run.run_id, awaited.is_superseded) == ("r-2", True)
    store.schedules.decide_retry(schedule, Attempt(first, 3, "r-2"), Outcome.GAVE_UP, "It failed 2 times.", ANA)
    assert list(standing(store).awaited) == []
    assert kinds(store, "r-2") == ["retry started", "schedule gave up"]
    assert store.schedules.decision(schedule.schedule_id, Attempt(first, 3)) is not None


def test_an_end_that_needs_no_answer_is_let_be(store: WholeRecord) -> None:
    schedule = made(store)
    [first] = schedule.upcoming(schedule.since, 1)
    store.insert(run_for("r-1", schedule, first), ANA)
    assert store.settle("r-1", None, Ending(RunStatus.COMPLETED, gone=True), ANA) is not None
    store.schedules.finish(schedule, Attempt(first), ANA)
    assert list(standing(store).awaited) == []
    store.schedules.decide_retry(schedule, Attempt(first, 2, "r-1"), Outcome.GAVE_UP, "It failed.", ANA)
    assert decided(store, schedule) == [("started", 1, "r-1", None)]


@pytest.mark.parametrize("retries", [0, 1])
def test_who_is_not_started_again_awaits_no_end(store: WholeRecord, retries: int) -> None:
    schedule = made(store, retries=retries)
    [first] = schedule.upcoming(schedule.since, 1)
    store.insert(run_for("r-1", schedule, first), ANA)
    assert len(standing(store).awaited) == retries
    paused = changed(store, schedule, retries=retries, is_enabled=False)
    assert len(store.schedules.state().standings) == retries  # a pause does not hide what is still to be answered
    assert paused.since == schedule.since
    resumed = changed(store, paused, retries=retries)
    assert store.schedules.delete(schedule.schedule_id, resumed.revision, ANA)
    assert store.schedules.state().standings == []
