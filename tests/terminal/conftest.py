"""The program in processes of its own, on a real database and a command server with a stand-in Spark."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipeline_gui import cli
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.identity import new_identity
from pipeline_gui.terminal import guard
from tests.command_server.harness import CommandServer, command_server
from tests.waiting import wait_until

SLEEPS = "import time\nprint('at work', flush=True)\ntime.sleep(600)\n"


class Program:
    """The command line of one profile; each call is a process."""

    def __init__(self, home: Path, database: str, server: CommandServer) -> None:
        self.home = home
        self.database = database
        self.server = server
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
        self.environment.pop("PYTHONUNBUFFERED", None)  # it would hide what is buffered when a pipe breaks
        self.environment |= {
            "PIPELINE_GUI_HOME": str(home),
            "PIPELINE_GUI_DATABASE_URL": database,
            "PIPELINE_GUI_SPARK_URL": server.url,
            "PIPELINE_GUI_SPARK_TOKEN": server.token,
            "TERM": "dumb",
        }
        self._processes: list[subprocess.Popen[str]] = []

    def run(
        self, *words: str | bytes, environ: Mapping[str, str] | None = None, text_in: str = "", timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "pipeline_gui", *words],
            env=self.environment | dict(environ or {}), input=text_in, capture_output=True, text=True, timeout=timeout,
            check=False,
        )  # fmt: skip

    def json(self, *words: str, code: int = 0, **options: Any) -> Any:
        """The answer in JSON of a command that must end with a code."""
        done = self.run(*words, "--json", **options)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def call_refused(self, code: int, *words: str, sentence: str) -> None:
        """Run a command within this process, which must be refused with a sentence."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for key, value in self.environment.items():
                patch.setenv(key, value)
            patch.setattr(guard, "exit_on_termination", lambda: None)
            assert cli.main(list(words)) == code, (out.getvalue(), err.getvalue())
        assert sentence in err.getvalue()
        assert err.getvalue().count("\n") == 1
        assert out.getvalue() == ""

    def begin(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """A command that goes on; killed at the end of the test."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline_gui", *words],
            env=self.environment | options.pop("environ", {}), stdin=options.pop("stdin", subprocess.DEVNULL),
            text=True, **options,
        )  # fmt: skip
        self._processes.append(process)
        return process

    def start(self, source: str = SLEEPS, name: str = "app", **options: Any) -> str:
        """Start an application that must start; its run id."""
        answer = self.json("start", "--file", str(self.server.app(source, f"{name}.py")), **options)
        assert answer["success"], answer
        run_id: str = answer["run_id"]
        if source == SLEEPS:
            self.wait_at_work(run_id)
        return run_id

    def batch_name(self, run_id: str) -> str:
        """Spark's name of a run."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute(
                "SELECT batch_name FROM pipeline_run_engine WHERE run_id = %s", [run_id]
            ).fetchone()
        assert row is not None
        return str(row[0])

    def wait_at_work(self, run_id: str) -> None:
        """Wait until the application itself runs."""
        self.server.wait_for_output(self.batch_name(run_id), "at work")

    def running_id(self) -> str | None:
        """The running run, read by another program."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT run_id FROM pipeline_runs WHERE status = 'running'").fetchone()
        return str(row[0]) if row else None

    def wait_for_running(self) -> str:
        """Wait until a run is recorded and its application works; its run id."""
        run_id = str(wait_until(self.running_id, 20, "a running row"))
        self.wait_at_work(run_id)
        return run_id

    def close(self) -> None:
        """End what was begun."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate(timeout=10)


@pytest.fixture(scope="session")
def spark_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A command server that the tests of the terminal share; each database has an installation of its own."""
    with command_server(tmp_path_factory.mktemp("spark-server")) as server:
        yield server


@pytest.fixture
def fresh_installation(database: str) -> str:
    """A database with an installation id of its own, as clones of one template have not."""
    new_identity(database, actor=Actor("tests", "localhost", "terminal"))
    return database


@pytest.fixture
def program(tmp_path: Path, fresh_installation: str, spark_server: CommandServer) -> Iterator[Program]:
    """The program of one profile, on a database of its own and the shared server."""
    program = Program(tmp_path / "home", fresh_installation, spark_server)
    try:
        yield program
        run_id = program.running_id()
        if run_id is not None:
            program.server.delete(f"/batches/{program.batch_name(run_id)}?fence=true&grace=0")
    finally:
        program.close()


@pytest.fixture
def own_program(tmp_path: Path, fresh_installation: str) -> Iterator[Program]:
    """The program with a command server of its own, which the test may break."""
    with command_server(tmp_path / "spark-server") as server:
        program = Program(tmp_path / "home", fresh_installation, server)
        try:
            yield program
        finally:
            program.close()
