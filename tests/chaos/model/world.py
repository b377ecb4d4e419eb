"""Operators, watchers, other programs and a Spark on one record; every step of theirs is chosen from outside."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pipeline_gui.pipeline import starting, stopping
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.schedules.checks import checked_schedule
from tests.chaos.model.invariants import Monitor
from tests.chaos.model.operators import Operator
from tests.chaos.model.other_hands import OtherHands
from tests.chaos.model.scheduler import Fault, Scheduler, Task
from tests.chaos.model.schedules import MemorySchedules
from tests.chaos.model.spark import MemoryBatch, MemoryServer
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.time import VirtualTime

FOREIGN = ("0123456789abc.theirs", "other.run-1")
"""Batches of others; the first begins with our installation's id."""
LATEST_SECONDS = 120.0
"""How late a request may still arrive at a plain Livy: there, nothing but time says that it never will."""
SCHEDULE: dict[str, Any] = {"every_minutes": 1, "retries": 2, "retry_delay_seconds": 5, "catch_up_seconds": 600}


class World:
    """Everything of one example."""

    def __init__(
        self,
        *,
        guard: bool = True,
        one_running: bool = True,
        plain: bool = False,
        schedules: bool = False,
        make_store: Callable[[Database], MemoryStore] = MemoryStore,
    ) -> None:
        self.time = VirtualTime()
        self.scheduler = Scheduler(self.time)
        self.database = Database(self.time, one_running=one_running)
        self.server = MemoryServer(self.time, guard=guard, plain=plain)
        self.make_store = make_store
        self.has_schedules = schedules
        self.monitor = Monitor(self.database, self.server)
        self.other_hands = OtherHands(self.time, self.database, self.server, self.monitor)
        self.operators: list[Operator] = []
        self._numbers = itertools.count(1)
        for name in FOREIGN:
            self.server.post(name)

    # --- what operators do --------------------------------------------------------------------------------------

    def start(self, operator: int, grace: float = 2.0) -> Task:
        """Press Start."""
        controller = self.operators[operator].controller
        # Who takes long to end has a limit, so that limits are come to without another choice.
        limit = 30.0 if grace > 2 else None
        configuration = {"name": "p", "file": "/p.py", "grace_seconds": grace, "timeout_seconds": limit}
        return self._spawn(operator, "start", lambda: controller.start_pipeline(configuration))

    def stop(self, operator: int, grace: float | None = None) -> Task | None:
        """Press Stop, of the run that is shown as running."""
        running = MemoryStore(self.database).running()
        if running is None:
            return None
        run_id, controller = running.run.run_id, self.operators[operator].controller
        self.monitor.stop_was_pressed(run_id)
        return self._spawn(operator, "stop", lambda: controller.stop_run(run_id, grace_seconds=grace))

    def abandon(self, operator: int) -> Task | None:
        """Let go of the running run."""
        running = MemoryStore(self.database).running()
        if running is None:
            return None
        run_id, controller = running.run.run_id, self.operators[operator].controller
        return self._spawn(operator, "abandon", lambda: controller.abandon_run(run_id))

    def confirm_gone(self, operator: int) -> Task | None:
        """Say that nothing lives of a run whose server lost its records; of no other would a person know."""
        lost = [
            record.run.run_id
            for record in MemoryStore(self.database).not_gone()
            if record.engine is not None and record.engine.generation != self.server.generation
        ]
        controller = self.operators[operator].controller
        return self._spawn(operator, "confirm gone", lambda: controller.confirm_gone(lost[0])) if lost else None

    def release(self, operator: int) -> Task | None:
        """Free the place that another program's row holds."""
        running = MemoryStore(self.database).running()
        if running is None or running.engine is not None:
            return None
        run_id, controller = running.run.run_id, self.operators[operator].controller
        return self._spawn(operator, "release", lambda: controller.release_run(run_id))

    def status(self, operator: int) -> Task:
        """Ask what is going on."""
        return self._spawn(operator, "status", self.operators[operator].controller.get_pipeline_status)

    def look(self, operator: int) -> Task:
        """One look, as an answer to status takes it."""
        return self._spawn(operator, "look", self.operators[operator].watcher.step)

    def watch(self, operator: int) -> Task:
        """One turn of the watcher's loop."""
        return self._spawn(operator, "watch", self.operators[operator].watcher._turn)

    def hunt(self, operator: int) -> Task:
        """One hunt for orphans."""
        return self._spawn(operator, "hunt", self.operators[operator].watcher._orphans.hunt)

    def turn(self, operator: int) -> Task:
        """One turn of the scheduler, of whoever thinks that it is on him, or that Spark answers nobody."""
        owner = self.operators[operator]
        return self._spawn(operator, "turn", lambda: owner.schedules.turn(owner.watcher.silence))

    def reschedule(self, **values: Any) -> None:
        """Make the schedule, or change it."""
        tables = MemorySchedules(self.database)
        said = checked_schedule({"name": "minutely", "configuration": "p", **SCHEDULE, **values})
        by = Actor("ana", "ops-1", "window")
        if not self.database.schedules:
            tables.create(said, by)
        else:
            tables.replace(1, self.database.schedules[1].revision, said, by)

    def _spawn(self, operator: int, name: str, work: Callable[[], Any]) -> Task:
        return self.scheduler.spawn(self.operators[operator], name, work)

    # --- what happens -------------------------------------------------------------------------------------------

    def go(self, task: Task, fault: Fault = Fault.NONE) -> None:
        """Let a task make the call that it stands at; a process that is killed in it takes all its tasks along."""
        before = self.monitor.before_step()
        task.resume(fault)
        if fault in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.KILLED_LATE):
            self.kill(next(i for i, operator in enumerate(self.operators) if operator is task.owner))
        self.monitor.after_step(before)
        if task.done:
            if task.surprise is not None:
                raise task.surprise
            self.monitor.check_answer(task.name, task.run_id, task.answer)

    def kill(self, operator: int) -> None:
        """kill -9, and the program is opened anew."""
        dead = self.operators[operator]
        self.scheduler.suspended.discard(dead.actor.user)
        for task in self.scheduler.tasks:
            if task.owner is dead:
                task.kill()
        self.operators[operator] = Operator(self, dead.actor.user)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        before = self.monitor.before_step()
        self.time.move(seconds)
        self.server.tick()
        if self.server.plain:
            self.scheduler.deliver_older_than(LATEST_SECONDS)
        self.monitor.after_step(before)

    def suspend(self, operator: int) -> None:
        """SIGSTOP of a whole process, or SIGCONT: it stands where it stands while others go on."""
        self.scheduler.suspended ^= {self.operators[operator].actor.user}

    def deliver(self, index: int) -> None:
        """Something late arrives."""
        before = self.monitor.before_step()
        self.scheduler.deliver(index)
        self.monitor.after_step(before)

    def ours_alive(self) -> list[MemoryBatch]:
        """The batches of this installation that are alive."""
        prefix = f"{self.database.installation_id}."
        return [batch for batch in self.server.batches if batch.is_alive and batch.name.startswith(prefix)]

    def batch_ends(self, exit_code: int) -> None:
        """The driver ends by itself, or dies."""
        for batch in self.ours_alive():
            self.server.end(batch, exit_code)
        self.monitor.after_step(None)

    def state_is_lost(self) -> None:
        """The command server's state directory is lost."""
        self.server.lose_state()
        self.monitor.state_was_lost()

    def disk_fills(self) -> None:
        """The server refuses launches for now, or takes them again."""
        self.server.is_full = not self.server.is_full

    def goes_away(self, port: str) -> None:
        """The database or Spark can't be reached, by anybody or by one user; or can be again."""
        self.scheduler.away ^= {port}

    # --- what makes it go ---------------------------------------------------------------------------------------

    def new_run_id(self, _name: str) -> str:
        """Run ids in order, so that an example repeats itself."""
        run_id = f"p-{next(self._numbers):03}"
        task = getattr(self.scheduler.current, "task", None)
        if task is not None:
            task.run_id = run_id
        return run_id

    @contextmanager
    def running(self) -> Iterator[World]:
        """The domain's waits pass virtual time, and its run ids are counted."""
        waits: Any = SimpleNamespace(Event=lambda: _VirtualEvent(self.scheduler))
        with (
            patch.object(starting, "threading", waits),
            patch.object(stopping, "threading", waits),
            patch.object(starting, "new_run_id", self.new_run_id),
        ):
            try:
                self.operators = [Operator(self, user) for user in ("ana", "ben", "zoe")]
                if self.has_schedules:
                    self.reschedule()
                yield self
            finally:
                self.scheduler.close()


KINDS: dict[str, Callable[[], World]] = {
    "both guards": World,
    "database alone": lambda: World(guard=False),
    "plain Livy": lambda: World(plain=True),
    "schedules": lambda: World(schedules=True),
}
"""What a world may stand on."""


class _VirtualEvent:
    """threading.Event whose waits pass virtual time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def wait(self, timeout: float) -> bool:
        self._scheduler.sleep(timeout)
        return False

    def is_set(self) -> bool:
        return False

    def set(self) -> None:
        """Nobody waits in real time."""
