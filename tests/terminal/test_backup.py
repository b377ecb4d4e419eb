"""What docs/administrators.md says of a backup, a move and a copy, done as it is written there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pipeline_gui.embedded.cluster import binaries_folder
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.store.store import PostgresStore, open_store
from tests.command_server.harness import CommandServer, command_server
from tests.postgres import running_server
from tests.store.conftest import ANA, new_run

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "administrators.md").read_text("utf-8")

Do = Callable[[str], str]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CommandServer]:
    with command_server(tmp_path / "server") as server:
        yield server


@pytest.fixture
def new_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of another PostgreSQL."""
    with running_server(tmp_path / "postgres") as elsewhere:
        yield elsewhere.url_of(elsewhere.create_database())


@pytest.fixture
def do(database: str, new_url: str, server: CommandServer, tmp_path: Path) -> Do:
    """Does what a block of the page says that holds certain words; what was said."""
    program = tmp_path / "bin" / "pipeline-gui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline_gui "$@"\n')
    program.chmod(0o755)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    environment = {
        "PATH": f"{program.parent}:{binaries_folder()}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PIPELINE_GUI_DATABASE_URL": database,
        "PIPELINE_GUI_SPARK_URL": server.url,
        "PIPELINE_GUI_SPARK_TOKEN": server.token,
        "NEW_URL": new_url,
    }

    def run(words: str) -> str:
        (block,) = [block for block in re.findall(r"```sh\n(.+?)```", PAGE, re.DOTALL) if words in block]
        command = ["bash", "-euo", "pipefail", "-c", block]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def new_store(new_url: str) -> Iterator[PostgresStore]:
    store = open_store(new_url, application_name="tests", max_connections=1)
    yield store
    store.close()


@pytest.fixture
def store(database: str) -> Iterator[PostgresStore]:
    store = open_store(database, application_name="tests", max_connections=1)
    yield store
    store.close()


def test_a_restore_in_place_needs_nothing_else(do: Do, store: PostgresStore) -> None:
    store.insert(new_run("before"), ANA)
    store.settle("before", None, Ending(RunStatus.COMPLETED, gone=True), ANA)
    do("pg_dump")
    store.insert(new_run("after"), ANA)
    said = do("pg_restore --clean")
    assert "✖" not in said
    assert "and the original" in said
    assert [run.run_id for run in store.recent(2)] == ["before"]
    store.insert(new_run("next"), ANA)


def test_a_database_that_moved_goes_on(do: Do, store: PostgresStore, new_store: PostgresStore) -> None:
    store.insert(new_run("running"), ANA)
    do("pg_dump")
    do("pg_restore --no-owner")
    with pytest.raises(StoreRefused, match=r"is a copy.*--moved.*--new-identity"):
        new_store.insert(new_run(), ANA)
    do("migrate --moved")
    assert new_store.installation().installation_id == store.installation().installation_id
    running = new_store.running()
    assert running is not None
    assert running.run.run_id == "running"


def test_a_copy_for_staging_leaves_the_original_alone(
    do: Do, store: PostgresStore, new_store: PostgresStore, new_url: str
) -> None:
    store.insert(new_run("running"), ANA)
    do("pg_dump")
    do("pg_restore --no-owner")
    do("migrate --new-identity")
    assert new_store.installation().installation_id != store.installation().installation_id
    assert new_store.running() is None
    assert store.running() is not None
    new_store.insert(new_run("staged"), ANA)
    assert store.find("staged") is None
    with psycopg.connect(new_url) as connection:
        row = connection.execute("SELECT has_table_privilege('pipeline_gui_viewer', 'pipeline_runs', 'SELECT')")
        assert row.fetchone() == (True,), "the roles are there"
