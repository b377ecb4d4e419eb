"""What a victim does for a schedule: a time that has come, one that waits, one that was missed, a run that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import Outcome, Schedule
from pipeline_gui.pipeline.scheduling import Scheduler
from pipeline_gui.schedules.checks import checked_schedule
from tests.chaos.real.rows import rows_of

if TYPE_CHECKING:
    from tests.chaos.real.victim import Victim
    from tests.pipeline.conftest import World

BY = Actor("schedule", "ops-1", "watcher")
GONE = "gone"
"""The configuration that is no more."""
FAILS = "raise ValueError('x')"
LATE_SECONDS, TOO_LATE_SECONDS = 5, 300
SAID: dict[str, Any] = {
    "name": "hourly", "configuration": "app", "every_minutes": 60, "catch_up_seconds": 3600, "retries": 1,
    "retry_delay_seconds": 0,
}  # fmt: skip
# As if it had been made then: who made it and since when is the trigger's to say.
_COME = """
    SET session_replication_role = replica;
    UPDATE pipeline_schedules SET since = (now() AT TIME ZONE 'UTC') - interval '{0} s' - interval '1 s',
        starts_at = (now() AT TIME ZONE 'UTC') - interval '{0} s'
"""
_SILENT = """
    SELECT starts_at FROM pipeline_schedules AS schedule WHERE is_enabled AND starts_at <= now() AT TIME ZONE 'UTC'
      AND NOT EXISTS (SELECT FROM pipeline_schedule_firings AS firing
                      WHERE firing.schedule_id = schedule.schedule_id AND due = starts_at AND attempt = 1)
"""
_TWICE = """
    SELECT metadata ->> 'due' AS due, count(*) FROM pipeline_runs WHERE metadata ? 'due'
    GROUP BY metadata ->> 'due', metadata ->> 'attempt' HAVING count(*) > 1
"""
_UNRECORDED = """
    SELECT run_id FROM pipeline_runs WHERE metadata ? 'due' AND NOT EXISTS (
        SELECT FROM pipeline_schedule_firings AS firing WHERE firing.run_id = pipeline_runs.run_id)
"""
_WITHOUT_RUN = """
    SELECT run_id FROM pipeline_schedule_firings AS firing WHERE outcome = 'started' AND NOT EXISTS (
        SELECT FROM pipeline_runs AS run WHERE run.run_id = firing.run_id)
"""
_WITHOUT_EVENT = """
    SELECT due, attempt, outcome FROM pipeline_schedule_firings AS firing WHERE NOT EXISTS (
        SELECT FROM pipeline_run_events AS event WHERE (event.detail ->> 'due')::timestamp = firing.due
          AND coalesce((event.detail ->> 'attempt')::int, 1) = firing.attempt
          AND event.kind LIKE '%' || replace(firing.outcome, '_', ' '))
"""


def scheduler_of(world: World, source: str | None = None) -> Scheduler:
    """A scheduler of a process that nothing fails."""
    configuration = world.configuration(*([source] if source else []))

    def resolved(values: Mapping[str, Any]) -> Mapping[str, Any]:
        return configuration

    controller = PipelineController(world.plain_store, world.plain_spark, BY, world.watcher, resolve=resolved)
    return Scheduler(world.plain_store.schedules, world.plain_store, controller.start_scheduled, BY)


# --- before ---------------------------------------------------------------------------------------------------------


def due(late: int = LATE_SECONDS, **values: Any) -> Callable[[World], None]:
    """A time has come."""

    def prepare(world: World) -> None:
        _make(world, late, **values)

    return prepare


def _make(world: World, late: int = LATE_SECONDS, **values: Any) -> Schedule:
    made = world.plain_store.schedules.create(checked_schedule({**SAID, **values}), BY)
    world.execute(_COME.format(late))
    found = world.plain_store.schedules.find("hourly")
    assert found is not None
    assert found.schedule_id == made.schedule_id
    return found


def due_beside_a_run(**values: Any) -> Callable[[World], str]:
    """A time has come while something runs."""

    def prepare(world: World) -> str:
        run_id = world.start(grace_seconds=0)
        _make(world, **values)
        return run_id

    return prepare


def waiting(world: World) -> None:
    """A time waits, and what it waited for has ended."""
    schedule = _make(world, when_busy="wait")
    [first] = schedule.upcoming(schedule.since, 1)
    world.plain_store.schedules.decide(schedule, [first], Outcome.WAITING, "Something was running.", BY)


def ended(source: str, *, beside_a_run: bool = False, **values: Any) -> Callable[[World], str]:
    """A run of a schedule has ended, and nobody has answered that."""

    def prepare(world: World) -> str:
        _make(world, **values)
        scheduler_of(world, source).turn()
        running = world.plain_store.running()
        assert running is not None
        world.settle_until_ended(running.run.run_id)
        if beside_a_run:
            world.start()
        return running.run.run_id

    return prepare


# --- what the victim does -------------------------------------------------------------------------------------------


def turn(victim: Victim) -> Any:
    """Take a turn of the scheduler."""
    return victim.scheduler.turn()


def beaten_turn(victim: Victim) -> Any:
    """Take a turn, while another program takes the place."""
    point = "Starter.start store.insert of a time"
    victim.before[point] = lambda: victim.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('x', 'running')")
    return turn(victim)


# --- afterwards -----------------------------------------------------------------------------------------------------


def is_at_rest(world: World) -> bool:
    """Whether nothing is due, nothing that waits could start, and every end is answered."""
    state = world.plain_store.schedules.state()
    if rows_of(world, _SILENT):
        return False
    for standing in state.standings:
        answered = {(row.due, row.attempt - 1) for row in _decided(world, standing.schedule)}
        ends = [one for one in standing.awaited if not one.record.run.is_running]
        if (standing.waiting is not None and state.running is None) or any(
            (one.attempt.due, one.attempt.number) not in answered for one in ends
        ):
            return False
    return True


def _decided(world: World, schedule: Schedule) -> list[Any]:
    return world.plain_store.schedules.decided(schedule.schedule_id, 100)


def violations(world: World) -> Iterator[str]:
    """What is wrong with the schedules."""
    for what, query in (
        ("nobody decided what becomes of", _SILENT),
        ("more than one run was started for", _TWICE),
        ("no time is recorded to have started", _UNRECORDED),
        ("a time is recorded to have started what is not there:", _WITHOUT_RUN),
        ("no event tells of", _WITHOUT_EVENT),
    ):
        for row in rows_of(world, query):
            yield f"9: {what} {row}"
