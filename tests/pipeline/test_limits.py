"""The limit of a run: past it the run is stopped as by a person, and its row says why."""

from __future__ import annotations

import pytest

from pipeline_gui.pipeline.errors import SparkUnavailable, StoreUnavailable
from pipeline_gui.pipeline.sentences import limit_text
from tests.pipeline.conftest import World
from tests.pipeline.faults import raising

LATER = "UPDATE pipeline_runs SET start_time = start_time - interval '1 h' WHERE status = 'running'"


def test_a_run_that_outlasts_its_limit_is_stopped_and_its_row_says_why(world: World) -> None:
    run_id = world.start(timeout_seconds=1)
    record = world.settle_until_ended(run_id)
    assert record.run.status == "stopped"
    assert record.run.error_message == "It ran longer than its limit of 1 s, so it was stopped."
    assert record.run.duration is not None
    assert record.run.duration >= 1
    assert (record.run.metadata or {})["stopped_by"] == "timeout@ops-3"
    assert (record.run.metadata or {})["configuration"]["timeout_seconds"] == 1
    assert world.processes(run_id) == []
    [event] = [event for event in world.plain_store.events(run_id) if event.kind == "stop requested"]
    assert event.detail["because"] == record.run.error_message
    assert (event.actor, event.via) == ("timeout@ops-3", "watcher")


def test_a_run_within_its_limit_is_left_alone(world: World) -> None:
    run_id = world.start(timeout_seconds=600)
    world.watcher.step()
    engine = world.record(run_id).engine
    assert engine
    assert not engine.stop_requested
    world.controller.stop_run(run_id, grace_seconds=0)
    record = world.record(run_id)
    assert (record.run.status, record.run.error_message) == ("stopped", None)


def test_an_end_before_the_stop_of_the_limit_is_the_true_end(world: World) -> None:
    run_id = world.start("print('done')", timeout_seconds=600)
    world.server.wait_for_state(world.batch_name(run_id), "success")
    world.execute(LATER)
    record = world.settle_until_ended(run_id)
    assert (record.run.status, record.run.error_message) == ("completed", None)


def test_whoever_asked_first_for_the_stop_is_named(world: World) -> None:
    run_id = world.start(timeout_seconds=600)
    world.plain_store.request_stop(run_id, 0, world.actor)
    world.execute(LATER)
    record = world.settle_until_ended(run_id)
    assert (record.run.status, record.run.error_message) == ("stopped", None)
    assert (record.run.metadata or {})["stopped_by"] == "ana@ops-3"


def test_a_person_who_presses_stop_at_the_limit_changes_the_grace_and_not_the_reason(world: World) -> None:
    run_id = world.start(timeout_seconds=600, grace_seconds=600)
    world.execute(LATER)
    world.store.once_after("request_stop", lambda: world.plain_store.request_stop(run_id, 0, world.actor))
    record = world.settle_until_ended(run_id)
    assert record.run.error_message == "It ran longer than its limit of 10 min, so it was stopped."
    assert record.engine
    assert record.engine.grace_seconds == 0


def test_the_stop_is_recorded_while_spark_is_away_and_carried_out_by_another(own_world: World) -> None:
    world = own_world
    run_id = world.start(timeout_seconds=600)
    world.server.kill()
    world.execute(LATER)
    with pytest.raises(SparkUnavailable):
        world.watcher.step()
    engine = world.record(run_id).engine
    assert engine
    assert engine.stop_requested
    world.server.start()
    other = World(world.database, world.server, "ben")
    try:
        record = other.settle_until_ended(run_id)
    finally:
        other.close()
    assert record.run.status == "stopped"
    assert "limit of 10 min" in (record.run.error_message or "")


def test_an_unclear_commit_of_the_stop_is_made_up_for_at_the_next_look(world: World) -> None:
    run_id = world.start(timeout_seconds=600)
    world.execute(LATER)
    world.store.once_before("request_stop", raising(StoreUnavailable("The database went away.")))
    with pytest.raises(StoreUnavailable):
        world.watcher.step()
    record = world.settle_until_ended(run_id)
    assert "limit of 10 min" in (record.run.error_message or "")


def test_limits_in_words() -> None:
    assert [limit_text(s) for s in (1, 90, 1800, 3600, 5400, 86_400)] == [
        "1 s",
        "1 min 30 s",
        "30 min",
        "1 h",
        "1 h 30 min",
        "1 d",
    ]
