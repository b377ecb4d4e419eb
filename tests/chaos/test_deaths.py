"""Other deaths: of the database, of parts of a batch, of a process that is only asleep; and copies and poolers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.store import open_store
from tests.chaos.real.bounds import watch_until_killed
from tests.chaos.real.ground import processes
from tests.command_server.harness import CommandServer, command_server, free_port
from tests.pipeline.conftest import World
from tests.postgres import PostgresServer, running_server
from tests.waiting import wait_until

MIGRATOR = Actor("tests", "localhost", "terminal")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A command server for this module; nobody kills it."""
    with command_server(tmp_path_factory.mktemp("command-server")) as running:
        yield running


@pytest.fixture
def world(database: str, server: CommandServer) -> Iterator[World]:
    """One operator."""
    world = World(database, server)
    yield world
    world.close()


@contextlib.contextmanager
def watching(world: World) -> Iterator[Watcher]:
    """A watcher of its own for a world."""
    watcher = Watcher(world.plain_store, world.plain_spark, world.actor)
    watcher.start()
    try:
        wait_until(lambda: watcher.holds_lease, 10, "the lease")
        yield watcher
    finally:
        watcher.close()


def end_of_driver(world: World, run_id: str) -> None:
    for pid in world.processes(run_id):
        with contextlib.suppress(ProcessLookupError):  # the first takes others along
            os.kill(pid, signal.SIGKILL)


def test_a_database_that_ends_every_connection_loses_nothing(world: World) -> None:
    with watching(world):
        run_id = world.start()
        world.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        end_of_driver(world, run_id)
        wait_until(lambda: not world.record(run_id).run.is_running, 6, "the recorded end")
    assert world.record(run_id).run.status == "failed"


def test_a_database_that_restarts_during_a_run_is_found_again(tmp_path: Path, server: CommandServer) -> None:
    with running_server(tmp_path, fsync=True) as postgres:
        url = postgres.url_of(postgres.create_database())
        migrate(url, actor=MIGRATOR)
        world = World(url, server)
        try:
            with watching(world):
                run_id = world.start()
                postgres.postgres.stop(timeout=5)
                assert world.controller.get_pipeline_status()["is_running"] is None
                assert world.controller.stop_pipeline()["reason"] == "unreachable"
                assert world.processes(run_id)
                postgres.postgres.start()
                wait_until(lambda: world.controller.get_pipeline_status()["is_running"], 10, "the database")
                assert world.controller.stop_run(run_id, grace_seconds=0)["success"]
        finally:
            world.close()


