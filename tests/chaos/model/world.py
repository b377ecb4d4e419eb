"""Operators, watchers, other programs and a Spark on one record; every step of theirs is chosen from outside."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pipeline_gui.pipeline import starting, stopping
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import Run
from pipeline_gui.pipeline.scheduling import Scheduler as Schedules
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.schedules.checks import checked_schedule
from tests.chaos.model.invariants import Monitor
from tests.chaos.model.scheduler import Fault, Scheduler, Task, refusal
from tests.chaos.model.schedules import MemorySchedules
from tests.chaos.model.spark import MemoryBatch, MemoryServer, MemorySpark
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.time import VirtualTime
from tests.chaos.points import NO_REQUEST, point_of_caller

FOREIGN = ("0123456789abc.theirs", "other.run-1")
"""Batches of others; the first begins with our installation's id."""
QUIET_SECONDS = 45.0
"""After the last fault: more than any bound."""
PLAIN_QUIET_SECONDS = 300.0
"""On a plain Livy, which is given 150 s to show a start whose commit may itself be late."""
LATEST_SECONDS = 120.0
"""How late a request may still arrive at a plain Livy: there, nothing but time says that it never will."""
TURN_SECONDS = 1.0
SCHEDULE: dict[str, Any] = {"every_minutes": 1, "retries": 2, "retry_delay_seconds": 5, "catch_up_seconds": 600}


class Wired:
    """A port whose calls hand over to the scheduler first."""

    def __init__(self, port: Any, name: str, user: str, scheduler: Scheduler, *, server: str | None = None) -> None:
        self._port = port
        self._name = name
        self._server = server or name
        """What it leads to: with that it goes away."""
        self._names = {self._server, f"{self._server} of {user}"}
        self._scheduler = scheduler

    def __getattr__(self, method: str) -> Any:
        value = getattr(self._port, method)
        if f"{self._name}.{method}" in NO_REQUEST:
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            point = point_of_caller(self._name, method, args)
            timeout = {"timeout": args[2]} if method == "submit" else {}

            def effect() -> Any:
                if self._names & self._scheduler.away:
                    raise refusal(self._server, point)
                return value(*args, **kwargs)

            return self._scheduler.call(self._name, point, method, effect, **timeout)

        return call


