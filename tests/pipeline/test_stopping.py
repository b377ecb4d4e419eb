"""Stop: the wish is recorded first, outlives who wished, and `stopped` means that nothing is left."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from pipeline_gui.pipeline import stopping
from pipeline_gui.pipeline.configuration import parse_configuration
from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable, StoreUnavailable
from pipeline_gui.pipeline.ports import Actor, NewRun
from tests.pipeline.conftest import STUBBORN, World
from tests.pipeline.faults import raising
from tests.waiting import wait_until


def test_a_stop_is_answered_when_driver_and_children_are_gone(world: World) -> None:
    run_id = world.start()
    answer = world.controller.stop_pipeline()
    assert answer["success"], answer
    assert answer["run_id"] == run_id
    assert world.processes(run_id) == []
    record = world.record(run_id)
    assert record.run.status == "stopped"
    assert record.run.end_time is not None
    assert record.run.start_time is not None
    assert record.run.duration == pytest.approx((record.run.end_time - record.run.start_time).total_seconds(), abs=0.01)
    assert record.engine
    assert record.engine.gone
    assert record.engine.stop_requested_by == "ana@ops-3"


def test_with_nothing_running_a_stop_says_so(world: World) -> None:
    answer = world.controller.stop_pipeline()
    assert answer == {"success": False, "run_id": None, "message": "No pipeline is running.", "reason": "idle"}


def test_a_driver_that_will_not_end_is_killed_after_its_grace(world: World) -> None:
    run_id = world.start(STUBBORN, grace_seconds=1)
    answer = world.controller.stop_pipeline()
    assert answer["success"], answer
    assert world.record(run_id).run.status == "stopped"
    assert world.processes(run_id) == []


def test_force_shortens_a_stop_that_is_under_way(world: World) -> None:
    run_id = world.start(STUBBORN, grace_seconds=600)
    patient = threading.Thread(target=world.controller.stop_pipeline)
    patient.start()
    wait_until(lambda: world.plain_store.find(run_id).engine.stop_requested, what="the recorded stop")  # type: ignore[union-attr]
    answer = world.controller.stop_run(run_id, grace_seconds=0)
    patient.join(10)
    assert not patient.is_alive()
    assert answer["success"], answer
    assert world.record(run_id).run.status == "stopped"


def test_a_run_that_ended_by_itself_before_the_stop_keeps_its_true_end(world: World) -> None:
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    answer = world.controller.stop_run(run_id)
    assert answer["success"]
    assert answer["status"] == "completed"
    assert "by itself" in answer["message"]
    assert world.record(run_id).run.status == "completed"


def test_a_stop_names_its_run_and_kills_no_other(world: World) -> None:
    first = world.start("print('done')")
    world.settle_until_ended(first)
    second = world.start()
    answer = world.controller.stop_run(first)
    assert answer["reason"] == "idle"
    assert world.processes(second)
    assert world.record(second).run.status == "running"
    world.controller.stop_run(second, grace_seconds=0)


def test_a_stop_that_nobody_can_confirm_is_recorded_and_carried_out_later_by_another(own_world: World) -> None:
    world = own_world
    run_id = world.start()
    world.server.kill()
    answer = world.controller.stop_run(run_id, grace_seconds=0)
    assert answer["reason"] == "unconfirmed"
    assert world.record(run_id).run.status == "running"
    assert (
        "Stop" in world.controller.get_pipeline_status()["sentence"]
        or "stop" in world.controller.get_pipeline_status()["sentence"]
    )
    world.server.start()
    other = World(world.database, world.server, "ben")
    try:
        record = other.settle_until_ended(run_id)
    finally:
        other.close()
    assert record.run.status == "stopped"
    assert (record.run.metadata or {})["stopped_by"] == "ana@ops-3"
    assert world.processes(run_id) == []


def test_a_stop_whose_database_goes_away_after_the_wish_says_that_it_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "STOP_MARGIN_SECONDS", 0.5)
    run_id = world.start()
    world.spark.always_before("fence", raising(SparkUnavailable("No answer.")))

    def database_goes_away() -> None:
        world.store.always_before("find", raising(StoreUnavailable("The database went away.")))
        world.store.always_before("settle", raising(StoreUnavailable("The database went away.")))

    world.store.once_after("request_stop", database_goes_away)
    answer = world.controller.stop_run(run_id, grace_seconds=0)
    assert (answer["run_id"], answer["reason"]) == (run_id, "unconfirmed")
    world.spark.heal()
    answer = world.controller.stop_run(run_id, grace_seconds=0)
    assert (answer["run_id"], answer["reason"]) == (run_id, "unreachable")  # it was not even asked for
    world.store.heal()
    world.store.once_after("request_stop", database_goes_away)
    answer = world.controller.stop_run(run_id, grace_seconds=0)
    assert (answer["run_id"], answer["reason"]) == (run_id, "unconfirmed")
    assert "is recorded" in answer["message"]
    world.store.heal()
    assert world.settle_until_ended(run_id).run.status == "stopped"


def test_a_stop_of_a_run_whose_start_is_still_on_its_way_fences_it(world: World) -> None:
    installation = world.plain_store.installation().installation_id
    identity = world.plain_spark.identity()
    new = NewRun("late-1", f"{installation}.late-1", "spark-submit x", {}, identity.url, identity.generation, 1.0)
    world.plain_store.insert(new, Actor("zoe", "ops-9", "terminal"))  # and her POST hangs in a sleeping laptop
    answer = world.controller.stop_pipeline()
    assert answer["success"], answer
    assert world.record("late-1").run.status == "stopped"
    with pytest.raises(SparkRefused):
        world.plain_spark.submit(f"{installation}.late-1", parse_configuration(world.configuration()), 5)
    assert world.plain_spark.alive(installation) == []


def test_a_progress_write_from_an_old_read_does_not_erase_a_stop(world: World) -> None:
    run_id = world.start(STUBBORN, grace_seconds=600)
    world.spark.once_after("find", lambda: world.plain_store.request_stop(run_id, 600, world.actor))
    world.watcher.step()  # reads, then the stop is recorded, then it writes what it saw
    engine = world.record(run_id).engine
    assert engine
    assert engine.stop_requested
    world.controller.stop_run(run_id, grace_seconds=0)


def test_abandoning_frees_the_place_and_leaves_the_run_hunted(world: World) -> None:
    run_id = world.start()
    answer = world.controller.abandon_run(run_id)
    assert answer["success"]
    record = world.record(run_id)
    assert record.run.status == "failed"
    assert "ana@ops-3" in (record.run.error_message or "")
    assert record.engine
    assert record.engine.gone is False
    world.hunter.hunt()
    wait_until(lambda: not world.processes(run_id), what="the end of the abandoned batch")
    world.hunter.hunt()
    assert world.record(run_id).engine.gone  # type: ignore[union-attr]


def test_where_the_server_lost_its_state_a_persons_word_frees_the_next_start(own_world: World) -> None:
    world = own_world
    run_id = world.start()
    world.server.kill()
    world.server.lose_state()
    world.server.start()
    fresh = World(world.database, world.server)
    try:
        with pytest.raises(SparkUnavailable, match="lost its records"):
            fresh.watcher.step()  # another generation settles nothing of it
        assert fresh.record(run_id).run.status == "running"
        assert fresh.controller.abandon_run(run_id)["success"]
        refused = fresh.controller.start_pipeline(fresh.configuration())
        assert refused["success"] is False
        assert run_id in refused["message"]
        assert fresh.controller.confirm_gone(run_id)["success"]
        second = fresh.start()
        fresh.controller.stop_run(second, grace_seconds=0)
    finally:
        fresh.close()


def test_a_driver_killed_outright_is_recorded_as_failed_with_the_signal(world: World) -> None:
    run_id = world.start()
    for pid in world.processes(run_id):
        os.kill(pid, signal.SIGKILL)
    record = world.settle_until_ended(run_id)
    assert record.run.status == "failed"
    assert "SIGKILL" in (record.run.error_message or "") or "signal 9" in (record.run.error_message or "").lower()


def test_a_batch_killed_on_the_server_by_somebody_else_is_a_failure_and_says_so(world: World) -> None:
    run_id = world.start()
    world.plain_spark.kill(world.batch_name(run_id))
    record = world.settle_until_ended(run_id)
    assert record.run.status == "failed"
    assert "killed on the Spark server" in (record.run.error_message or "")


def test_a_stop_that_the_watcher_did_not_see_yet_is_not_recorded_as_somebody_elses_kill(world: World) -> None:
    run_id = world.start()

    def stop_lands_meanwhile() -> None:
        other = World(world.database, world.server, "ben")
        other.spark.always_before("log", raising(SparkUnavailable("slow")))
        try:
            other.plain_store.request_stop(run_id, 0, other.actor)
            wait_until(lambda: other.plain_spark.fence(world.batch_name(run_id), 0).done, what="the fence")
        finally:
            other.close()

    world.spark.once_before("find", stop_lands_meanwhile)
    world.watcher.step()
    record = world.settle_until_ended(run_id)
    assert record.run.status == "stopped"


def test_a_copy_of_the_database_stops_nothing(world: World) -> None:
    run_id = world.start()
    world.execute("UPDATE pipeline_installation SET database_oid = database_oid + 1")
    copy = World(world.database, world.server, "ben")
    try:
        answer = copy.controller.stop_run(run_id, grace_seconds=0)
        assert answer["reason"] == "refused"
        assert "copy" in answer["message"]
        assert copy.spark.calls["fence"] == 0
        assert world.processes(run_id)
    finally:
        copy.close()
    world.execute("UPDATE pipeline_installation SET database_oid = database_oid - 1")
    assert world.controller.stop_run(run_id, grace_seconds=0)["success"]


def test_a_true_end_is_not_recorded_as_a_stop_where_the_server_kept_no_more_than_the_end(world: World) -> None:
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    world.plain_spark.find = lambda name: None  # type: ignore[method-assign]  # past its retention; the ledger keeps the end
    answer = world.controller.stop_run(run_id)
    assert answer["status"] == "completed"