def test_a_database_without_a_free_connection_is_unknown_and_not_idle(
    world: World, postgres_server: PostgresServer
) -> None:
    run_id = world.start()
    name = str(conninfo_to_dict(world.database)["dbname"])
    role = f"limited_{name[-8:]}"
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x' CONNECTION LIMIT 1").format(sql.Identifier(role)))
        admin.execute(sql.SQL("GRANT pg_read_all_data, pg_write_all_data TO {}").format(sql.Identifier(role)))
    url = make_conninfo(world.database, user=role, password="x")
    store = open_store(url, application_name="tests", max_connections=1)
    limited = World(world.database, world.server)
    limited.store._port = store
    try:
        with psycopg.connect(url):
            status = limited.controller.get_pipeline_status()
            assert (status["is_running"], status["status"]) == (None, "unknown")
            assert "connections" in status["sentence"]
            with pytest.raises(StoreUnavailable):
                limited.controller.is_pipeline_running()
        wait_until(lambda: limited.controller.get_pipeline_status()["run_id"] == run_id, 5, "a free connection")
    finally:
        store.close()
        limited.close()
        world.controller.stop_run(run_id, grace_seconds=0)
        with psycopg.connect(world.database, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("REVOKE pg_read_all_data, pg_write_all_data FROM {}").format(sql.Identifier(role)))
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_a_database_that_becomes_read_only_starts_nothing_and_stops_nothing(world: World) -> None:
    run_id = world.start()
    name = sql.Identifier(str(conninfo_to_dict(world.database)["dbname"]))
    with psycopg.connect(world.database, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    demoted = World(world.database, world.server, "ben")
    try:
        assert demoted.controller.stop_run(run_id, grace_seconds=0)["reason"] == "refused"
        assert world.processes(run_id)
        end_of_driver(world, run_id)
        assert demoted.controller.get_pipeline_status()["is_running"] is True  # nobody could record its end
    finally:
        demoted.close()
        with psycopg.connect(world.database, autocommit=True) as admin:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    assert world.settle_until_ended(run_id).run.status == "failed"


def test_a_supervisor_killed_alone_takes_its_driver_along(world: World) -> None:
    run_id = world.start()
    os.kill(world.server.supervisor_pid(world.batch_name(run_id)), signal.SIGKILL)
    with watching(world):
        wait_until(lambda: not world.record(run_id).run.is_running, 8, "the recorded end")
    assert world.processes(run_id) == []
    record = world.record(run_id)
    assert record.run.status == "failed"
    assert "supervisor died" in (record.run.error_message or "")


def test_a_python_child_killed_alone_is_a_failure_and_leaves_nothing(world: World) -> None:
    run_id = world.start()
    os.kill(max(world.processes(run_id)), signal.SIGKILL)
    with watching(world):
        wait_until(lambda: not world.record(run_id).run.is_running, 8, "the recorded end")
    assert world.processes(run_id) == []
    assert world.record(run_id).run.status == "failed"


def test_a_process_that_slept_while_others_acted_changes_nothing_when_it_wakes(world: World) -> None:
    ours, theirs = processes.Pipe()
    arguments = (world.database, world.server.url, world.server.token, theirs)
    sleeper = processes.Process(target=watch_until_killed, args=arguments, daemon=True)
    sleeper.start()
    try:
        assert ours.poll(20)
        first = world.start()
        os.kill(int(str(sleeper.pid)), signal.SIGSTOP)
        with watching(world):
            assert world.controller.stop_run(first, grace_seconds=0)["success"]
            ended = world.record(first).run
            second = world.start()
            os.kill(int(str(sleeper.pid)), signal.SIGCONT)
            wait_until(lambda: "sleeper looked" if _looked(world) else "", 8, "a look of both")
        assert world.record(first).run == ended
        assert world.record(second).run.status == "running"
        assert world.processes(second)
        world.controller.stop_run(second, grace_seconds=0)
    finally:
        sleeper.kill()
        sleeper.join(5)


def _looked(world: World) -> bool:
    """Whether the one that woke has asked the database since: its connection is younger than its sleep, or used."""
    with psycopg.connect(world.database, autocommit=True) as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'leader'"
            " AND clock_timestamp() - state_change < interval '1 s'"
        ).fetchone() or (0,)
    return bool(count)


def test_a_restored_copy_beside_the_original_touches_nothing(world: World, postgres_server: PostgresServer) -> None:
    run_id = world.start()
    world.plain_store.close()  # a database is copied as a template only while nobody is connected
    name = str(conninfo_to_dict(world.database)["dbname"])
    with postgres_server.fresh_database(name) as url:
        copy = World(url, world.server, "staging")
        try:
            copy.watcher.step()
            copy.hunter.hunt()
            assert copy.controller.stop_run(run_id, grace_seconds=0)["reason"] == "refused"
            assert copy.controller.start_pipeline(copy.configuration())["success"] is False
            assert copy.spark.calls["fence"] == copy.spark.calls["submit"] == 0
        finally:
            copy.close()
    original = World(world.database, world.server)
    assert original.processes(run_id)
    assert original.controller.stop_run(run_id, grace_seconds=0)["success"]
    original.close()


def test_a_failover_that_lost_the_last_commits_gives_no_second_run(world: World) -> None:
    run_id = world.start()
    world.execute("DELETE FROM pipeline_runs")
    world.execute("DELETE FROM pipeline_run_engine")
    assert world.controller.get_pipeline_status()["is_running"] is False  # all that the new primary knows
    answer = world.controller.start_pipeline(world.configuration(name="second"))
    assert (answer["success"], answer["reason"]) == (False, "busy")  # Spark's own guard
    world.hunter.hunt()
    assert world.processes(run_id)  # its row might come back
    world.clock.move(11)
    world.hunter.hunt()
    wait_until(lambda: not world.processes(run_id), what="the end of the orphan")
    assert world.event_kinds(run_id)[-2:] == ["batch without a row", "orphan killed"]
    second = world.start(name="second")
    assert world.controller.stop_run(second, grace_seconds=0)["success"]


