"""How an example ends: after the last fault everything must come to rest, within a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.model.world import World

QUIET_SECONDS = 45.0
"""After the last fault: more than any bound."""
PLAIN_QUIET_SECONDS = 300.0
"""On a plain Livy, which is given 150 s to show a start whose commit may itself be late."""
TURN_SECONDS = 1.0


def settle_down(world: World) -> None:
    """The faults end; everybody finishes, what is late arrives, and one process watches on. Raises Violation."""
    world.scheduler.away.clear()
    world.scheduler.suspended.clear()
    world.server.is_full = False
    while world.scheduler.on_its_way and not world.server.plain:  # at a plain Livy it arrives as late as it may
        world.deliver(0)
    for _ in range(2000):
        ready = world.scheduler.ready()
        if not ready and not world.scheduler.tasks:
            break
        if ready:
            world.go(ready[0])
        else:
            world.move(0.5)
    else:
        raise AssertionError("an operator's task does not come to an end")
    _release_other_programs_runs(world)
    if world.database.schedules:
        enabled = world.database.schedules[1].is_enabled
        world.reschedule(is_enabled=enabled, ends_at=world.time.now(), when_busy=world.database.schedules[1].when_busy)
    # The other one may hold the lease and can't ask Spark: it has to let go.
    world.scheduler.away = {f"spark of {world.operators[2].actor.user}"}
    _watch_on(world)
    if any(engine.stop_reason for engine in world.database.engines.values()):
        _watch_on(world)  # a limit that was come to just now: its stop has its time, too
    world.monitor.check_at_rest()


def _release_other_programs_runs(world: World) -> None:
    """So that what is left is ours."""
    for run_id, run in list(world.database.runs.items()):
        if run.is_running and run_id not in world.database.engines:
            world.operators[0].controller.release_run(run_id)


def _watch_on(world: World) -> None:
    for _ in range(int((PLAIN_QUIET_SECONDS if world.server.plain else QUIET_SECONDS) / TURN_SECONDS)):
        for operator in (world.operators[2], world.operators[0]):
            before = world.monitor.before_step()
            operator.watcher._turn()
            world.monitor.after_step(before)
            if operator.watcher.holds_lease:
                before = world.monitor.before_step()
                operator.schedules.turn()
                world.monitor.after_step(before)
        world.move(TURN_SECONDS)
