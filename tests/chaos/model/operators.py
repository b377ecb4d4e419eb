"""The processes of operators, each on ports whose calls are let go one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.scheduling import Scheduler as Schedules
from pipeline_gui.pipeline.watcher import Watcher
from tests.chaos.model.scheduler import Scheduler, refusal
from tests.chaos.model.spark import MemorySpark
from tests.chaos.points import NO_REQUEST, point_of_caller

if TYPE_CHECKING:
    from tests.chaos.model.world import World


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


def _resolved(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the schedule starts; everything else says all of itself."""
    return {"name": "p", "file": "/p.py", "grace_seconds": 2.0} if "configuration" in values else values
