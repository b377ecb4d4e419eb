"""The process that reads the first rows while Qt loads: it finds what everybody finds, and leaves nothing behind."""

from __future__ import annotations

import base64
import json
import marshal
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipeline_gui.backend import open_backend
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.record import Actor, EngineChange
from pipeline_gui.pipeline.run import Phase, RunStatus
from pipeline_gui.settings import load_settings
from pipeline_gui.store.store import open_store
from pipeline_gui.window.first_look import MOST_RUNS, FirstLook
from pipeline_gui.window.snapshot import RowMaker, Snapshot, take_snapshot
from tests.store.conftest import new_run

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
found = look.poll(6)
look.give_up()
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


def test_it_is_the_snapshot_of_a_refresh_with_every_kind_of_row(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ours and of others, of other zones, with what is secret, and one that runs and tells its progress."""
    make_rows(database)
    environ = environment(tmp_path, database)
    (tmp_path / "settings.toml").write_text('old_rows_timezone = "Asia/Tokyo"', encoding="utf-8")
    for key, value in environ.items():
        monkeypatch.setenv(key, value)
    code = """
import base64, pickle
found = look.poll(6)
assert look.is_over and look.poll() is None, "it is told once"
look.give_up()
print(json.dumps({"child": child, "found": base64.b64encode(pickle.dumps(found)).decode()}))
"""
    answer = in_a_program(environ, code)
    first: Snapshot | None = pickle.loads(base64.b64decode(answer["found"]))
    with open_backend(load_settings()) as backend:
        expected = take_snapshot(backend.controller, RowMaker("Asia/Tokyo"))
    assert first is not None
    assert first.rows is not None
    assert first.rows == expected.rows
    assert {row.run_id for row in first.rows} == {"ours", "theirs", "told", "secret", "endless"}
    [running] = [row for row in first.rows if row.is_running]
    [expected_running] = [row for row in expected.rows or () if row.is_running]
    assert running.outcome == "job 3 · 4 of 9 tasks"
    assert (running.running_since or 0.0) == pytest.approx(expected_running.running_since or 1.0, abs=1.0)
    assert "s3cret" not in repr(first)
    assert {row.outcome for row in first.rows if row.run_id == "secret"} != {""}
    varies = {"duration": None, "database": None, "spark": None}
    assert {**first.status, **varies} == {**expected.status, **varies}
    assert first.status["database"]["reachable"] is True
    assert first.status["spark"]["reachable"] is None
    assert first.trouble is None
    assert expected.asked_at - 60 < first.asked_at <= first.answered_at <= expected.answered_at
    assert abs((expected.at - first.at).total_seconds()) < 60
    assert first.at.tzinfo is not None


def make_rows(database: str) -> None:
    store = open_store(database, application_name="tests", max_connections=1)
    actor = Actor("ana", "ops-3", "window")
    for run_id in ("told", "ours"):
        metadata = {"started_by": "ana@ops-3", "started_from": "window", "configuration": {"name": "flights"}}
        inserted = store.insert(new_run(run_id, metadata=metadata), actor)
        if run_id == "told":
            ending = Ending(RunStatus.FAILED, gone=True, error_message="no such column")
            assert store.settle(run_id, None, ending, actor) is not None
    progress = Progress(job_id=3, tasks_completed=4, tasks_total=9)
    assert inserted.record.engine is not None
    change = EngineChange(phase=Phase.RUNNING, progress=progress)
    assert store.change("ours", inserted.record.engine.rev, change, actor) is not None
    store.close()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO pipeline_runs
                   (run_id, command, status, start_time, end_time, duration, error_message, metadata)
               VALUES ('theirs', NULL, 'odd', now() AT TIME ZONE 'UTC', NULL, 'NaN', NULL, '[1e400]'),
                      ('secret', 'spark-submit --conf spark.password=s3cret a.py', 'failed', now() AT TIME ZONE 'UTC',
                       now() AT TIME ZONE 'UTC', 3, 'no way to https://ana:s3cret@host/', NULL),
                      ('endless', 'x', 'completed', '-infinity', 'infinity', 1, NULL, '{"stopped_by": 4}')"""
        )


def in_a_program(environ: dict[str, str], code: str) -> dict[str, Any]:
    """What some lines say in a program of their own, which has begun to look; its child must be gone in the end."""
    asked = LOOK[: LOOK.index("if sys.argv")]
    words = [sys.executable, "-c", asked + "import signal, time\n" + code]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    assert not is_alive(answer["child"])
    return answer


def test_nothing_is_found_by_asking_now_and_then_where_nothing_is(tmp_path: Path, empty_database: str) -> None:
    code = """
calls = 0
while (found := look.poll()) is None and not look.is_over:
    calls += 1
    time.sleep(0.002)
look.give_up()
print(json.dumps({"child": child, "found": found is not None, "calls": calls, "is_over": look.is_over}))
"""
    answer = in_a_program(environment(tmp_path, empty_database), code)
    assert (answer["found"], answer["is_over"]) == (False, True)
    assert answer["calls"] > 1, "it did not block"


