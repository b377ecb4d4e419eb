"""Threads that take turns: one runs at a time, and hands over at each call of a port, where faults are put in."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from pipeline_gui.pipeline.errors import (
    PipelineError,
    SparkNotConnected,
    SparkUnavailable,
    SparkUnclear,
    StoreRefused,
    StoreUnavailable,
    StoreUnclear,
)
from tests.chaos.model.time import VirtualTime
from tests.chaos.points import WRITES, call_of

DEADLINE_SECONDS = 30.0
"""Of real time: a task that does not hand over by then hangs, and that is a failure of the model."""


class Fault(StrEnum):
    """What may befall one call of a port."""

    NONE = "none"
    REFUSED = "refused"
    """No connection: surely no effect."""
    READ_ONLY = "read-only"
    """The database answers, and refuses to write."""
    LOST = "lost"
    """No effect, and the caller can't know."""
    TIMED_OUT = "timed out"
    """It had its effect, and the caller saw a time-out."""
    LATE = "late"
    """The caller saw a time-out, and it has its effect later."""
    TWICE = "twice"
    """Delivered twice; the caller hears the second answer."""
    AGAIN = "again"
    """Delivered, answered, and delivered once more later."""
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    KILLED_LATE = "killed late"
    """The process died when the request was on its way; it has its effect later."""


class Killed(BaseException):  # no Exception: nothing of the program may catch it, as nothing catches SIGKILL
    """The process is no more."""


class Task:
    """One thing that an operator's process does."""

    def __init__(self, scheduler: Scheduler, owner: object, name: str, work: Callable[[], Any]) -> None:
        self.owner = owner
        self.name = name
        self.point = ""
        """The call that it is about to make; empty while it sleeps."""
        self.wake_at: float | None = None
        self.run_id: str | None = None
        """The run that it made, if it starts one."""
        self.answer: Any = None
        self.surprise: BaseException | None = None
        self.done = False
        self.fault = Fault.NONE
        self._scheduler = scheduler
        self._work = work
        self._go = threading.Semaphore(0)
        self._parked = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._await_parked()

    @property
    def user(self) -> str:
        """Whose process does it."""
        return str(getattr(getattr(self.owner, "actor", None), "user", ""))

    @property
    def owner_name(self) -> str:
        """Who does it."""
        return str(getattr(self.owner, "actor", self.owner))

    def resume(self, fault: Fault = Fault.NONE) -> None:
        """Let it run to its next call, with what befalls the call that it stands at."""
        assert not self.done
        self.fault = fault
        self.wake_at = None
        self._go.release()
        self._await_parked()

    def park(self, point: str, wake_at: float | None = None) -> Fault:
        """Hand over, in the task's own thread; what befalls the call."""
        self.point, self.wake_at = point, wake_at
        self._parked.release()
        self._go.acquire()
        if self.fault is Fault.KILLED_BEFORE:
            raise Killed
        return self.fault

    def kill(self) -> None:
        """End the process of this task where it stands."""
        if not self.done:
            self.resume(Fault.KILLED_BEFORE)

    def _await_parked(self) -> None:
        if not self._parked.acquire(timeout=DEADLINE_SECONDS):
            raise AssertionError(f"{self.name} does not hand over at {self.point}")

    def _run(self) -> None:
        self._scheduler.current.task = self
        try:
            self.park("")
            self.answer = self._work()
        except PipelineError as error:
            self.answer = error
        except Killed:
            self.answer = None
        except BaseException as surprise:  # noqa: BLE001
            self.surprise = surprise  # raised in the model's own thread, by whoever looks at the task
        finally:
            self.done = True
            self._parked.release()


