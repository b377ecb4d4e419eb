"""`start --wait` and `logs --follow`: every line once, the true end, whatever goes away meanwhile."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import IO

import psycopg
import pytest

from tests.command_server.harness import CommandServer
from tests.store.proxy import Proxy
from tests.terminal.conftest import SLEEPS, Program
from tests.waiting import wait_until

GATED = """
import os, sys, time
for k in range(500): print("line", k, flush=True)
print("at work", flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.02)
for k in range(500, 1000): print("line", k, flush=True)
print("last words", file=sys.stderr, end="", flush=True)
"""
LINES = [f"line {k}" for k in range(1000)]


def lines_of(text: str) -> list[str]:
    return re.findall(r"^line \d+$", text, re.MULTILINE)


def lines_until(words: str, stream: IO[str]) -> str:
    """What a process writes, up to the line with these words."""
    said = ""
    for line in stream:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was not said, but {said!r}")


def run_of(program: Program, run_id: str) -> tuple[str, str | None]:
    with psycopg.connect(program.database) as connection:
        row = connection.execute(
            "SELECT status, error_message FROM pipeline_runs WHERE run_id = %s", [run_id]
        ).fetchone()
    assert row is not None
    return row


def is_watched(program: Program) -> bool:
    with psycopg.connect(program.database) as connection:
        row = connection.execute("SELECT holder IS NOT NULL FROM pipeline_watcher").fetchone()
    return bool(row and row[0])


def test_a_completed_run(program: Program) -> None:
    gate = program.server.apps / "gate-completed"
    gate.touch()
    app = str(program.server.app(GATED, "counts.py"))
    done = program.run("start", "--file", app, "--arg", str(gate), "--wait")
    assert done.returncode == 0, done.stderr
    assert lines_of(done.stdout) == LINES
    assert "last words" in done.stdout.splitlines()
    assert re.search(r"^✔ “counts” completed after \d+ s\.$", done.stdout, re.MULTILINE)
    answer = program.json("start", "--file", app, "--arg", str(gate), "--wait")
    assert (answer["success"], answer["status"]) == (True, "completed")


def test_a_failed_run_says_why(program: Program) -> None:
    app = str(program.server.app("print('[bold]x')\nraise ValueError('no such column: dep')\n", "fails.py"))
    done = program.run("start", "--file", app, "--wait")
    assert done.returncode == 1
    assert "[bold]x" in done.stdout.splitlines()
    assert "ValueError: no such column: dep" in done.stderr
    assert "failed after" in done.stderr
    answer = program.json("start", "--file", app, "--wait", code=1)
    assert (answer["success"], answer["status"]) == (False, "failed")


def test_a_killed_driver_is_failed_within_five_seconds(program: Program) -> None:
    process = program.begin("start", "--file", str(program.server.app(SLEEPS)), "--wait")
    run_id = program.wait_for_running()
    wait_until(lambda: is_watched(program), 10, "the watcher of the wait")
    began = time.monotonic()
    for pid in program.server.pids(program.batch_name(run_id)):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: program.running_id() is None, 5, "the settled row")
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 6
    status, reason = run_of(program, run_id)
    assert (status, process.returncode) == ("failed", 1)
    assert reason is not None
    assert "SIGKILL" in reason
    assert "SIGKILL" in err
    assert "at work" in out.splitlines()


def test_control_c_leaves_the_run_going(program: Program) -> None:
    process = program.begin("start", "--file", str(program.server.app(SLEEPS)), "--wait")
    run_id = program.wait_for_running()
    assert process.stdout is not None
    wait_until(lambda: process.stdout is not None and "at work" in process.stdout.readline(), 20, "its log")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert f"The run goes on. To stop it: pipeline-gui stop {run_id}" in err
    assert "Traceback" not in err
    assert program.json("status")["run_id"] == run_id
    following = program.begin("logs", "--follow")
    assert following.stdout is not None
    assert following.stdout.readline()
    following.send_signal(signal.SIGINT)
    assert (following.wait(15), following.communicate()[1]) == (130, "")


def test_control_c_during_a_start_waits_for_its_answer(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {"PIPELINE_GUI_SPARK_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        process = program.begin("start", "--file", str(program.server.app(SLEEPS)), environ=environ)
        silent.settimeout(20)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        connection.close()
    assert process.returncode == 130
    assert err.splitlines()[0] == "Waiting until the start is answered …"
    assert "did not answer" in err.splitlines()[1]
    assert len(err.splitlines()) == 2
    assert program.running_id() is None


def test_a_stop_from_elsewhere_ends_the_wait(program: Program) -> None:
    process = program.begin("start", "--file", str(program.server.app(SLEEPS)), "--wait", "--json")
    program.wait_for_running()
    assert program.json("stop")["success"]
    out, _ = process.communicate(timeout=15)
    answer = json.loads(out)
    assert (process.returncode, answer["success"], answer["status"]) == (1, False, "stopped")


def test_a_follower_sees_every_line_once_and_ends_with_the_run(program: Program) -> None:
    gate = program.server.apps / "gate-follow"
    app = str(program.server.app(GATED, "counts.py"))
    run_id = program.json("start", "--file", app, "--arg", str(gate))["run_id"]
    program.wait_at_work(run_id)
    followers = [program.begin("logs", run_id, "--follow"), program.begin("logs", "-f", "--json")]
    assert followers[0].stdout is not None
    first = [followers[0].stdout.readline() for _ in range(500)]
    gate.touch()
    (text, said), (in_json, _) = (process.communicate(timeout=30) for process in followers)
    assert "completed" in said
    assert [process.returncode for process in followers] == [0, 0]
    assert lines_of("".join(first) + text) == LINES
    pages = [json.loads(line) for line in in_json.splitlines()]
    assert lines_of("\n".join(line for page in pages for line in page["lines"])) == LINES
    assert run_of(program, run_id)[0] == "completed"  # nobody else watched


def test_the_wait_outlives_the_command_server(own_program: Program) -> None:
    program = own_program
    gate = program.server.apps / "gate"
    app = str(program.server.app(GATED, "counts.py"))
    process = program.begin("start", "--file", app, "--arg", str(gate), "--wait", stderr=subprocess.PIPE)
    run_id = program.wait_for_running()
    program.server.kill()
    assert process.stderr is not None
    said = lines_until("waiting until", process.stderr)
    program.server.start()
    gate.touch()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert lines_of(out) == LINES
    assert "".join([said, err]).count("waiting until it answers again") == 1
    assert "Spark answers again" in err
    assert run_of(program, run_id)[0] == "completed"


@pytest.fixture
def network(program: Program) -> Iterator[Proxy]:
    """A way to the database that can fall silent."""
    with Proxy(program.database) as proxy:
        program.environment["PIPELINE_GUI_DATABASE_URL"] = proxy.url
        yield proxy


def test_the_wait_outlives_the_database(program: Program, network: Proxy) -> None:
    gate = program.server.apps / "gate-database"
    app = str(program.server.app(GATED, "counts.py"))
    process = program.begin("start", "--file", app, "--arg", str(gate), "--wait")
    run_id = program.wait_for_running()
    network.stall()
    assert process.stderr is not None
    lines_until("waiting until", process.stderr)
    gate.touch()
    program.server.wait_for_state(program.batch_name(run_id), "success")
    assert process.poll() is None
    network.resume()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert lines_of(out) == LINES
    assert run_of(program, run_id)[0] == "completed"


class Terminal:
    """A pseudo-terminal with a command on it."""

    def __init__(self, program: Program, *words: str) -> None:
        try:
            self._master, slave = pty.openpty()
        except OSError as error:  # in a root without /dev/pts there is no terminal to test on
            pytest.skip(f"this machine gives no pseudo-terminal: {error}")
        # Told to abort, it says on the terminal where each of its threads is.
        environ = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", "PYTHONFAULTHANDLER": "1"}
        self.process = program.begin(*words, stdin=slave, stdout=slave, stderr=slave, environ=environ)
        os.close(slave)
        self.text = ""

    def read_until(self, words: str, timeout: float = 20.0) -> None:
        """Read until these words were written."""
        wait_until(
            lambda: self._read() or words in self.text, timeout, f"{words!r} on the terminal: {self.text[-500:]}"
        )

    def read_to_end(self, timeout: float = 20.0) -> int:
        """Read until the command has ended; its exit code."""
        try:
            wait_until(lambda: self._read() or self.process.poll() is not None, timeout, "the end of the command")
        except AssertionError as error:
            self.process.send_signal(signal.SIGABRT)
            wait_until(lambda: self._read() or self.process.poll() is not None, timeout, "its end by SIGABRT")
            raise AssertionError(f"{error}\n{self.text[-8000:]}") from None
        self._read()
        os.close(self._master)
        return self.process.wait(1)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def _read(self) -> bool:
        """Read what is there; always False, for use in conditions."""
        while select.select([self._master], [], [], 0.02)[0]:
            try:
                self.text += os.read(self._master, 65536).decode("utf-8", "replace")
            except OSError:
                break
        return False


def test_a_terminal_gets_a_bar_below_the_log(program: Program, spark_server: CommandServer) -> None:
    gate = spark_server.apps / "gate-terminal"
    terminal = Terminal(
        program, "start", "--file", str(spark_server.app(GATED, "counts.py")), "--arg", str(gate), "--wait"
    )
    terminal.read_until("at work")
    terminal.read_until("━")
    gate.touch()
    assert terminal.read_to_end() == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.text).replace("\r", "\n")
    assert lines_of(plain) == LINES
    assert "\x1b[32m✔ “counts” completed" in terminal.text
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")  # the cursor is shown again


def test_an_end_by_sigterm_shows_the_cursor_again(program: Program) -> None:
    terminal = Terminal(program, "start", "--file", str(program.server.app(SLEEPS)), "--wait")
    terminal.read_until("━")
    terminal.process.terminate()
    assert terminal.read_to_end() == 143
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")


def test_abandoning_is_confirmed_on_the_terminal(program: Program) -> None:
    run_id = program.start()
    terminal = Terminal(program, "stop", "--abandon")
    terminal.read_until("to confirm: ")
    terminal.type("yes\n")
    assert terminal.read_to_end() == 1
    assert program.running_id() == run_id
    terminal = Terminal(program, "stop", "--abandon")
    terminal.read_until("to confirm: ")
    terminal.type(f"{run_id}\n")
    assert terminal.read_to_end() == 0
    assert program.running_id() is None
    again = Terminal(program, "runs")
    assert again.read_to_end() == 0
    assert "\x1b[31m✖ failed" in again.text
