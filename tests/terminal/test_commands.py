"""The commands as processes: what they do, what they answer, and their exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import psycopg

from pipeline_gui.pipeline.configuration import Configuration
from tests.terminal.conftest import Program
from tests.waiting import wait_until


def test_a_run_is_started_seen_stopped_and_found_again(program: Program) -> None:
    run_id = program.start(name="demo")
    status = program.json("status")
    assert (status["is_running"], status["run_id"], status["status"]) == (True, run_id, "running")
    assert status["database"]["reachable"] is True
    assert status["spark"]["reachable"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", status["start_time"])
    words = program.run("status")
    assert words.returncode == 0
    assert "“demo” is running." in words.stdout
    assert "\x1b" not in words.stdout
    stopped = program.json("stop")
    assert (stopped["success"], stopped["run_id"], stopped["status"]) == (True, run_id, "stopped")
    (run,) = program.json("runs", "--days", "0.5")
    assert (run["run_id"], run["status"], run["metadata"]["configuration"]["name"]) == (run_id, "stopped", "demo")
    assert set(run) == {
        "run_id", "command", "status", "start_time", "end_time", "duration", "error_message", "metadata",
    }  # fmt: skip
    text = program.run("runs").stdout.splitlines()
    assert text[0].split() == ["Status", "Pipeline", "Started", "Duration", "By", "Outcome", "Run"]
    assert text[1].startswith("stopped")
    assert text[1].endswith(run_id)


def test_nothing_runs(program: Program) -> None:
    status = program.json("status")
    assert (status["is_running"], status["run_id"], status["status"]) == (False, None, None)
    assert program.json("stop", code=1)["reason"] == "idle"
    assert program.json("stop", "--force", code=1)["reason"] == "idle"
    assert program.json("stop", "no-such-run", code=1)["reason"] == "invalid"
    assert program.json("runs") == []
    assert program.json("logs", code=1)["reason"] == "invalid"
    assert program.run("runs").stdout == "No runs in the last 2 days.\n"


def test_a_second_start_is_busy_and_names_the_first(program: Program) -> None:
    run_id = program.start()
    app = str(program.server.app("pass"))
    answer = program.json("start", "--file", app, code=1)
    assert (answer["success"], answer["reason"], answer["run_id"]) == (False, "busy", run_id)
    done = program.run("start", "--file", app, "--wait")
    assert (done.returncode, done.stdout) == (1, "")
    assert run_id in done.stderr


def test_force_leaves_no_time(program: Program) -> None:
    source = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + "print('at work', flush=True)\n"
    answer = program.json("start", "--file", str(program.server.app(source + "time.sleep(600)\n")))
    program.wait_at_work(answer["run_id"])
    stopped = program.json("stop", answer["run_id"], "--force", timeout=9)  # the usual grace is 10 s
    assert stopped["status"] == "stopped"


def test_the_log_of_an_ended_run(program: Program) -> None:
    source = "import sys\nfor k in range(3000): print('line', k)\nprint('\\x1b[31mred\\x1b[0m', file=sys.stderr)\n"
    run_id = program.start(source)
    wait_until(lambda: program.running_id() is None or program.run("status"), 20)
    done = program.run("logs", run_id)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert [line for line in lines if line.startswith("line ")] == [f"line {k}" for k in range(3000)]
    assert "red" in lines
    answer = program.json("logs")
    assert answer["run_id"] == run_id
    assert answer["total"] == len(answer["lines"]) == len(lines)
    assert "\x1b[31mred\x1b[0m" in answer["lines"]


def test_the_reader_of_a_pipe_may_leave(program: Program) -> None:
    run_id = program.start("for k in range(200000): print('line', k)\n")
    program.server.wait_for_state(program.batch_name(run_id), "success")
    process = program.begin("logs", run_id)
    assert process.stdout is not None
    assert process.stdout.readline() == "line 0\n"
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(30) == 141
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = program.begin("status", stdout=write_end)
    os.close(write_end)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 141


def test_a_full_disk_is_said(program: Program) -> None:
    with open("/dev/full", "w") as full:
        process = program.begin("runs", "--json", stdout=full)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "disk is full" in err
    assert "Traceback" not in err


def test_abandoning_wants_the_run_id_typed(program: Program) -> None:
    run_id = program.start()
    refused = program.json("stop", "--abandon", code=1)
    assert (refused["reason"], f"--yes '{run_id}'" in refused["message"]) == ("refused", True)
    assert program.json("stop", run_id, "--abandon", "--yes", "another", code=1)["reason"] == "refused"
    assert program.running_id() == run_id
    assert program.json("stop", run_id, "--abandon", "--yes", run_id)["status"] == "failed"
    assert program.running_id() is None
    gone = program.json("stop", run_id, "--confirm-gone", "--yes", "nothing of it can live")
    assert gone["success"]


def test_another_programs_row_is_released_by_typing(program: Program) -> None:
    with psycopg.connect(program.database) as connection:
        connection.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    assert program.json("status")["ours"] is False
    assert program.json("stop", code=1)["reason"] == "refused"
    assert program.json("stop", "--release", "--yes", "theirs")["status"] == "failed"
    assert program.running_id() is None


def test_a_sample_is_known_by_name_and_its_near_misses_are_told(program: Program) -> None:
    answer = program.json("start", "flihgts", code=1)
    assert answer["reason"] == "invalid"
    assert "did you mean 'flights'" in answer["message"]
    assert answer["field"] == "configuration"


def test_migrate_prepares_a_database_and_says_so(program: Program, empty_database: str) -> None:
    before = program.run("status", "--database-url", empty_database)
    assert before.returncode == 3
    assert "pipeline-gui migrate" in before.stdout
    environ = {"PIPELINE_GUI_DATABASE_URL": empty_database, "PIPELINE_GUI_SPARK_URL": ""}
    done = program.run("migrate", environ=environ)
    assert done.returncode == 0, done.stderr
    assert "is prepared" in done.stdout
    assert "up to date" in program.json("migrate", environ=environ)["message"]
    assert "installation of its own" in program.json("migrate", "--new-identity", environ=environ)["message"]
    assert program.json("status", "--database-url", empty_database)["is_running"] is False


def test_version_and_help() -> None:
    # The one test without servers, so that a broken front door is told apart from a broken house.
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_gui", "--version"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"pipeline-gui \d+\.\d+\.\d+\n", done.stdout)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_gui", "start", "--help"], capture_output=True, text=True, check=True
    )
    assert "--wait" in done.stdout


def test_every_key_of_a_configuration_reaches_spark(program: Program) -> None:
    app = program.server.app("import sys\nprint(sys.argv[1:])\n")
    toml = program.server.apps / "f.toml"
    toml.write_text(f'name = "named"\nfile = "{app.name}"\nargs = ["x"]\ndriver_memory = "1g"\n')
    answer = program.json("start", "--config", str(toml), "--arg", "--fast", "--arg", "$(id)", "--conf", "spark.a=1")
    program.server.wait_for_state(program.batch_name(answer["run_id"]), "success")
    assert "['--fast', '$(id)']" in program.json("logs")["lines"]
    (run,) = program.json("runs")
    configuration = run["metadata"]["configuration"]
    assert (configuration["name"], configuration["driver_memory"]) == ("named", "1g")
    assert configuration["conf"] == {"spark.a": "1"}
    assert Configuration(**{**configuration, "file": configuration["file"]}).name == "named"
    assert json.dumps(run)
