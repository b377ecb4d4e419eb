"""Alerts that come with time, on a real database and command server; the tests move the run's start."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pipeline_gui.alerts.checks import checked_alert
from pipeline_gui.pipeline.alert import Alert, Message
from pipeline_gui.pipeline.alerting import LOOK_SECONDS, Alarm
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.watcher import Watcher
from tests.pipeline.conftest import World, own_server, own_world, shared_server, world
from tests.waiting import wait_until

__all__ = ["own_server", "own_world", "shared_server", "world"]  # fixtures

BY = Actor("alerts", "ops-3", "watcher")


def add(world: World, condition: str, **values: Any) -> Alert:
    checked = checked_alert({"name": condition, "condition": condition, "receiver": "ops", **values})
    return world.plain_store.alerts.create(checked, world.actor)


def alarm(world: World) -> Alarm:
    store = world.plain_store
    return Alarm(store.alerts, store, store, BY)


def told(world: World) -> list[Message]:
    return world.plain_store.alerts.messages(None, 100)


def age(world: World, seconds: float) -> None:
    world.execute(
        "UPDATE pipeline_runs SET start_time = start_time - make_interval(secs => %s) WHERE status = 'running'", seconds
    )


def past_of(world: World, *seconds: float, name: str = "app") -> None:
    for number, each in enumerate(seconds):
        world.execute(
            "INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata) VALUES "
            "(%s, 'completed', now() - interval '1 day', now() - interval '1 day', %s, "
            "jsonb_build_object('configuration', jsonb_build_object('name', %s::text)))",
            f"{name}-old-{number}", each, name,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def _stopped(world: World) -> Any:
    yield
    running = world.plain_store.running()
    if running is not None and running.engine is not None:
        world.controller.stop_run(running.run.run_id, grace_seconds=0)


def test_a_fixed_limit_is_told_once_when_it_has_passed(world: World) -> None:
    add(world, "limit", minutes=10)
    assert alarm(world).turn() == LOOK_SECONDS
    run_id = world.start()
    assert alarm(world).turn() == LOOK_SECONDS
    age(world, 595)
    assert 0 < alarm(world).turn() < 6
    assert told(world) == []
    age(world, 10)
    alarm(world).turn()
    alarm(world).turn()
    [message] = told(world)
    assert (message.run_id, message.condition) == (run_id, "limit")
    assert message.facts["limit_seconds"] == 600
    assert 605 <= message.facts["duration"] < 660


def test_what_lasts_longer_than_its_own_past_lets_expect(world: World) -> None:
    add(world, "slow")
    past_of(world, 600, 600, 590, 610, 600)
    past_of(world, 1, 1, 1, 1, 1, name="other")
    run_id = world.start()
    watching = alarm(world)
    age(world, 700)
    watching.turn()
    assert told(world) == []
    age(world, 60)
    watching.turn()
    [message] = told(world)
    assert (message.run_id, message.facts["usual_seconds"], message.facts["limit_seconds"]) == (run_id, 600, 750)
    assert message.facts["runs"] == 5


def test_without_a_past_nothing_is_slow(world: World) -> None:
    add(world, "slow")
    past_of(world, 1, 1, 1, 1)
    world.start()
    age(world, 100_000)
    assert alarm(world).turn() == LOOK_SECONDS
    assert told(world) == []


def test_a_rule_for_another_pipeline_or_paused_says_nothing(world: World) -> None:
    add(world, "limit", minutes=1, pipeline="other")
    add(world, "limit", minutes=1, name="paused", is_enabled=False)
    world.start()
    age(world, 600)
    alarm(world).turn()
    assert told(world) == []


def test_another_programs_run_may_last_too_long_as_well(world: World) -> None:
    add(world, "limit", minutes=1)
    add(world, "lost_contact", minutes=1)
    world.execute(
        "INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('theirs', 'running', now() - interval '2 h')"
    )
    alarm(world).turn()
    assert [(message.condition, message.run_id) for message in told(world)] == [("limit", "theirs")]
    world.execute("DELETE FROM pipeline_runs")


def test_lost_contact_is_told_when_it_lasts(world: World) -> None:
    add(world, "lost_contact", minutes=5)
    world.start()
    world.execute("UPDATE pipeline_run_engine SET contact_lost_at = (now() AT TIME ZONE 'UTC') - interval '4 minutes'")
    alarm(world).turn()
    assert told(world) == []
    world.execute("UPDATE pipeline_run_engine SET contact_lost_at = (now() AT TIME ZONE 'UTC') - interval '6 minutes'")
    alarm(world).turn()
    [message] = told(world)
    assert message.facts["silent_seconds"] >= 360


def test_many_who_look_at_once_tell_once(world: World) -> None:
    add(world, "limit", minutes=1)
    add(world, "slow")
    past_of(world, 1, 1, 1, 1, 1)
    world.start()
    age(world, 600)
    gate = threading.Barrier(4)

    def look() -> None:
        gate.wait(10)
        alarm(world).turn()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(message.condition for message in told(world)) == ["limit", "slow"]


def test_in_a_copy_nothing_is_told(world: World) -> None:
    add(world, "limit", minutes=1)
    world.start()
    age(world, 600)
    world.execute("UPDATE pipeline_installation SET database_oid = 1")
    alarm_in_copy = alarm(world)
    world.plain_store._session._installation = None
    alarm_in_copy.turn()
    assert told(world) == []
    world.execute(
        "UPDATE pipeline_installation SET database_oid = "
        "(SELECT oid::bigint FROM pg_database WHERE datname = current_database())"
    )


def test_lost_contact_is_looked_at_while_nobody_holds_the_lease(own_world: World) -> None:
    """While Spark is away nobody does: it is told by whoever can't reach it."""
    add(own_world, "lost_contact", minutes=0.05)
    run_id = own_world.start()
    watcher = Watcher(own_world.plain_store, own_world.plain_spark, own_world.actor)
    watcher.take_on("alerts", alarm(own_world).turn, without_spark=True)
    watcher.start()
    try:
        wait_until(lambda: watcher.holds_lease, 10, "the lease")
        own_world.server.kill()
        [message] = wait_until(lambda: told(own_world), 40, "the message")
        assert (message.run_id, message.condition) == (run_id, "lost_contact")
        assert not watcher.holds_lease
    finally:
        watcher.close()
        own_world.server.start()
        own_world.controller.stop_run(run_id, grace_seconds=0)
