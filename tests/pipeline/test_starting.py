"""Start: recorded first, sent once, and no unclear answer believed. Each test names the rule it would break without."""

from __future__ import annotations

import threading

import pytest

from pipeline_gui.pipeline.configuration import parse_configuration
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.errors import (
    SparkNotConnected,
    SparkRefused,
    SparkUnavailable,
    SparkUnclear,
    StoreRefused,
    StoreUnavailable,
    StoreUnclear,
)
from pipeline_gui.pipeline.run import Phase
from tests.pipeline.conftest import World
from tests.pipeline.faults import raising
from tests.waiting import wait_until


def test_a_start_is_recorded_with_who_what_and_where(world: World) -> None:
    run_id = world.start(name="nightly", args=["--password", "hunter2"])
    record = world.record(run_id)
    assert record.run.status == "running"
    assert record.run.metadata is not None
    assert record.run.metadata["started_by"] == "ana@ops-3"
    assert record.run.metadata["configuration"]["name"] == "nightly"
    assert "hunter2" not in str(record.run)
    assert record.run.command
    assert record.run.command.startswith("spark-submit --name nightly")
    assert record.engine is not None
    assert record.engine.batch_id == world.server.batch(world.batch_name(run_id))["id"]
    assert record.engine.generation == world.server.generation
    assert world.plain_store.events(run_id)[0].actor == "ana@ops-3"
    world.controller.stop_run(run_id, grace_seconds=0)


def test_a_second_start_is_refused_and_names_the_run_that_runs(world: World) -> None:
    run_id = world.start()
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["success"] is False
    assert answer["reason"] == "busy"
    assert answer["run_id"] == run_id
    world.controller.stop_run(run_id, grace_seconds=0)


def test_of_many_starts_at_once_one_wins(world: World) -> None:
    configuration = world.configuration()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(world.controller.start_pipeline(configuration)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer["success"] for answer in answers].count(True) == 1
    assert {answer.get("reason") for answer in answers if not answer["success"]} <= {"busy", "unreachable"}
    winner = next(answer["run_id"] for answer in answers if answer["success"])
    assert winner
    alive = world.plain_spark.alive(world.plain_store.installation().installation_id)
    assert [batch.name for batch in alive] == [world.batch_name(winner)]
    world.controller.stop_run(winner, grace_seconds=0)


def test_bad_input_is_refused_before_anything_is_recorded(world: World) -> None:
    answer = world.controller.start_pipeline({"file": "/x.py", "nam": "x"})
    assert answer["reason"] == "invalid"
    assert answer["field"] == "nam"
    assert world.plain_store.recent(2) == []