class Operator:
    """One process: a controller and a watcher, on ports of its own."""

    def __init__(self, world: World, user: str) -> None:
        self.actor = Actor(user, "ops-1", "terminal")
        plain = world.make_store(world.database)
        plain.pause = lambda: world.scheduler.sleep(0)
        store: Any = Wired(plain, "store", user, world.scheduler)
        spark: Any = Wired(MemorySpark(world.server), "spark", user, world.scheduler)
        is_always_on = user == "zoe"
        self.watcher = Watcher(store, spark, self.actor, clock=world.time, is_always_on=is_always_on)
        self.controller = PipelineController(
            store, spark, self.actor, self.watcher, resolve=_resolved, clock=world.time
        )
        schedules: Any = Wired(plain.schedules, "schedules", user, world.scheduler, server="store")
        fired = Actor("schedule", self.actor.host, "watcher")
        start = self.controller.acting_for(fired).start_scheduled
        self.schedules = Schedules(schedules, store, start, fired)


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
        self.failover_without_guard = False
        """Whether commits may be lost though no other guard is there: then two batches at once are to be expected."""
        self.monitor = Monitor(self.database, self.server)
        self.operators: list[Operator] = []
        self._numbers = itertools.count(1)
        self._foreign = itertools.count(1)
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

    def failover_loses_the_run(self) -> None:
        """The database's new primary never had the last commits; Spark's guard alone knows of the run."""
        running = MemoryStore(self.database).running()
        if running is not None and (self.server.guard or self.failover_without_guard):
            self.database.delete(running.run.run_id)
            self.database.engines.pop(running.run.run_id, None)
            self._lose_firing(running.run.run_id)
            self.monitor.other_program_wrote(running.run.run_id)
            self.monitor.after_step(None)

    def _lose_firing(self, run_id: str) -> None:
        """The time that started it was in the commit that is lost, and what was decided since is lost with it."""
        rows = self.database.firings
        lost = next((row for row in rows.values() if row.run_id == run_id), None)
        since = [key for key, row in rows.items() if lost and row.decided_at >= lost.decided_at]  # type: ignore[operator]
        for key in since:
            again = rows[key].retry_of is not None
            MemorySchedules(self.database).forget(key)
            self.monitor.firing_was_lost(key)
            before = (key[0], key[1], key[2] - 1)
            if again and before in rows and before not in since:
                self.database.awaited.add(before)

    def goes_away(self, port: str) -> None:
        """The database or Spark can't be reached, by anybody or by one user; or can be again."""
        self.scheduler.away ^= {port}

    def other_program_ends_the_run(self) -> None:
        """Another program writes a terminal status into the running row."""
        running = MemoryStore(self.database).running()
        if running is not None:
            self.database.put(Run(**{**_values(self.database.runs[running.run.run_id]), "status": "completed"}))
            self.monitor.other_program_wrote(running.run.run_id)
            self.monitor.after_step(None)

    def other_program_deletes_the_run(self) -> None:
        """Another program deletes the running row."""
        running = MemoryStore(self.database).running()
        if running is not None:
            self.database.delete(running.run.run_id)
            self.monitor.other_program_wrote(running.run.run_id)
            self.monitor.after_step(None)

    def other_program_runs(self) -> None:
        """Another program takes the single place, if it is free."""
        if MemoryStore(self.database).running() is None:
            run_id = f"theirs-{next(self._foreign)}"
            self.database.put(Run(run_id, None, "Running ", self.time.now(), None, None, None, None))

    # --- the end ------------------------------------------------------------------------------------------------

    def settle_down(self) -> None:
        """The faults end; everybody finishes, what is late arrives, and one process watches on."""
        self.scheduler.away.clear()
        self.scheduler.suspended.clear()
        self.server.is_full = False
        while self.scheduler.on_its_way and not self.server.plain:  # at a plain Livy it arrives as late as it may
            self.deliver(0)
        for _ in range(2000):
            ready = self.scheduler.ready()
            if not ready and not self.scheduler.tasks:
                break
            if ready:
                self.go(ready[0])
            else:
                self.move(0.5)
        else:
            raise AssertionError("an operator's task does not come to an end")
        self.other_programs_end()
        if self.database.schedules:
            enabled = self.database.schedules[1].is_enabled
            self.reschedule(is_enabled=enabled, ends_at=self.time.now(), when_busy=self.database.schedules[1].when_busy)
        # The other one may hold the lease and can't ask Spark: it has to let go.
        self.scheduler.away = {f"spark of {self.operators[2].actor.user}"}
        self._watch_on()
        if any(engine.stop_reason for engine in self.database.engines.values()):
            self._watch_on()  # a limit that was come to just now: its stop has its time, too
        self.monitor.check_at_rest()

    def _watch_on(self) -> None:
        for _ in range(int((PLAIN_QUIET_SECONDS if self.server.plain else QUIET_SECONDS) / TURN_SECONDS)):
            for operator in (self.operators[2], self.operators[0]):
                before = self.monitor.before_step()
                operator.watcher._turn()
                self.monitor.after_step(before)
                if operator.watcher.holds_lease:
                    before = self.monitor.before_step()
                    operator.schedules.turn()
                    self.monitor.after_step(before)
            self.move(TURN_SECONDS)

    def other_programs_end(self) -> None:
        """Rows of other programs are released, so that what is left is ours."""
        for run_id, run in list(self.database.runs.items()):
            if run.is_running and run_id not in self.database.engines:
                self.operators[0].controller.release_run(run_id)

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


def _resolved(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the schedule starts; everything else says all of itself."""
    return {"name": "p", "file": "/p.py", "grace_seconds": 2.0} if "configuration" in values else values


def _values(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__slots__}
