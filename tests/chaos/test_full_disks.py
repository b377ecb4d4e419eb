"""Disks that are really full: the database's, and the command server's. Nothing is claimed, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.migrate import migrate
from tests.command_server.harness import CommandServer, command_server
from tests.pipeline.conftest import SLEEPS, World
from tests.postgres import PostgresServer, running_server
from tests.waiting import wait_until

MEGABYTE = 1024 * 1024


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, of that size; the test is skipped where none may be mounted."""
    folder.mkdir(mode=0o755)
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    words = [
        *sudo,
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size={megabytes}m,uid={os.geteuid()},mode=755",
        "tmpfs",
        str(folder),
    ]
    try:
        subprocess.run(words, check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no file system may be mounted here, so no disk can be filled")
    try:
        yield folder
    finally:
        subprocess.run([*sudo, "umount", "--lazy", str(folder)], check=True, timeout=10)


@contextmanager
def filled(disk: Path, *, leaving: int = 0) -> Iterator[None]:
    """Not a byte is free on the disk, or only so many are."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(MEGABYTE))
        with contextlib.suppress(OSError):
            while True:
                file.write(b"x")
        file.truncate(max(0, file.tell() - leaving))
    try:
        yield
    finally:
        filler.unlink()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CommandServer]:
    """A command server with room enough."""
    with command_server(tmp_path / "command-server") as server:
        yield server


def test_a_database_whose_disk_is_full_records_nothing_and_says_so(tmp_path: Path, server: CommandServer) -> None:
    with small_disk(tmp_path / "disk", 200) as disk, running_server(disk / "postgres", fsync=True) as postgres:
        url = postgres.url_of(postgres.create_database())
        migrate(url, actor=Actor("tests", "localhost", "terminal"))
        world = World(url, server)
        try:
            with filled(disk):  # what is small still finds a place in pages that are there; this does not
                answer = world.controller.start_pipeline(
                    world.configuration(args=[secrets.token_hex(2_000) for _ in range(20)])
                )
                assert (answer["success"], answer["reason"]) == (False, "refused")
                assert "disk" in answer["message"] or "space" in answer["message"]
                assert world.controller.get_pipeline_status()["is_running"] is False
                assert world.spark.calls["submit"] == 0
            run_id = world.start()
            with filled(disk):
                wait_until(lambda: _uses_up_the_log(world, postgres), 30, "the database's end")
                answer = world.controller.stop_run(run_id, grace_seconds=0)
                assert (answer["run_id"], answer["reason"]) == (run_id, "unreachable")
                assert world.controller.get_pipeline_status()["is_running"] is None
                assert world.controller.start_pipeline(world.configuration())["reason"] == "unreachable"
                assert world.processes(run_id)
            postgres.postgres.stop(timeout=5)
            postgres.postgres.start()
            wait_until(lambda: world.controller.get_pipeline_status()["is_running"], 20, "the database")
            assert world.controller.stop_run(run_id, grace_seconds=0)["success"]
            assert world.record(run_id).run.status == "stopped"
            assert world.processes(run_id) == []
        finally:
            world.close()


def _uses_up_the_log(world: World, postgres: PostgresServer) -> bool:
    """Use up what the database's log has to spare; true when the server is down for good.

    It panics, recovers, and may find that the recovery freed a piece of its log, so that once is not always enough.
    """
    with contextlib.suppress(psycopg.Error):
        for _ in range(50):
            world.execute("SELECT pg_logical_emit_message(true, 'x', 'x'), pg_switch_wal()")
    return not postgres.postgres.is_running()


def test_a_command_server_whose_disk_is_full_launches_nothing_and_keeps_the_truth(
    tmp_path: Path, database: str
) -> None:
    with small_disk(tmp_path / "disk", 96) as disk:
        server = CommandServer(tmp_path / "server", state=disk / "state")
        with contextlib.ExitStack() as stack:
            stack.callback(server.close)
            server.start()
            world = World(database, server)
            stack.callback(world.close)
            run_id = world.start("import time\nprint('at work', flush=True)\ntime.sleep(2)\n", name="ends")
            world.wait_at_work(run_id)
            with filled(disk):
                world.server.wait_for_state(world.batch_name(run_id), "success")  # room was kept for its end
                assert world.settle_until_ended(run_id).run.status == "completed"
                refused = world.controller.start_pipeline(world.configuration())
                assert refused["success"] is False
                assert "free" in refused["message"] or "written" in refused["message"]
                assert world.plain_spark.alive("") == []
                server.restart()
                assert world.plain_spark.alive("") == []
            second = world.start(SLEEPS, name="second")
            with filled(disk):
                for pid in world.processes(second):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                assert world.settle_until_ended(second).run.status == "failed"
            refused_id = str(refused["run_id"])
            world.hunter.hunt()
            record = world.record(refused_id)
            assert (record.run.status, record.engine and record.engine.gone) == ("failed", True)
    shutil.rmtree(tmp_path / "server", ignore_errors=True)
