"""The process that reads the first rows while Qt loads: it finds what everybody finds, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from pipeline_gui.backend import open_backend
from pipeline_gui.settings import load_settings
from pipeline_gui.window.snapshot import RowMaker, Snapshot, take_snapshot
from tests.window.conftest import OpenWindow
from tests.window.finding import found
from tests.window.stand_in import StandInBackend, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a process is divided on Linux only")

SPARK = "http://127.0.0.1:9"
LOOK = """
import json, os, sys
from pipeline_gui.window.first_look import begin
look = begin()
from pipeline_gui.settings import load_settings
assert look is not None
child = look._child
look.ask(load_settings())
if sys.argv[1:] == ["give up"]:
    print(child, flush=True)
    sys.stdin.readline()
    look.give_up()
found = look.wait()
rows = None if found is None else [[row.run_id, row.look.word, row.pipeline, row.outcome] for row in found.rows]
state = None if found is None else [found.status["is_running"], found.status["sentence"], found.is_known]
print(json.dumps({"child": child, "rows": rows, "state": state, "loaded": "psycopg" in sys.modules}), flush=True)
"""


def environment(tmp_path: Path, database: str, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
    names = {"PIPELINE_GUI_HOME": str(tmp_path), "PIPELINE_GUI_SPARK_URL": SPARK, "PIPELINE_GUI_SPARK_TOKEN": "t"}
    return {**kept, **names, "PIPELINE_GUI_DATABASE_URL": database, **more}


def look(environ: dict[str, str]) -> dict[str, Any]:
    """What a program of its own finds at its first look."""
    done = subprocess.run([sys.executable, "-c", LOOK], env=environ, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    assert not is_alive(answer["child"])
    return answer


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def insert(database: str, *rows: tuple[str, str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for run_id, status in rows:
            connection.execute(
                "INSERT INTO pipeline_runs (run_id, status, start_time) VALUES (%s, %s, now() AT TIME ZONE 'UTC')",
                (run_id, status),
            )


def test_it_finds_what_a_refresh_finds(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(database, ("old-1", "completed"), ("old-2", "failed"), ("theirs", "running"))
    environ = environment(tmp_path, database)
    answer = look(environ)
    for key, value in environ.items():
        monkeypatch.setenv(key, value)
    with open_backend(load_settings()) as backend:
        expected = take_snapshot(backend.controller, RowMaker())
    assert expected.rows is not None
    assert answer["rows"] == [[row.run_id, row.look.word, row.pipeline, row.outcome] for row in expected.rows]
    assert answer["state"] == [True, expected.status["sentence"], True]
    assert not answer["loaded"], "the first process loads Qt, and nothing of the database"


def test_where_no_servers_are_named_there_is_nothing_to_look_at(tmp_path: Path, database: str) -> None:
    environ = environment(tmp_path, database)
    del environ["PIPELINE_GUI_SPARK_URL"]
    assert look(environ)["rows"] is None


def test_what_goes_wrong_is_left_to_those_who_ask_again(tmp_path: Path) -> None:
    assert look(environment(tmp_path, "postgresql://u:p@127.0.0.1:9/none"))["rows"] is None


def test_a_database_of_another_schema_is_not_shown(tmp_path: Path, empty_database: str) -> None:
    assert look(environment(tmp_path, empty_database))["rows"] is None


def test_it_can_be_given_up_while_the_database_hangs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"
        with subprocess.Popen(
            [sys.executable, "-c", LOOK, "give up"],
            env=environment(tmp_path, url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            child = int(process.stdout.readline())
            asking, _ = silent.accept()  # it waits for an answer, for some seconds
            with asking:
                began = time.monotonic()
                said, _ = process.communicate("\n", timeout=60)
                assert time.monotonic() - began < 2
    assert json.loads(said)["rows"] is None
    assert not is_alive(child)


def snapshot(backend: StandInBackend) -> Snapshot:
    return take_snapshot(backend.controller, RowMaker())


def test_the_window_shows_it_before_there_is_a_backend_and_goes_on_from_there(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.runs = [run("newer", "completed"), run("older", "failed")]
    first = snapshot(backend)
    assert first.rows is not None
    window = open_window(None)
    window.expect_rows()
    window.show_first(first)
    table = window.page.table
    assert table.isVisible()
    assert set(window.page.model.rows) == set(first.rows)
    second = window.page.model.rows[1].run_id
    assert not window.actions_.start.isEnabled(), "nothing can be pressed that nobody would carry out"
    table.selectRow(1)
    window.attach(backend)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: window.session is not None and window.session.last is not None)
    assert table.selected_run is not None
    assert table.selected_run.run_id == second
    assert window.actions_.start.isEnabled()


def test_a_first_look_that_comes_late_changes_nothing(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.runs = [run("late", "completed")]
    late = snapshot(backend)
    backend.controller.runs = []
    window = open_window(backend)
    qtbot.waitUntil(lambda: window.session is not None and window.session.last is not None)
    window.show_first(late)
    assert window.page.model.rowCount() == 0


def test_an_opening_that_fails_is_said_where_rows_were_expected(open_window: OpenWindow) -> None:
    window = open_window(None)
    window.expect_rows()
    window.show_opening()
    window.opening.show_failure("The disk is full.")
    assert found(window, QLabel, "openingText").isVisible()


def test_python_gets_its_own_import_back(tmp_path: Path) -> None:
    code = (
        "import builtins, linecache; own = builtins.__import__\n"
        "from pipeline_gui.window.application import load_qt\n"
        "load_qt()\n"
        "import pipeline_gui.window.program, pipeline_gui.backend, pipeline_gui.store.store\n"
        "assert builtins.__import__ is own\n"
        "assert not [name for name in linecache.cache if 'pipeline_gui' in name or 'psycopg' in name]\n"
    )
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, timeout=60)


def test_ctrl_c_while_it_looks_ends_both(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"
        environ = environment(tmp_path, url, QT_QPA_PLATFORM="offscreen")
        words = [sys.executable, "-m", "pipeline_gui"]
        with subprocess.Popen(words, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            first, _ = silent.accept()
            asking, _ = silent.accept()  # the window is there, and its backend asks
            with first, asking:
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
                said = process.communicate(timeout=30)[1]
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