def test_to_ask_a_child_that_stands_still_takes_no_time(tmp_path: Path, database: str) -> None:
    """And what it was stopped in goes on afterwards, be it asked for once more."""
    insert(database, *((f"run-{number}", "failed") for number in range(50)))
    code = """
os.kill(child, signal.SIGSTOP)
os.waitpid(child, os.WUNTRACED)
took = []
for _ in range(100):
    began = time.monotonic()
    assert look.poll() is None and not look.is_over
    took.append(time.monotonic() - began)
os.kill(child, signal.SIGCONT)
found = look.poll(6)
look.give_up()
print(json.dumps({"child": child, "rows": len(found.rows), "longest": max(took), "is_over": look.is_over}))
"""
    answer = in_a_program(environment(tmp_path, database), code)
    assert answer["rows"] == 50
    assert answer["longest"] < 0.5
    assert answer["is_over"]


def test_half_an_answer_is_none() -> None:
    """The second process is ended while it writes: by its alarm, or by whoever."""
    answer, answer_end = os.pipe()
    question_end, question = os.pipe()
    ended = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
    half = FirstLook(ended, question, answer)
    os.write(answer_end, marshal.dumps(({"is_running": None}, [], 0.0, 0.0, 0.0))[:-9])
    assert half.poll() is None
    assert not half.is_over
    os.close(answer_end)
    assert half.poll() is None
    assert half.is_over
    half.give_up()
    os.close(question)
    os.close(question_end)


def test_a_large_answer_waits_in_the_pipe_and_not_in_its_process(tmp_path: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO pipeline_runs (run_id, command, status, start_time)
               SELECT 'run-' || n, repeat('x', 4000), 'failed', now() AT TIME ZONE 'UTC'
               FROM generate_series(1, 150) AS n"""
        )
    code = """
deadline = time.monotonic() + 30
while time.monotonic() < deadline and os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
    time.sleep(0.01)
ended = time.monotonic() < deadline - 26  # before its alarm
found = look.poll()
look.give_up()
print(json.dumps({"child": child, "rows": len(found.rows), "ended": ended}))
"""
    answer = in_a_program(environment(tmp_path, database), code)
    assert (answer["rows"], answer["ended"]) == (150, True)


def test_more_runs_than_rows_can_be_made_of_at_once_are_left_to_the_refresh(tmp_path: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO pipeline_runs (run_id, status, start_time)
               SELECT 'run-' || n, 'failed', now() AT TIME ZONE 'UTC' FROM generate_series(1, %s) AS n""",
            (MOST_RUNS + 1,),
        )
    assert look(environment(tmp_path, database))["rows"] is None
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM pipeline_runs WHERE run_id = 'run-1'")
    assert len(look(environment(tmp_path, database))["rows"]) == MOST_RUNS


def test_where_the_ends_of_processes_are_ignored_it_is_cleared_away_all_the_same(tmp_path: Path, database: str) -> None:
    """As after ``trap '' CHLD`` in a shell."""
    insert(database, ("one", "failed"))
    words = ["sh", "-c", 'trap "" CHLD; exec "$0" -c "$1"', sys.executable, LOOK]
    done = subprocess.run(words, env=environment(tmp_path, database), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert [row[0] for row in json.loads(done.stdout)["rows"]] == ["one"]


@pytest.mark.parametrize("something_runs", [False, True])
def test_it_loads_nothing_that_the_first_rows_do_without(tmp_path: Path, database: str, something_runs: bool) -> None:
    insert(database, ("old", "completed"), *([("theirs", "running")] if something_runs else []))
    code = (
        "import json, os, sys\n"
        "from pipeline_gui.window.first_look import _look\n"
        "question_end, question = os.pipe()\n"
        "os.write(question, ('\\0' + os.environ['PIPELINE_GUI_DATABASE_URL']).encode())\n"
        "os.close(question)\n"
        "assert len(_look(question_end)) > 100\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('pipeline_gui.')]), flush=True)\n"
        "print(json.dumps(sorted({'psycopg_pool', 'msgspec', 'pickle', 'PySide6', 'requests'} & set(sys.modules))))\n"
    )
    words = [sys.executable, "-c", code]
    environ = environment(tmp_path, database)
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True, timeout=60)
    ours, heavy = (json.loads(line) for line in done.stdout.splitlines())
    assert heavy == []
    assert {name.removeprefix("pipeline_gui.") for name in ours} <= NEEDED


NEEDED = {
    "database_address",
    "pipeline",
    "pipeline.answers",
    "pipeline.clock",
    "pipeline.contact",
    "pipeline.errors",
    "pipeline.installation",
    "pipeline.run",
    "pipeline.sentences",
    "pipeline.status",
    "pipeline.status_answers",
    "store",
    "store.connection",
    "store.overview",
    "store.queries",
    "store.reading",
    "store.rows",
    "store.schema",
    "store.target",
    "store.values",
    "window",
    "window.first_look",
    "window.span",
}
"""Each module more is loaded before anybody sees a row."""


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


def test_python_gets_its_own_import_back(tmp_path: Path) -> None:
    code = (
        "import builtins, linecache; own = builtins.__import__\n"
        "from pipeline_gui.window.qt_loading import load_qt\n"
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
