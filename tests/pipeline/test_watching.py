"""The watcher: settles by evidence, hunts what lives against the record, and says when it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline_gui.pipeline.configuration import parse_configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkUnavailable, StoreRefused
from pipeline_gui.pipeline.run import Phase
from pipeline_gui.pipeline.watcher import Watcher
from tests.pipeline.conftest import World
from tests.pipeline.faults import raising
from tests.waiting import wait_until


@pytest.fixture
def watcher(world: World) -> Iterator[Watcher]:
    """A watcher in its thread."""
    watcher = Watcher(world.store, world.spark, world.actor)
    watcher.start()
    yield watcher
    watcher.close()


def test_for_what_there_is_nothing_to_do_nothing_is_asked(world: World) -> None:
    """A window that shows an idle pipeline loads nothing for schedules, alerts and figures, and asks nothing."""
    turns: list[str] = []

    def turn(name: str) -> float:
        turns.append(name)
        return 60.0

    watcher = Watcher(world.store, world.spark, world.actor)
    watcher.take_on("always", lambda: turn("always"))
    watcher.take_on("of a run", lambda: turn("of a run"), where=lambda lease: lease.something_runs)
    watcher.start()
    try:
        wait_until(lambda: "always" in turns, 10, "what is always done")
        assert turns == ["always"]
        run_id = world.start()
        watcher.nudge()
        wait_until(lambda: "of a run" in turns, 10, "what is done while something runs")
        world.controller.stop_run(run_id, grace_seconds=0)
        wait_until(lambda: watcher.seen is None, 20, "the end")
        turns.clear()
        run_id = world.start()
        watcher.nudge()
        wait_until(lambda: turns, 10, "the same for the next run, at once")
        assert turns == ["of a run"]
        world.controller.stop_run(run_id, grace_seconds=0)
        wait_until(lambda: watcher.seen is None, 20, "the end")
    finally:
        watcher.close()


def test_a_run_that_completes_is_recorded_with_its_true_end(world: World) -> None:
    run_id = world.start("print('done')")
    record = world.settle_until_ended(run_id)
    assert record.run.status == "completed"
    assert record.run.duration is not None
    assert 0 <= record.run.duration < 10
    assert record.engine
    assert record.engine.gone


def test_a_run_that_fails_says_which_error(world: World) -> None:
    run_id = world.start("raise ValueError('no such column: dep_dely')")
    record = world.settle_until_ended(run_id)
    assert record.run.status == "failed"
    assert "ValueError: no such column: dep_dely" in (record.run.error_message or "")


def test_a_run_that_ended_while_nobody_looked_is_settled_at_the_next_look(world: World) -> None:
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    assert world.controller.get_pipeline_status()["is_running"] is False
    assert world.record(run_id).run.status == "completed"


def test_whether_something_runs_is_not_believed_unlooked(world: World) -> None:
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    assert world.controller.is_pipeline_running() is False
    assert world.record(run_id).run.status == "completed"


@pytest.mark.parametrize("method", ["find", "identity"])
def test_what_can_not_be_asked_changes_nothing(world: World, method: str) -> None:
    run_id = world.start()
    before = world.record(run_id)
    world.spark.always_before(method, raising(SparkUnavailable("HTML instead of an answer.")))
    with pytest.raises(SparkUnavailable):
        world.watcher.step()
    assert world.record(run_id).engine == before.engine
    world.spark.heal()
    world.controller.stop_run(run_id, grace_seconds=0)


def test_two_looks_at_an_unchanged_run_write_once(world: World) -> None:
    run_id = world.start()
    world.watcher.step()
    before = world.record(run_id).engine
    world.store.calls.clear()
    for _ in range(3):
        world.watcher.step()
    assert world.store.calls["change"] == 0
    assert world.record(run_id).engine == before
    world.controller.stop_run(run_id, grace_seconds=0)


def test_a_terminal_row_never_changes_again(world: World) -> None:
    run_id = world.start()
    stale = world.record(run_id)
    world.controller.stop_run(run_id, grace_seconds=0)
    ended = world.record(run_id)
    world.settler.settle(stale)  # a watcher that was suspended since it read
    assert world.record(run_id).run == ended.run
    assert world.event_kinds(run_id).count("status changed") <= 1


def test_a_start_that_nobody_sent_is_settled_though_the_clock_was_set_back(world: World) -> None:
    world.spark.once_before("submit", raising(SystemError("killed")))
    with pytest.raises(SystemError):
        world.controller.start_pipeline(world.configuration())
    running = world.plain_store.running()
    assert running
    world.execute("UPDATE pipeline_runs SET start_time = start_time + interval '1 hour'")  # the clock of then
    status = world.controller.get_pipeline_status()
    record = world.record(running.run.run_id)
    assert record.run.status == "failed", status
    assert record.run.duration == 0


def test_a_batch_whose_row_ended_is_killed_and_an_event_says_so(world: World) -> None:
    run_id = world.start()
    world.execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", run_id)
    world.hunter.hunt()
    wait_until(lambda: not world.processes(run_id), what="the end of the orphan")
    assert "orphan killed" in world.event_kinds(run_id)
    assert world.record(run_id).run.status == "completed"


@pytest.mark.parametrize("tables", [("pipeline_runs",), ("pipeline_runs", "pipeline_run_engine")])
def test_a_batch_without_a_row_is_killed_only_at_the_second_look(world: World, tables: tuple[str, ...]) -> None:
    run_id = world.start()
    for table in tables:  # another program deletes the row; a failover loses the commit of both
        world.execute(f"DELETE FROM {table} WHERE run_id = %s", run_id)
    world.hunter.hunt()
    assert "batch without a row" in world.event_kinds(run_id)
    world.clock.move(9)
    world.hunter.hunt()
    assert world.processes(run_id)
    world.clock.move(2)
    world.hunter.hunt()
    wait_until(lambda: not world.processes(run_id), what="the end of the orphan")


def test_nobody_elses_batch_is_ever_touched(world: World) -> None:
    theirs = "0123456789ab.theirs-1"
    world.plain_spark.submit(theirs, parse_configuration(world.configuration()), 5)
    world.hunter.hunt()
    world.clock.move(60)
    world.hunter.hunt()
    assert [batch.name for batch in world.plain_spark.alive(theirs)] == [theirs]
    assert world.spark.calls["fence"] == world.spark.calls["kill"] == 0
    wait_until(lambda: world.plain_spark.fence(theirs, 0).done, what="the end of their batch")


def test_a_copy_of_the_database_hunts_nothing(world: World) -> None:
    run_id = world.start()
    copy = World(world.database, world.server)
    copy.execute("UPDATE pipeline_installation SET database_oid = database_oid + 1")
    copy.execute("UPDATE pipeline_runs SET status = 'failed' WHERE run_id = %s", run_id)
    copy.hunter.hunt()
    copy.watcher.step()
    assert world.processes(run_id)
    copy.close()
    world.execute("UPDATE pipeline_installation SET database_oid = database_oid - 1")
    world.hunter.hunt()
    wait_until(lambda: not world.processes(run_id), what="the end of the orphan")


def test_a_watcher_settles_by_itself_and_within_its_bound(world: World, watcher: Watcher) -> None:
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    wait_until(lambda: world.record(run_id).run.status == "completed", 3.0, "the recorded end")


def test_one_watcher_leads_and_another_takes_over(world: World, watcher: Watcher) -> None:
    wait_until(lambda: watcher.holds_lease, what="the lease")
    other = Watcher(world.plain_store, world.plain_spark, world.actor)
    other.start()
    try:
        assert not other.holds_lease
        world.store.always_before("take_lease", raising(SystemError("dead")))  # it hangs on to nothing: as if killed
        wait_until(lambda: other.holds_lease, 4.0, "the take-over")
    finally:
        world.store.heal()
        other.close()
    wait_until(lambda: watcher.holds_lease, 2.0, "the lease that was given up")


def test_contact_that_is_lost_is_recorded_and_so_is_its_end(own_world: World) -> None:
    world = own_world
    watcher = Watcher(world.store, world.spark, world.actor)
    watcher.start()
    try:
        run_id = world.start()
        wait_until(lambda: watcher.holds_lease, what="the lease")
        world.server.kill()
        wait_until(lambda: world.record(run_id).engine.phase is Phase.LOST_CONTACT, 12, "the lost contact")  # type: ignore[union-attr]
        status = world.controller.get_pipeline_status()
        assert status["is_running"] is True
        assert status["phase"] == "lost_contact"
        assert status["spark"]["reachable"] is False
        assert "may still be going on" in status["sentence"]
        world.server.start()
        wait_until(lambda: world.record(run_id).engine.phase is Phase.RUNNING, 12, "the contact")  # type: ignore[union-attr]
        world.controller.stop_run(run_id, grace_seconds=0)
    finally:
        watcher.close()


def test_with_the_database_away_everything_is_unknown_and_nothing_is_claimed(world: World) -> None:
    from pipeline_gui.pipeline.controller import PipelineController
    from pipeline_gui.pipeline.errors import StoreUnavailable
    from pipeline_gui.store.store import open_store

    store = open_store("postgresql://nobody@127.0.0.1:9/nothing", application_name="tests", max_connections=1)
    controller = PipelineController(store, world.spark, world.actor)
    try:
        status = controller.get_pipeline_status()
        assert status["is_running"] is None
        assert status["status"] == "unknown"
        assert status["database"]["reachable"] is False
        overview = controller.get_overview()
        assert (overview["status"]["is_running"], overview["runs"]) == (None, None)
        assert controller.stop_pipeline()["reason"] == "unreachable"
        assert controller.start_pipeline(world.configuration())["reason"] == "unreachable"
        with pytest.raises(StoreUnavailable):
            controller.is_pipeline_running()
        with pytest.raises(StoreUnavailable):
            controller.get_recent_pipeline_runs()
    finally:
        store.close()


def test_a_run_that_ends_while_orphans_are_hunted_is_not_called_one(world: World) -> None:
    run_id = world.start()
    world.spark.once_after("alive", lambda: world.controller.stop_run(run_id, grace_seconds=0))
    world.hunter.hunt()  # its list shows the batch alive, and the row that it reads then has ended
    assert world.record(run_id).run.status == "stopped"
    assert "orphan killed" not in world.event_kinds(run_id)


def test_an_overview_is_the_status_and_the_history_and_keeps_what_did_not_change(world: World) -> None:
    ended = world.start()
    world.controller.stop_run(ended, grace_seconds=0)
    running = world.start()
    first = world.controller.get_overview()
    assert first["runs"] is not None
    assert first["status"]["run_id"] == running
    assert [run["run_id"] for run in first["runs"]] == [running, ended]
    assert first["runs"][1] == world.controller.get_recent_pipeline_runs()[1]

    world.controller.stop_run(running, grace_seconds=0)
    second = world.controller.get_overview()

    assert second["runs"] is not None
    assert second["status"]["is_running"] is False
    assert second["runs"][0]["status"] == "stopped"
    assert second["runs"][1] is first["runs"][1]
    with pytest.raises(ConfigurationInvalid):
        world.controller.get_overview(0)


def test_a_run_that_was_started_elsewhere_is_looked_at_once_its_row_is_heard_of(
    world: World, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline_gui.pipeline.watcher.IDLE_SECONDS", 600.0)
    wait_until(lambda: watcher.holds_lease and watcher._is_idle, 10, "a watcher at rest")
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    watcher.hear_change()
    wait_until(lambda: world.record(run_id).run.status == "completed", 10, "the end of a run that nobody looked at")


def test_a_run_of_which_nobody_tells_is_seen_when_the_lease_is_renewed(world: World, watcher: Watcher) -> None:
    wait_until(lambda: watcher.holds_lease and watcher._is_idle, 10, "a watcher at rest")
    run_id = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(run_id), "success")
    wait_until(lambda: world.record(run_id).run.status == "completed", 3.0, "the recorded end")


def test_while_nothing_runs_spark_is_asked_now_and_then_and_missed_at_once(world: World) -> None:
    watcher = Watcher(world.store, world.spark, world.actor, clock=world.clock)
    for _ in range(20):
        watcher._turn()
        world.clock.move(1.5)
    asked = world.spark.calls["identity"] + world.spark.calls["alive"]
    assert asked <= 30 / 5 + 2
    assert world.store.calls["running"] == 0
    world.spark.always_before("identity", raising(SparkUnavailable("No answer.")))
    world.spark.always_before("alive", raising(SparkUnavailable("No answer.")))
    watcher._next_hunt, watcher._next_probe = 0.0, world.clock() + 5
    before = world.spark.calls["identity"]
    for _ in range(5):
        assert watcher.holds_lease
        world.clock.move(1.5)
        watcher._turn()
    assert not watcher.holds_lease  # 5 s of silence, asked each turn
    assert world.spark.calls["identity"] == before + 4
    world.spark.heal()
    watcher._turn()
    assert watcher.holds_lease
    watcher.close()


def test_who_is_always_on_says_so_while_it_watches_also_without_the_lease(world: World, watcher: Watcher) -> None:
    wait_until(lambda: watcher.holds_lease, 10, "the lease")
    services = world.plain_store.schedules.services
    assert services() == []
    service = Watcher(world.store, world.spark, world.actor, is_always_on=True)
    service.start()
    try:
        [found] = wait_until(services, 10, "the word of a service")
        assert (found.actor, found.host) == (str(world.actor), world.actor.host)
        assert not service.holds_lease
    finally:
        service.close()
    assert services() == []


def test_who_is_always_on_says_so_now_and_then_and_not_where_it_could_start_nothing(world: World) -> None:
    service = Watcher(world.store, world.spark, world.actor, clock=world.clock, is_always_on=True)
    world.store.always_before("announce_service", raising(StoreRefused("A viewer may not.")))
    service._turn()
    assert service.holds_lease  # who may not say so watches all the same
    world.store.heal()
    world.store.calls.clear()
    for _ in range(20):
        world.clock.move(1.5)
        service._turn()
    assert 2 <= world.store.calls["announce_service"] <= 3
    world.spark.always_before("identity", raising(SparkUnavailable("No answer.")))
    world.spark.always_before("alive", raising(SparkUnavailable("No answer.")))
    for _ in range(10):
        world.clock.move(1.5)
        service._turn()
    world.store.calls.clear()
    for _ in range(20):
        world.clock.move(1.5)
        service._turn()
    assert world.store.calls["announce_service"] == 0
    service.close()


def test_a_first_look_that_is_put_off_comes_at_a_nudge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    late, early = (Watcher(world.store, world.spark, world.actor) for _ in range(2))
    turns: list[int] = []
    monkeypatch.setattr(late, "_turn", lambda: turns.append(1))
    try:
        late.start(first_look_in=600)
        early.start()
        wait_until(lambda: early.holds_lease, 10, "the lease of the one that looks at once")
        assert turns == []
        late.nudge()
        wait_until(lambda: bool(turns), 10, "the look of the one that was put off")
    finally:
        early.close()
        late.close()