def test_a_server_that_was_never_reached_is_said_before_anything_is_recorded(world: World) -> None:
    world.spark.once_before("identity", raising(SparkNotConnected("Nothing listens there.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["reason"] == "unreachable"
    assert world.plain_store.recent(2) == []


def test_a_clear_refusal_ends_the_row_and_fences_its_name(world: World) -> None:
    configuration = world.configuration(conf={"spark.driver.extraJavaOptions": "-javaagent:x"})
    answer = world.controller.start_pipeline(configuration)
    assert answer["reason"] == "refused"
    assert answer["run_id"]
    record = world.record(answer["run_id"])
    assert record.run.status == "failed"
    assert "spark.driver.extraJavaOptions" in (record.run.error_message or "")
    assert record.engine
    assert record.engine.gone
    # A proxy may deliver the POST a second time, later: by then the name can't start any more.
    with pytest.raises(SparkRefused):
        world.plain_spark.submit(world.batch_name(answer["run_id"]), parse_configuration(world.configuration()), 5)


def test_no_connection_at_all_is_a_failure_at_once(world: World) -> None:
    world.spark.once_before("submit", raising(SparkNotConnected("Nothing listens there.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["reason"] == "unreachable"
    assert answer["run_id"]
    assert world.record(answer["run_id"]).run.status == "failed"


def test_a_start_that_had_its_effect_though_the_answer_was_lost_is_adopted(world: World) -> None:
    world.spark.once_after("submit", raising(SparkUnclear("No answer within 5 s.")))
    run_id = world.start()
    engine = world.record(run_id).engine
    assert engine
    assert engine.batch_id is not None
    assert world.processes(run_id)
    world.controller.stop_run(run_id, grace_seconds=0)


def test_a_start_that_was_lost_is_fenced_so_that_it_can_not_land_late(world: World) -> None:
    world.spark.once_before("submit", raising(SparkUnclear("No answer within 5 s.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["success"] is False
    assert answer["run_id"]
    record = world.record(answer["run_id"])
    assert record.run.status == "failed"
    assert record.engine
    assert record.engine.gone
    with pytest.raises(SparkRefused):
        world.plain_spark.submit(world.batch_name(answer["run_id"]), parse_configuration(world.configuration()), 5)


def test_a_name_taken_by_our_own_earlier_delivery_is_adopted(world: World) -> None:
    def deliver_first() -> None:
        running = world.plain_store.running()
        assert running
        assert running.engine
        world.plain_spark.submit(running.engine.batch_name, parse_configuration(world.configuration()), 5)

    world.spark.once_before("submit", deliver_first)
    run_id = world.start()
    assert len(world.plain_spark.alive(world.batch_name(run_id))) == 1
    world.controller.stop_run(run_id, grace_seconds=0)


def test_an_unclear_start_that_nobody_can_look_up_stays_running_until_the_watcher_knows(world: World) -> None:
    world.spark.once_before("submit", raising(SparkUnclear("The connection broke.")))
    clock_moves = iter([0.0, 0.0, 0.0, 6.0, 6.0, 6.0, 6.0])
    controller = PipelineController(
        world.store, world.spark, world.actor, world.watcher, clock=lambda: next(clock_moves, 6.0)
    )
    world.spark.always_before("find", raising(SparkUnavailable("The server answers nothing.")))
    answer = controller.start_pipeline(world.configuration())
    assert answer["reason"] == "unconfirmed"
    run_id = answer["run_id"]
    assert run_id
    record = world.record(run_id)
    assert record.run.status == "running"
    assert record.engine
    assert record.engine.unclear
    with pytest.raises(SparkUnavailable):
        world.watcher.step()  # not known is not failed
    assert world.record(run_id).run.status == "running"
    world.spark.heal()
    world.watcher.step()
    assert world.record(run_id).run.status == "failed"


def test_the_starter_is_left_alone_while_it_may_be_at_work(world: World) -> None:
    stepped = []

    def watcher_looks() -> None:
        world.watcher.step()
        stepped.append(world.plain_store.running())

    world.spark.once_before("submit", watcher_looks)  # recorded, not yet sent: to a watcher it looks absent
    run_id = world.start()
    assert stepped[0] is not None
    assert world.record(run_id).run.status == "running"
    assert world.processes(run_id)
    world.controller.stop_run(run_id, grace_seconds=0)


def test_a_starter_that_overslept_sends_nothing(world: World) -> None:
    world.store.once_after("insert", lambda: world.clock.move(6))
    controller = PipelineController(world.store, world.spark, world.actor, world.watcher, clock=world.clock)
    answer = controller.start_pipeline(world.configuration())
    assert answer["success"] is False
    assert world.spark.calls["submit"] == 0
    assert answer["run_id"]
    assert world.record(answer["run_id"]).run.status == "failed"


def test_a_commit_that_is_unclear_is_read_back_before_anything_is_sent(world: World) -> None:
    world.store.once_after("insert", raising(StoreUnclear("The connection broke during the commit.")))
    run_id = world.start()
    assert world.processes(run_id)
    world.controller.stop_run(run_id, grace_seconds=0)


def test_a_commit_that_is_unclear_and_not_there_sends_nothing(world: World) -> None:
    world.store.once_before("insert", raising(StoreUnclear("The connection broke during the commit.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["reason"] == "unconfirmed"
    assert world.spark.calls["submit"] == 0


def test_a_commit_of_which_nobody_can_tell_names_the_run_that_may_be_there(world: World) -> None:
    world.store.once_after("insert", raising(StoreUnclear("The connection broke during the commit.")))
    world.store.once_before("find", raising(StoreUnavailable("The database went away.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["reason"] == "unconfirmed"
    assert answer["run_id"] == world.controller.get_running_pipeline_id()
    assert world.spark.calls["submit"] == 0


def test_a_database_that_goes_away_before_the_launch_leaves_a_run_that_is_named(world: World) -> None:
    world.spark.once_before("submit", raising(SparkUnclear("No answer.")))
    world.store.once_before("change", raising(StoreUnavailable("The database went away.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["reason"] == "unconfirmed"
    assert answer["run_id"] == world.controller.get_running_pipeline_id()


def test_a_launch_that_comes_to_a_server_which_lost_its_records_is_refused_by_it(own_world: World) -> None:
    world = own_world

    def lose_state() -> None:
        world.server.kill()
        world.server.lose_state(keep_token=True)
        world.server.start()

    world.spark.once_before("submit", lose_state)
    answer = world.controller.start_pipeline(world.configuration())
    assert (answer["reason"], answer["status"]) == ("refused", "failed")
    assert "lost its records" in answer["message"]
    assert world.plain_spark.alive("") == []
    assert world.processes(world.start())


def test_a_run_that_somebody_ended_while_it_was_launched_is_undone(world: World) -> None:
    def another_program_ends_it() -> None:
        world.execute("UPDATE pipeline_runs SET status = 'failed' WHERE status = 'running'")

    world.spark.once_after("submit", another_program_ends_it)
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["success"] is False
    run_id = answer["run_id"]
    assert run_id
    wait_until(lambda: not world.processes(run_id), what="the end of the batch")
    assert "start undone" in world.event_kinds(run_id)


def test_an_undone_start_has_its_event_though_the_starter_dies_right_after(world: World) -> None:
    world.spark.once_after("submit", lambda: world.execute("UPDATE pipeline_runs SET status = 'failed'"))
    world.store.once_before("mark_gone", raising(StoreUnclear("The connection broke.")))
    world.controller.start_pipeline(world.configuration())
    (run,) = world.plain_store.recent(1)
    assert not world.processes(run.run_id)
    assert "start undone" in world.event_kinds(run.run_id)


@pytest.mark.parametrize("error", [StoreUnavailable("The database went away."), StoreRefused("It is read-only now.")])
def test_the_database_going_away_after_the_launch_leaves_the_run_running(world: World, error: Exception) -> None:
    world.store.once_before("change", raising(error))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["success"] is True
    assert answer["run_id"]
    world.wait_at_work(answer["run_id"])
    world.execute("UPDATE pipeline_runs SET start_time = start_time - interval '9 s'")
    world.watcher.step()
    engine = world.record(answer["run_id"]).engine
    assert engine
    assert engine.batch_id is not None
    assert engine.phase is Phase.RUNNING
    world.controller.stop_run(answer["run_id"], grace_seconds=0)


def test_a_run_that_another_program_marked_ended_is_fenced_before_the_next_start(world: World) -> None:
    first = world.start()
    world.execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", first)
    second = world.start()
    assert world.processes(first) == []
    assert world.processes(second)
    record = world.record(first)
    assert record.run.status == "completed"
    assert record.engine
    assert record.engine.gone
    world.controller.stop_run(second, grace_seconds=0)


def test_a_start_is_refused_while_nobody_can_say_whether_an_earlier_run_lives(world: World) -> None:
    first = world.start()
    world.execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", first)
    world.spark.always_before("fence", raising(SparkUnavailable("The server answers nothing.")))
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["success"] is False
    assert first in answer["message"]
    assert answer["run_id"]
    assert world.record(answer["run_id"]).run.status == "failed"
    world.spark.heal()
    world.hunter.hunt()


def test_another_programs_row_blocks_start_and_is_never_touched(world: World) -> None:
    world.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'Running ')")
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["reason"] == "busy"
    assert answer["run_id"] == "theirs"
    status = world.controller.get_pipeline_status()
    assert status["is_running"] is True
    assert status["ours"] is False
    assert "another program" in status["sentence"]
    world.watcher.step()
    assert world.controller.stop_pipeline()["reason"] == "refused"
    assert world.spark.calls["find"] == world.spark.calls["fence"] == 0
    assert world.controller.release_run("theirs")["success"]
    assert world.record("theirs").run.status == "failed"


def test_a_copy_of_the_database_starts_nothing(world: World) -> None:
    world.execute("UPDATE pipeline_installation SET database_oid = database_oid + 1")
    answer = world.controller.start_pipeline(world.configuration())
    assert answer["success"] is False
    assert "copy" in answer["message"]
    assert world.spark.calls["submit"] == 0
