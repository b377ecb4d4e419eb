"""What Hypothesis chooses from: who acts, how far, and what befalls the next call."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.chaos.model.scheduler import Fault
from tests.chaos.model.settling_down import settle_down
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.world import World

MOST_TASKS = 5
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]

_operators = st.integers(0, 2)
_indices = st.integers(0, MOST_TASKS - 1)


class Model(RuleBasedStateMachine):
    """Both guards are there; the one below has the database's alone."""

    guard = True
    one_running = True
    plain = False
    schedules = False
    make_store: Callable[[Database], MemoryStore] = MemoryStore
    reached: ClassVar[frozenset[str]] = frozenset()
    """The points that all examples of this machine came to."""

    @initialize()
    def begin(self) -> None:
        make_store = type(self).make_store
        self.world = World(
            guard=self.guard,
            one_running=self.one_running,
            plain=self.plain,
            schedules=self.schedules,
            make_store=make_store,
        )
        self.context = self.world.running()
        self.context.__enter__()

    def _has_room(self) -> bool:
        return len([task for task in self.world.scheduler.tasks if not task.done]) < MOST_TASKS

    # --- operators ----------------------------------------------------------------------------------------------

    @precondition(_has_room)
    @rule(operator=_operators, grace=st.sampled_from([0.0, 2.0, 20.0]), dying=st.sampled_from([0.1, 3.0, 60.0]))
    def start(self, operator: int, grace: float, dying: float) -> None:
        self.world.server.dying_seconds = dying
        self.world.start(operator, grace)

    @precondition(_has_room)
    @rule(operator=_operators, grace=st.sampled_from([None, None, 0.0]))
    def stop(self, operator: int, grace: float | None) -> None:
        self.world.stop(operator, grace)

    @precondition(_has_room)
    @rule(operator=_operators)
    def abandon(self, operator: int) -> None:
        self.world.abandon(operator)

    @precondition(_has_room)
    @rule(operator=_operators)
    def status(self, operator: int) -> None:
        self.world.status(operator)

    @precondition(_has_room)
    @rule(operator=_operators)
    def look(self, operator: int) -> None:
        self.world.look(operator)

    @precondition(_has_room)
    @rule(operator=_operators)
    def watch(self, operator: int) -> None:
        self.world.watch(operator)

    @precondition(_has_room)
    @rule(operator=_operators)
    def hunt(self, operator: int) -> None:
        self.world.hunt(operator)

    @rule(port=st.sampled_from(["spark", "store", "spark of ana", "store of ben"]))
    def goes_away(self, port: str) -> None:
        self.world.goes_away(port)

    @precondition(_has_room)
    @rule(
        what=st.sampled_from(["start", "start", "stop", "look", "watch", "hunt"]),
        operator=_operators,
        calls=st.sampled_from([2, 4, 5, 40, 40]),
    )
    def at_once(self, what: str, operator: int, calls: int) -> None:
        """An action that nobody gets in between of, for some way at least: that gets examples further."""
        task = getattr(self.world, what)(operator)
        for _ in range(calls):
            if task is not None and task in self.world.scheduler.ready() and not task.done:
                self.world.go(task)

    # --- turns and faults ---------------------------------------------------------------------------------------

    def _go_on(self, index: int, calls: int, fault: Fault) -> None:
        ready = self.world.scheduler.ready()
        if not ready:
            return
        task = ready[index % len(ready)]
        for _ in range(calls):
            if task.done or task not in self.world.scheduler.ready():
                return
            self.world.go(task)
        if not task.done and fault is not Fault.NONE and task in self.world.scheduler.ready():
            self.world.go(task, fault)

    @rule(index=_indices, calls=st.integers(1, 6))
    def go(self, index: int, calls: int) -> None:
        self._go_on(index, calls, Fault.NONE)

    @rule(index=_indices)
    def finish(self, index: int) -> None:
        self._go_on(index, 40, Fault.NONE)

    @rule(index=_indices, calls=st.integers(0, 6), fault=st.sampled_from(FAULTS))
    def fault(self, index: int, calls: int, fault: Fault) -> None:
        self._go_on(index, calls, fault)

    @rule(operator=_operators)
    def kill(self, operator: int) -> None:
        self.world.kill(operator)

    @rule(operator=_operators)
    def suspend(self, operator: int) -> None:
        self.world.suspend(operator)

    @rule(index=_indices)
    def deliver(self, index: int) -> None:
        self.world.deliver(index)

    @rule(seconds=st.sampled_from([0.1, 0.6, 3.0, 6.0, 9.0, 12.0, 60.0, 160.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.move(seconds)

    # --- Spark and other programs -------------------------------------------------------------------------------

    @rule(exit_code=st.sampled_from([0, 1, 137]))
    def batch_ends(self, exit_code: int) -> None:
        self.world.batch_ends(exit_code)

    @rule(really=st.integers(0, 3))
    def state_is_lost(self, really: int) -> None:
        if really == 3:
            self.world.state_is_lost()

    @rule(what=st.sampled_from(["ends", "deletes", "runs", "failover", "disk"]))
    def other_program(self, what: str) -> None:
        {
            "ends": self.world.other_hands.end_the_run,
            "deletes": self.world.other_hands.delete_the_run,
            "runs": self.world.other_hands.take_the_place,
            "failover": self.world.other_hands.lose_the_run_by_failover,
            "disk": self.world.disk_fills,
        }[what]()

    # --- the end ------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        try:
            settle_down(self.world)
        finally:
            type(self).reached |= {point for point, _ in self.world.scheduler.reached}
            self.context.__exit__(None, None, None)


class DatabaseAlone(Model):
    """Spark's own guard is off: what the database and the protocol hold by themselves."""

    guard = False


class Scheduled(Model):
    """What starts by itself, on whoever's turn it is."""

    schedules = True

    @precondition(Model._has_room)
    @rule(operator=_operators, calls=st.sampled_from([2, 5, 40]))
    def turn(self, operator: int, calls: int) -> None:
        task = self.world.turn(operator)
        for _ in range(calls):
            if task in self.world.scheduler.ready() and not task.done:
                self.world.go(task)

    @rule(
        when_busy=st.sampled_from(["skip", "wait", "replace"]),
        retries=st.sampled_from([0, 2]),
        is_enabled=st.sampled_from([True, True, False]),
    )
    def reschedule(self, when_busy: str, retries: int, is_enabled: bool) -> None:
        self.world.reschedule(when_busy=when_busy, retries=retries, is_enabled=is_enabled)

    @rule(operator=_operators)
    def fails(self, operator: int) -> None:
        self.world.batch_ends(1)
        self.at_once("look", operator, 40)


class PlainLivy(Model):
    """A Livy that is not ours: no fence, no guard, and it forgets."""

    plain = True

    @rule(at_once=st.booleans())
    def forgets(self, at_once: bool) -> None:
        self.world.server.forgets_at_once = at_once
