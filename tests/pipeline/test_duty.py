"""A duty beside the watcher: taken when it is allowed and due, and no surprise ends it."""

from __future__ import annotations

import threading

import pytest

from pipeline_gui.pipeline import duty as module
from pipeline_gui.pipeline.duty import Duty
from pipeline_gui.pipeline.errors import StoreUnavailable
from tests.pipeline.faults import MovableClock
from tests.waiting import wait_until


class Turns:
    """Counts its turns; each wants the next in a hundred seconds."""

    def __init__(self) -> None:
        self.count = 0
        self.raises: list[Exception] = []

    def __call__(self) -> float:
        self.count += 1
        if self.raises:
            raise self.raises.pop(0)
        return 100.0


def test_a_turn_is_taken_when_it_is_due_also_after_sleep() -> None:
    turns, clock = Turns(), MovableClock()
    duty = Duty("tests", turns, clock)
    duty.allow(False)
    assert turns.count == 0
    duty.allow(True)
    wait_until(lambda: turns.count == 1, what="the first turn")
    duty.allow(True)
    clock.move(99)
    duty.allow(True)
    assert turns.count == 1
    clock.move(2)  # as a computer that slept finds it
    duty.allow(True)
    wait_until(lambda: turns.count == 2, what="the second turn")
    clock.move(101)
    duty.allow(False)
    duty.end()
    duty.join(5)
    assert turns.count == 2


def test_a_nudge_takes_a_turn_at_once_and_none_is_lost_to_the_turn_that_is_under_way() -> None:
    begun, goes_on = threading.Semaphore(0), threading.Semaphore(0)

    def turn() -> float:
        begun.release()
        goes_on.acquire(timeout=10)
        return 100.0

    duty = Duty("tests", turn, MovableClock())
    duty.nudge()
    assert not begun.acquire(blocking=False)  # not before it is allowed
    duty.allow(True)
    assert begun.acquire(timeout=10)
    duty.nudge()  # of what the turn under way may have read already
    goes_on.release()
    assert begun.acquire(timeout=10)
    goes_on.release()
    assert not begun.acquire(timeout=0.2)
    duty.nudge()
    assert begun.acquire(timeout=10)
    duty.end()
    goes_on.release()
    duty.join(5)


def test_who_is_allowed_again_takes_a_turn_at_once() -> None:
    turns = Turns()
    duty = Duty("tests", turns, MovableClock())
    duty.allow(True)
    wait_until(lambda: turns.count == 1, what="the first turn")
    duty.allow(False)
    duty.allow(True)
    wait_until(lambda: turns.count == 2, what="the turn of who has the lease again")
    duty.end()
    duty.join(5)


@pytest.mark.parametrize("error", [StoreUnavailable("The database went away."), RuntimeError("a surprise")])
def test_an_error_is_followed_by_another_turn(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 5.0)
    turns, clock = Turns(), MovableClock()
    turns.raises = [error]
    duty = Duty("tests", turns, clock)
    duty.allow(True)
    wait_until(lambda: turns.count == 1, what="the turn that fails")
    wait_until(lambda: _moved(clock, duty) and turns.count == 2, what="the next one")
    duty.end()
    duty.join(5)


def _moved(clock: MovableClock, duty: Duty) -> bool:
    clock.move(6)
    duty.allow(True)
    return True


def test_an_end_waits_for_the_turn_that_is_under_way() -> None:
    begun, goes_on, ended = threading.Event(), threading.Event(), threading.Event()

    def turn() -> float:
        begun.set()
        goes_on.wait(10)
        ended.set()
        return 100.0

    duty = Duty("tests", turn, MovableClock())
    duty.allow(True)
    assert begun.wait(10)
    duty.end()
    duty.join(0.01)
    assert not ended.is_set()
    goes_on.set()
    duty.join(10)
    assert ended.is_set()
