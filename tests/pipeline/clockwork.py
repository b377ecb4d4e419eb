"""A schedule and its scheduler, on a real database and command server, by a clock that tests move."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.schedule import Decided, Schedule, ScheduleState
from pipeline_gui.pipeline.scheduling import Scheduler
from pipeline_gui.schedules.checks import checked_schedule
from pipeline_gui.store.schedules import PostgresSchedules

if TYPE_CHECKING:
    from tests.pipeline.conftest import World

BY = Actor("schedule", "ops-3", "watcher")


class MovedSchedules:
    """The real ones, by a clock that is ahead of the database's."""

    def __init__(self, schedules: PostgresSchedules) -> None:
        self._schedules = schedules
        self.ahead = timedelta()

    def state(self) -> ScheduleState:
        state = self._schedules.state()
        return replace(state, now=state.now + self.ahead)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._schedules, name)


class Clockwork:
    """A schedule every minute, and a scheduler that a test turns."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.plain = world.plain_store.schedules
        self.schedules = MovedSchedules(self.plain)
        self.source: str | None = None
        """Of the application; None: it sleeps."""
        self.more: dict[str, Any] = {}
        """What the configuration says besides."""
        self.scheduler = self.another()

    def another(self) -> Scheduler:
        """A scheduler of another process."""
        world = self.world
        controller = PipelineController(
            world.store,
            world.spark,
            BY,
            world.watcher,
            resolve=lambda values: self._resolve(str(values["configuration"])),
        )
        return Scheduler(self.schedules, world.store, controller.start_scheduled, BY)

    def end_of(self, run_id: str) -> RunRecord:
        """The end of a run, recorded; by the moved clock it is now."""
        record = self.world.settle_until_ended(run_id)
        self.ended_now(run_id)
        return record

    def ended_now(self, run_id: str) -> None:
        """Move the recorded end of a run to the moved clock's now."""
        self.world.execute(
            "UPDATE pipeline_runs SET end_time = %s WHERE run_id = %s",
            self.schedules.state().now.astimezone(UTC).replace(tzinfo=None),
            run_id,
        )

    def _resolve(self, name: str) -> dict[str, Any]:
        if name != "app":
            raise ConfigurationInvalid(f"There is no configuration {name!r}.", field="configuration")
        return self.world.configuration(*([self.source] if self.source else []), **self.more)

    def add(self, **values: Any) -> Schedule:
        """Make the schedule."""
        checked = checked_schedule({"name": "Minutely", "configuration": "app", "every_minutes": 1, **values})
        return self.plain.create(checked, self.world.actor)

    def move(self, **time: float) -> None:
        """Let time pass."""
        self.schedules.ahead += timedelta(**time)

    def turn_when_due(self) -> float:
        """Let time pass to half a second after the next time, and turn."""
        self.move_to_next()
        return self.scheduler.turn()

    def move_to_next(self) -> None:
        """Let time pass to half a second after the next time."""
        state = self.schedules.state()
        following = next(state.standings[0].schedule.times_after(state.now))
        self.move(seconds=(following - state.now).total_seconds() + 0.5)

    def decided(self, schedule: Schedule) -> list[Decided]:
        """What became of its times, oldest first."""
        return self.plain.decided(schedule.schedule_id, 100_000)[::-1]

    def outcomes(self, schedule: Schedule) -> list[str]:
        """The same in words."""
        return [one.outcome.value for one in self.decided(schedule)]