class Scheduler:
    """Every task of a world, and what is on its way in the network."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.tasks: list[Task] = []
        self.on_its_way: list[tuple[str, Callable[[], Any], float]] = []
        """What is delivered later, each with the moment at which it was sent."""
        self.away: set[str] = set()
        """The ports that nobody can reach now, or only one user can't: `spark`, `spark of ana`."""
        self.suspended: set[str] = set()
        """The users whose whole process is stopped now."""
        self.reached: set[tuple[str, Fault]] = set()
        self.current = threading.local()

    def spawn(self, owner: object, name: str, work: Callable[[], Any]) -> Task:
        """Begin a task; it stands before its first call."""
        task = Task(self, owner, name, work)
        self.tasks.append(task)
        return task

    def ready(self) -> list[Task]:
        """The tasks that can go on now."""
        self.tasks = [task for task in self.tasks if not task.done]
        awake = [task for task in self.tasks if task.user not in self.suspended]
        return [task for task in awake if task.wake_at is None or task.wake_at <= self.time()]

    def sleep(self, seconds: float) -> None:
        """Pass time in a task."""
        task = getattr(self.current, "task", None)
        if task is not None:
            task.park("", self.time() + seconds)

    def call(self, port: str, point: str, method: str, effect: Callable[[], Any], timeout: float = math.inf) -> Any:
        """Make a call of a port, with what befalls it; outside a task nothing does."""
        task = getattr(self.current, "task", None)
        if task is None:
            return effect()
        deadline = self.time() + timeout
        fault = task.park(point)
        if self.time() > deadline and fault in (Fault.NONE, Fault.TWICE, Fault.AGAIN):
            fault = Fault.LOST  # the client's own deadline passed before anything was sent
        self.reached.add((point, fault))
        if port == "schedules":
            port, method = "store", f"schedules.{method}"  # of the same database
        writes = call_of(point) in WRITES
        if not writes and fault in (Fault.LATE, Fault.TIMED_OUT, Fault.TWICE, Fault.AGAIN):
            fault = Fault.LOST
        match fault:
            case Fault.REFUSED:
                raise refusal(port, point)
            case Fault.READ_ONLY if port == "store" and writes:
                raise StoreRefused("The database is read-only.")
            case Fault.LOST:
                raise _unclear(port, method, writes)
            case Fault.TIMED_OUT:
                self._deliver(effect)
                raise _unclear(port, method, writes)
            case Fault.LATE:
                self.on_its_way.append((point, effect, self.time()))
                raise _unclear(port, method, writes)
            case Fault.TWICE if port == "spark":
                self._deliver(effect)
                return effect()
            case Fault.AGAIN if port == "spark":
                self.on_its_way.append((point, effect, self.time()))
            case Fault.KILLED_AFTER:
                self._deliver(effect)
                raise Killed
            case Fault.KILLED_LATE:
                self.on_its_way.append((point, effect, self.time()))
                raise Killed
        return effect()

    def deliver(self, index: int) -> None:
        """Something that was on its way arrives, after whatever happened meanwhile."""
        if self.on_its_way:
            self._deliver(self.on_its_way.pop(index % len(self.on_its_way))[1])

    def deliver_older_than(self, seconds: float) -> None:
        """What was sent so long ago arrives now."""
        arriving = [late for late in self.on_its_way if late[2] <= self.time() - seconds]
        self.on_its_way = [late for late in self.on_its_way if late not in arriving]
        for _, effect, _ in arriving:
            self._deliver(effect)

    @staticmethod
    def _deliver(effect: Callable[[], Any]) -> None:
        try:
            effect()
        except PipelineError:
            return  # an answer that nobody hears

    def close(self) -> None:
        """End every task."""
        for task in self.tasks:
            task.kill()
        self.tasks.clear()


def refusal(port: str, point: str) -> PipelineError:
    """What a port raises when no connection comes about."""
    return SparkNotConnected(f"{point}: refused.") if port == "spark" else StoreUnavailable(f"{point}: refused.")


def _unclear(port: str, method: str, writes: bool) -> PipelineError:
    if port == "store":
        return StoreUnclear(f"{method}: unclear.") if writes else StoreUnavailable(f"{method}: lost.")
    return SparkUnclear(f"{method}: unclear.") if method == "submit" else SparkUnavailable(f"{method}: lost.")