@pytest.mark.parametrize("moved", ["1 hour", "-1 hour"])
def test_a_clock_that_is_moved_an_hour_either_way_changes_no_outcome(world: World, moved: str) -> None:
    with watching(world) as watcher:
        run_id = world.start()
        # What was recorded before the clock was moved is that much older, or lies in the future.
        world.execute("UPDATE pipeline_runs SET start_time = start_time - %s::interval", moved)
        world.execute("UPDATE pipeline_watcher SET expires_at = expires_at - %s::interval", moved)
        wait_until(lambda: watcher.holds_lease, 3, "the lease")
        assert (world.controller.get_pipeline_status()["duration"] or 0) >= 0
        world.execute("UPDATE pipeline_watcher SET holder = 'dead', expires_at = expires_at - %s::interval", moved)
        end_of_driver(world, run_id)
        wait_until(lambda: not world.record(run_id).run.is_running, 8, "the recorded end")
        ended = world.record(run_id).run
        assert ended.status == "failed"
        assert ended.duration is not None
        assert ended.duration >= 0
        assert ended.start_time is not None
        assert ended.end_time is not None
        assert ended.end_time >= ended.start_time
        second = world.start(name="second")
        assert world.controller.stop_run(second, grace_seconds=0)["success"]


def test_a_row_that_another_program_renames_is_theirs_and_its_batch_an_orphan(world: World) -> None:
    run_id = world.start()
    world.execute("UPDATE pipeline_runs SET run_id = 'renamed'")
    status = world.controller.get_pipeline_status()
    assert (status["run_id"], status["ours"]) == ("renamed", False)
    world.hunter.hunt()
    assert world.processes(run_id)
    world.clock.move(11)
    world.hunter.hunt()
    wait_until(lambda: not world.processes(run_id), what="the end of the orphan")
    assert world.record("renamed").run.status == "running"  # theirs: a person releases it
    assert world.controller.release_run("renamed")["success"]
    second = world.start()
    world.controller.stop_run(second, grace_seconds=0)


def test_two_windows_with_different_spark_servers_settle_each_their_own(world: World, tmp_path: Path) -> None:
    run_id = world.start()
    with command_server(tmp_path) as other_server:
        other = World(world.database, other_server, "ben")
        try:
            end_of_driver(world, run_id)
            world.server.wait_for_state(world.batch_name(run_id), "dead")
            status = other.controller.get_pipeline_status()
            assert (status["is_running"], status["run_id"]) == (True, run_id)  # not its to judge
            answer = other.controller.stop_run(run_id, grace_seconds=0)
            assert answer["reason"] == "unconfirmed"
            assert "another Spark server" in answer["message"]
        finally:
            other.close()
    assert world.settle_until_ended(run_id).run.status == "failed"  # by itself, before the stop


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="pgbouncer is not installed (Debian: pgbouncer)")
def test_a_pooler_in_transaction_mode_changes_nothing(world: World, tmp_path: Path) -> None:
    target = conninfo_to_dict(world.database)
    port = free_port()
    (tmp_path / "users.txt").write_text(f'"{target["user"]}" "{target["password"]}"\n')
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={target['host']} port={target['port']}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\npool_mode = transaction\n"
        f"auth_type = scram-sha-256\nauth_file = {tmp_path}/users.txt\ndefault_pool_size = 3\n"
        "ignore_startup_parameters = extra_float_digits,options\n"
    )
    os.chmod(tmp_path, 0o755)
    command = ["pgbouncer", *(["-u", "nobody"] if os.geteuid() == 0 else []), str(tmp_path / "pgbouncer.ini")]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as pooler:
        try:
            pooled = World(make_conninfo(world.database, port=port), world.server)
            wait_until(lambda: pooled.controller.get_pipeline_status()["is_running"] is False, 10, "the pooler")
            with watching(pooled) as leader:
                second = Watcher(world.plain_store, world.plain_spark, world.actor)
                second.start()
                run_id = pooled.start()
                end_of_driver(pooled, run_id)
                wait_until(lambda: not pooled.record(run_id).run.is_running, 6, "the recorded end")
                assert leader.holds_lease
                assert not second.holds_lease
                second.close()
            pooled.close()
        finally:
            pooler.terminate()
            pooler.wait(5)
