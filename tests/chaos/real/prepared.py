"""How things stand before the victim does anything."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from pipeline_gui.pipeline.ports import Actor, NewRun

if TYPE_CHECKING:
    from tests.pipeline.conftest import World

OTHER = Actor("ben", "ops-1", "window")
DONE = "print('done')"
_LATE = "UPDATE pipeline_runs SET start_time = start_time - interval '1 h' WHERE status = 'running'"
_AGED = "UPDATE pipeline_runs SET start_time = start_time - interval '9 s' WHERE status = 'running'"


def nothing(world: World) -> None:
    """Nothing runs."""


def running(world: World) -> str:
    """A run at work."""
    return world.start()


def unseen(world: World) -> str:
    """A run at work whose batch nobody recorded yet."""
    run_id = world.start()
    world.execute("UPDATE pipeline_run_engine SET batch_id = NULL, phase = 'starting'")
    world.execute(_AGED)
    return run_id


def outlasting(world: World) -> str:
    """A run at work, past its limit."""
    run_id = world.start(timeout_seconds=600)
    world.execute(_LATE)
    return run_id


def completed_past_limit(world: World) -> str:
    """A run that ended while nobody looked, later than it may have."""
    run_id = world.start(DONE, timeout_seconds=600)
    world.server.wait_for_state(world.batch_name(run_id), "success")
    world.execute(_LATE)
    return run_id


def abandoned(world: World) -> str:
    """A run that was let go of and lives on."""
    run_id = world.start()
    world.controller.abandon_run(run_id)
    return run_id


def abandoned_and_dead(world: World) -> str:
    """A run that was let go of and has died since."""
    run_id = abandoned(world)
    for pid in world.processes(run_id):
        os.kill(pid, signal.SIGKILL)
    world.server.wait_for_state(world.batch_name(run_id), "dead")
    return run_id


def completed(world: World) -> str:
    """A run that ended while nobody looked."""
    run_id = world.start(DONE)
    world.server.wait_for_state(world.batch_name(run_id), "success")
    return run_id


def settled(world: World) -> str:
    """A run that ended, as everybody knows."""
    run_id = completed(world)
    world.settle_until_ended(run_id)
    return run_id


def failed(world: World) -> str:
    """A run that failed while nobody looked."""
    run_id = world.start("raise ValueError('x')")
    world.server.wait_for_state(world.batch_name(run_id), "dead")
    return run_id


def never_sent(world: World) -> str:
    """A row whose starter died before it sent anything."""
    installation, identity = world.plain_store.installation().installation_id, world.plain_spark.identity()
    new = NewRun("p-1", f"{installation}.p-1", "spark-submit x", {}, identity.url, identity.generation, 1.0)
    world.plain_store.insert(new, world.actor)
    world.execute(_AGED)
    return new.run_id


def stop_recorded(world: World) -> str:
    """A run at work whose stop was recorded by a process that died then."""
    run_id = world.start()
    world.plain_store.request_stop(run_id, 0, OTHER)
    return run_id


def ended_by_another_program(world: World) -> str:
    """A run at work whose row another program ended."""
    run_id = world.start()
    world.execute("UPDATE pipeline_runs SET status = 'completed'")
    return run_id


def without_a_row(world: World) -> str:
    """A batch whose rows a failover lost."""
    run_id = world.start()
    world.execute("DELETE FROM pipeline_runs")
    world.execute("DELETE FROM pipeline_run_engine")
    return run_id


def lasting_too_long(world: World) -> str:
    """A run at work, slower than its past, and past what is told."""
    for condition, minutes in (("slow", "NULL"), ("limit", "10")):
        world.execute(
            "INSERT INTO pipeline_alerts (name, name_key, condition, minutes, receiver) "
            f"VALUES ('{condition}', '{condition}', '{condition}', {minutes}, 'ops')"
        )
    for number in range(5):
        world.execute(
            f"INSERT INTO pipeline_runs (run_id, status, start_time, metadata) VALUES ('past-{number}', 'running', "
            """now() - interval '1 day', '{"configuration": {"name": "app"}}')"""
        )
        world.execute("UPDATE pipeline_runs SET status = 'completed', duration = 60 WHERE status = 'running'")
    run_id = world.start()
    world.execute(_LATE)
    return run_id


def a_test_is_asked_for(world: World) -> str:
    """Somebody tries a receiver, while what ended is still to be told."""
    run_id = settled(world)
    world.plain_store.alerts.ask_for_test(world.plain_store.alerts.all()[0], OTHER)
    return run_id


def foreign(world: World) -> str:
    """Another program's running row."""
    world.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    return "theirs"
