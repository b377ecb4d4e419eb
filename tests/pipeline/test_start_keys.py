"""Starting once: the same key is the same run, whatever became of it; and what else a service asks of a controller."""

from __future__ import annotations

import threading

import pytest

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.errors import SparkRefused, StoreUnclear
from pipeline_gui.pipeline.ports import Actor
from tests.pipeline.conftest import SLEEPS, STUBBORN, World
from tests.pipeline.faults import raising


def test_the_same_key_is_the_same_run(world: World) -> None:
    configuration = world.configuration()
    first = world.controller.start_pipeline_once(configuration, "k1")
    again = world.controller.start_pipeline_once(configuration, "k1")
    world.controller.stop_run(str(first["run_id"]), grace_seconds=0)
    ended = world.controller.start_pipeline_once(configuration, "k1")

    assert first["success"]
    assert "repeated" not in first
    assert (again["success"], again["run_id"], again["repeated"], again["status"]) == (
        True, first["run_id"], True, "running",
    )  # fmt: skip
    assert (ended["run_id"], ended["status"]) == (first["run_id"], "stopped")
    assert world.controller.get_running_pipeline_id() is None


def test_a_key_used_for_another_configuration_is_refused(world: World) -> None:
    run_id = world.controller.start_pipeline_once(world.configuration(), "k")["run_id"]
    answer = world.controller.start_pipeline_once(world.configuration(args=["1"]), "k")
    assert (answer["reason"], answer["field"]) == ("invalid", "Idempotency-Key")
    assert str(run_id) in answer["message"]
    world.controller.stop_run(str(run_id), grace_seconds=0)


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\nb", " a"])
def test_what_is_no_key_is_refused_before_anything_is_asked(world: World, key: str) -> None:
    answer = world.controller.start_pipeline_once(world.configuration(), key)
    assert (answer["reason"], answer["field"]) == ("invalid", "Idempotency-Key")
    assert not world.store.calls


def test_a_start_that_was_refused_under_a_key_is_not_tried_again(world: World) -> None:
    world.spark.once_before("submit", raising(SparkRefused("no such file", status_code=400)))
    first = world.controller.start_pipeline_once(world.configuration(), "k")
    again = world.controller.start_pipeline_once(world.configuration(), "k")
    assert (first["success"], again["success"]) == (False, False)
    assert (again["run_id"], again["reason"], again["source"]) == (first["run_id"], "refused", "spark")
    assert "no such file" in again["message"]


def test_a_start_that_was_busy_may_be_tried_again_under_its_key(world: World) -> None:
    other = world.start()
    busy = world.controller.start_pipeline_once(world.configuration(), "k")
    world.controller.stop_run(other, grace_seconds=0)
    later = world.controller.start_pipeline_once(world.configuration(), "k")
    assert (busy["reason"], busy["run_id"]) == ("busy", other)
    assert later["success"]
    assert later["run_id"] != other
    world.controller.stop_run(str(later["run_id"]), grace_seconds=0)


def test_of_many_starts_under_one_key_at_once_all_get_one_run(world: World) -> None:
    configuration = world.configuration()
    answers: list[ActionAnswer] = []

    def start() -> None:
        answers.append(world.controller.start_pipeline_once(configuration, "k"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(answers) == 8
    assert {answer["success"] for answer in answers} == {True}
    (run_id,) = {answer["run_id"] for answer in answers}
    assert sum("repeated" not in answer for answer in answers) == 1
    world.controller.stop_run(str(run_id), grace_seconds=0)


def test_a_commit_that_is_not_clear_is_still_one_run(world: World) -> None:
    world.store.once_after("insert", raising(StoreUnclear("lost")))
    first = world.controller.start_pipeline_once(world.configuration(), "k")
    again = world.controller.start_pipeline_once(world.configuration(), "k")
    assert first["success"]
    assert again["run_id"] == first["run_id"]
    world.controller.stop_run(str(first["run_id"]), grace_seconds=0)


def test_who_acts_for_another_is_recorded_as_that_other(world: World) -> None:
    ben = world.controller.acting_for(Actor("ben", "10.0.0.7", "service"))
    run_id = ben.start_pipeline(world.configuration(SLEEPS))["run_id"]
    world.controller.acting_for(Actor("eve", "10.0.0.8", "service")).stop_run(str(run_id), grace_seconds=0)
    events = [(event.kind, event.actor, event.via) for event in world.plain_store.events(str(run_id))]
    assert events[0] == ("recorded", "ben@10.0.0.7", "service")
    assert ("stop requested", "eve@10.0.0.8", "service") in events


def test_patience_bounds_the_wait_and_not_the_stop(world: World) -> None:
    run_id = world.start(STUBBORN, grace_seconds=60)
    world.spark.always_before("fence", lambda: world.clock.move(1.0))
    answer = world.controller.stop_run(run_id, patience_seconds=2)
    assert world.clock.seconds < 1010
    assert (answer["success"], answer["reason"]) == (False, "unconfirmed")
    assert world.record(run_id).engine is not None
    assert world.record(run_id).engine.stop_requested  # type: ignore[union-attr]
    assert world.controller.stop_run(run_id, grace_seconds=0)["success"]


def test_a_controller_that_closes_answers_the_stops_of_everybody_it_acts_for(world: World) -> None:
    run_id = world.start(STUBBORN, grace_seconds=60)
    ben = world.controller.acting_for(Actor("ben", "10.0.0.7", "service"))
    world.store.once_after("request_stop", world.controller.close)
    assert ben.stop_run(run_id)["reason"] == "unconfirmed"
    world.server.delete(f"/batches/{world.batch_name(run_id)}?fence=true&grace=0")
