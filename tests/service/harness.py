"""A service in a process of its own, on a database and a command server with a stand-in Spark."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.command_server.harness import CommandServer
from tests.waiting import wait_until

SLEEPS = "import time\nprint('at work', flush=True)\ntime.sleep(600)\n"
PATIENCE_SECONDS = 40.0
"""How long a stream may tell nothing but that it is there."""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPS


class Service:
    """A running service that a test asks, and the means to look behind it."""

    def __init__(self, folder: Path, database: str, server: CommandServer, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.database = database
        self.server = server
        folder.mkdir(parents=True, exist_ok=True)
        self._arguments = ["--port", "0", *arguments]
        self._out, self._err = folder / "stdout", folder / "stderr"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
        self._environment = kept | {
            "PIPELINE_GUI_HOME": str(folder / "home"),
            "PIPELINE_GUI_DATABASE_URL": database,
            "PIPELINE_GUI_SPARK_URL": server.url,
            "PIPELINE_GUI_SPARK_TOKEN": server.token,
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.token: str | None = None
        """Sent with every request, where it is set."""

    # --- its life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._out.open("wb") as out, self._err.open("ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline_gui", "serve", *self._arguments],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
        self.url = str(wait_until(self._announced, 30, "the service's answer"))
        self._arguments[1] = str(self.port)  # a restart is at the same place

    def _announced(self) -> str | None:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log}"
        match = re.search(r"https?://\S+(?=,)", self._out.read_text("utf-8"))
        return match[0] if match else None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        """What it wrote to stderr."""
        return self._err.read_text("utf-8", "replace")

    def entries(self) -> list[dict[str, Any]]:
        """Its log, as JSON."""
        return [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]

    def end(self, number: int = signal.SIGTERM, timeout: float = 30.0) -> int:
        """Send it a signal and wait for its end; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout)
        self.process = None
        return code

    def close(self) -> None:
        """End it, and what it started."""
        if self.process is not None:
            self.end(signal.SIGKILL)
        self.tidy()

    def tidy(self) -> None:
        """Leave nothing running, and no row either."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT batch_name FROM pipeline_run_engine JOIN pipeline_runs USING (run_id) WHERE status = 'running'"
            ).fetchall()
        for (name,) in rows:
            while self.server.delete(f"/batches/{name}?fence=true&grace=0").status_code == 202:
                continue  # each answer waits a second for the end
        self.execute("UPDATE pipeline_runs SET status = 'failed' WHERE lower(btrim(status)) = 'running'")
        self.execute("UPDATE pipeline_run_engine SET gone = true WHERE NOT gone")

    # --- asking ---------------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request with a deadline, and the token where there is one."""
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        options.setdefault("timeout", 40)
        options.setdefault("allow_redirects", False)
        headers = {name: value for name, value in headers.items() if value is not None}
        return requests.request(method, self.url + path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        """POST."""
        return self.request("POST", path, **options)

    def json(self, path: str, **options: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def raw(self, data: bytes, *, timeout: float = 20.0) -> bytes:
        """What is answered to these bytes until the connection is closed, or nothing more comes for a second."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65_536):
                received += chunk
                connection.settimeout(1.0)
                head, found, body = received.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                if found and length and len(body) >= int(length[1]):
                    break
            return received

    def config(self, source: str = SLEEPS, name: str = "app", **more: Any) -> dict[str, Any]:
        """The body of a start for an application that is given as text."""
        return {"file": str(self.server.app(source, f"{name}.py")), "name": name, "grace_seconds": 2, **more}

    def start_run(self, source: str = SLEEPS, name: str = "app", **more: Any) -> str:
        """Start an application that must start; its run id."""
        answer = self.post("/api/pipeline/start", json=self.config(source, name, **more))
        assert answer.status_code == 201, answer.text
        run_id: str = answer.json()["run_id"]
        if source in (SLEEPS, STUBBORN):
            self.server.wait_for_output(self.batch_name(run_id), "at work")
        return run_id

    def wait_for_status(self, run_id: str, status: str, timeout: float = 20.0) -> dict[str, Any]:
        """Wait until a run is recorded with a status."""
        path = f"/api/pipeline/runs/{run_id}"

        def reached() -> dict[str, Any] | None:
            run: dict[str, Any] = self.json(path)
            return run if run["status"] == status else None

        found = wait_until(reached, timeout, f"{status} of {run_id}")
        assert found is not None
        return found

    def wait_for_phase(self, run_id: str | None, phase: str, timeout: float = 20.0) -> None:
        """Wait until the running run is in a phase."""

        def reached() -> bool:
            status = self.json("/api/pipeline/status")
            return status["phase"] == phase and run_id in (None, status["run_id"])

        wait_until(reached, timeout, f"phase {phase}")

    # --- looking behind it ----------------------------------------------------------------------------------------

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Do something to the database as another program would."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def batch_name(self, run_id: str) -> str:
        """Spark's name of a run."""
        ((name,),) = self.execute("SELECT batch_name FROM pipeline_run_engine WHERE run_id = %s", run_id)
        return str(name)


class Stream:
    """A stream of server-sent events that a test reads."""

    def __init__(self, service: Service, path: str, **headers: str) -> None:
        self.answer = service.get(path, headers={"Accept": "text/event-stream", **headers}, stream=True, timeout=20)
        assert self.answer.status_code == 200, self.answer.text
        self._lines = self._split()
        self.last_id: str | None = None

    def _split(self) -> Iterator[str]:
        """Lines as they come: iter_lines() would hold the last one back until there is more."""
        rest = b""
        for chunk in self.answer.iter_content(None):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode()

    def next(self) -> tuple[str, Any]:
        """The next event: its kind and its data; pings are left out. Raises StopIteration at the end."""
        kind, data = "", None
        latest = time.monotonic() + PATIENCE_SECONDS
        for line in self._lines:
            assert time.monotonic() < latest, f"for {PATIENCE_SECONDS:.0f} s nothing but pings was told"
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data = json.loads(value)
            elif not line and kind and kind != "ping":
                return kind, data
            elif not line:
                kind = ""
        raise StopIteration

    def until(self, kind: str, /, **wanted: Any) -> Any:
        """The data of the next event of a kind that has these values."""
        while True:
            found, data = self.next()
            if found == kind and all(data.get(key) == value for key, value in wanted.items()):
                return data

    def rest(self) -> list[tuple[str, Any]]:
        """Everything to the end."""
        found = []
        while True:
            try:
                found.append(self.next())
            except StopIteration:
                return found

    def close(self) -> None:
        """Leave."""
        self.answer.close()


@contextmanager
def running_service(
    folder: Path, database: str, server: CommandServer, *arguments: str, **environment: str
) -> Iterator[Service]:
    """A service that runs, and is gone at the end with what it started."""
    service = Service(folder, database, server, *arguments, **environment)
    try:
        service.start()
        yield service
    finally:
        service.close()


@contextmanager
def stream(service: Service, path: str, **headers: str) -> Iterator[Stream]:
    """A stream that is left at the end."""
    opened = Stream(service, path, **headers)
    try:
        yield opened
    finally:
        opened.close()
