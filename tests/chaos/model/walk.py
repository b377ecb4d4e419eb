"""Long walks by a seed: the same world as Hypothesis's, chosen faster and without shrinking, for millions of steps."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.chaos.model.scheduler import Fault, Task
from tests.chaos.model.settling_down import settle_down
from tests.chaos.model.world import World

FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
MOST_TASKS = 5
STEPS = 60
LONG_SECONDS = [60.0, 160.0]
"""As a suspended laptop sleeps, and as long as a plain Livy is given."""
ACTIONS = {
    "start": 4,
    "stop": 3,
    "look": 2,
    "watch": 3,
    "hunt": 2,
    "status": 1,
    "abandon": 0.5,
    "confirm_gone": 0.5,
    "release": 0.5,
}
ON_SCHEDULE = {**ACTIONS, "start": 1, "turn": 4}


class Walk:
    """One example, that its seed repeats exactly."""

    def __init__(self, seed: int, world: World) -> None:
        self._random = random.Random(seed)
        self._world = world
        self._trace: list[str] = []
        self._calm = self._random.choice([0.0, 0.1, 0.3])
        """How much of what happens is a fault in this example."""
        world.server.forgets_at_once = self._random.random() < 0.5
        self._actions = ON_SCHEDULE if world.has_schedules else ACTIONS
        self._faults = self._random.choice([FAULTS, FAULTS, self._random.sample(FAULTS, 2)])

    @property
    def trace(self) -> str:
        """What was done, a line each."""
        return "\n".join(self._trace)

    def run(self, steps: int = STEPS) -> None:
        """Walk, then let everything come to rest. Raises Violation."""
        with self._world.running():
            for _ in range(steps):
                self._step()
            self._note("settle down")
            settle_down(self._world)

    def _step(self) -> None:
        world, trouble = self._world, 1 if self._calm else 0
        steps: list[tuple[Callable[[], None], float]] = [
            (self._act, 3),
            (self._go, 8),
            (self._move, 2),
            (self._spark, 1),
            (self._deliver, 1),
            (self._other, 0.5),
            (self._kill, 0.6 * trouble),
            (self._suspend, 0.4 * trouble),
            (self._outage, 0.6 * trouble),
        ]
        if world.has_schedules:
            steps += [(self._reschedule, 0.3), (self._fail, 1), (self._turn, 2)]
        (step,) = self._random.choices([step for step, _ in steps], [weight for _, weight in steps])
        step()

    def _act(self) -> None:
        world, operator = self._world, self._random.randrange(3)
        if len([task for task in world.scheduler.tasks if not task.done]) >= MOST_TASKS:
            return
        what = self._random.choices(list(self._actions), list(self._actions.values()))[0]
        world.server.dying_seconds = self._random.choice([0.1, 0.1, 3.0, 60.0])
        arguments: dict[str, Any] = {}
        if what in ("start", "stop"):
            arguments["grace"] = self._random.choice([0.0, 2.0, 20.0] if what == "start" else [None, None, 0.0])
        self._note(f"{what} by {operator} {arguments}")
        getattr(world, what)(operator, **arguments)

    def _go(self) -> None:
        world = self._world
        ready = world.scheduler.ready()
        if not ready:
            return
        task = self._random.choice(ready)
        self._let_go(task, self._random.choice([1, 1, 2, 3, 5, 8, 40]))

    def _let_go(self, task: Task, calls: int) -> None:
        world = self._world
        for _ in range(calls):
            if task.done or task not in world.scheduler.ready():
                return
            fault = self._random.choice(self._faults) if self._random.random() < self._calm else Fault.NONE
            self._note(f"{task.name} of {task.owner_name}: {task.point or 'goes on'} {fault}")
            world.go(task, fault)

    def _move(self) -> None:
        long = [30.0, 60.0] if self._world.has_schedules else LONG_SECONDS
        seconds = self._random.choice([0.1, 0.6, 1.0, 3.0, 6.0, 9.0, 12.0, *long])
        self._note(f"{seconds} s pass")
        self._world.move(seconds)

    def _spark(self) -> None:
        if self._random.random() < 0.2:
            self._note("the server's state is lost")
            self._world.state_is_lost()
            return
        code = self._random.choice([0, 0, 1, 137])
        self._note(f"the batch ends with {code}")
        self._world.batch_ends(code)

    def _reschedule(self) -> None:
        values = {
            "when_busy": self._random.choice(["skip", "wait", "replace"]),
            "catch_up_seconds": self._random.choice([0, 3600, 3600]),
            "retries": self._random.choice([0, 1, 2, 2]),
            "retry_delay_seconds": self._random.choice([0, 5, 30]),
            "is_enabled": self._random.random() < 0.8,
        }
        self._note(f"the schedule is changed: {values}")
        self._world.reschedule(**values)

    def _fail(self) -> None:
        """The batch fails, and mostly that is seen."""
        self._note("the batch fails")
        self._world.batch_ends(1)
        if self._random.random() < 0.7:
            self._let_go(self._world.look(self._random.randrange(3)), 40)

    def _turn(self) -> None:
        """A turn that gets on, as far as its faults let it."""
        self._let_go(self._world.turn(self._random.randrange(3)), self._random.choice([2, 5, 40]))

    def _outage(self) -> None:
        what = self._random.choice(["spark", "spark", "store", "spark of ana", "store of ben", "disk", "disk"])
        self._note(f"{what} goes away, or comes back")
        if what == "disk":
            self._world.disk_fills()
        else:
            self._world.goes_away(what)

    def _suspend(self) -> None:
        operator = self._random.randrange(3)
        self._note(f"{operator} is suspended, or goes on")
        self._world.suspend(operator)

    def _kill(self) -> None:
        operator = self._random.randrange(3)
        self._note(f"{operator} is killed")
        self._world.kill(operator)

    def _deliver(self) -> None:
        if self._world.scheduler.on_its_way:
            index = self._random.randrange(len(self._world.scheduler.on_its_way))
            self._note(f"{self._world.scheduler.on_its_way[index][0]} arrives")
            self._world.deliver(index)

    def _other(self) -> None:
        what: Callable[[], None] = self._random.choice(
            [
                self._world.other_hands.end_the_run,
                self._world.other_hands.delete_the_run,
                self._world.other_hands.take_the_place,
                self._world.other_hands.lose_the_run_by_failover,
            ]
        )
        self._note(what.__name__)
        what()

    def _note(self, line: str) -> None:
        self._trace.append(f"{self._world.time():8.1f}  {line}")
