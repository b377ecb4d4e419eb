"""A command server in a process of its own, for tests of this package and of others, with real or stand-in Spark."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from pipeline_gui.command_server import processes
from pipeline_gui.command_server.batches import state_key
from pipeline_gui.embedded.spark import spark_environment
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.spark.certificates import Certificate

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
"""An application that says that it is up and then waits."""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
"""One that ignores SIGTERM besides."""
STAND_IN_DRIVER = Path(__file__).with_name("stand_in_driver.py")


def make_stand_in_spark(folder: Path) -> Path:
    """A SPARK_HOME whose spark-submit behaves as Spark's does, without Spark: see stand_in_driver.py."""
    home = folder / "stand-in-spark"
    (home / "bin").mkdir(parents=True)
    (home / "jars").mkdir()
    (home / "jars" / "spark-core_2.13-0.0.0.jar").touch()
    submit = home / "bin" / "spark-submit"
    submit.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{STAND_IN_DRIVER}" "$@"\n')
    submit.chmod(0o755)
    return home


def make_stand_in_java(folder: Path) -> Path:
    """A JAVA_HOME that is only looked at, for a computer without Java."""
    home = folder / "stand-in-java"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text("#!/bin/sh\nexit 1\n")
    (home / "bin" / "java").chmod(0o755)
    return home


class CommandServer:
    """A server process that a test owns; the same state, port and token over restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        spark_home: Path | None = None,
        real_spark: bool = False,
        allow: Sequence[Path | str] | None = None,
        master: str = "local[2]",
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        state: Path | None = None,
        certificate: Certificate | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        """Prepare a server below a folder; by default with a stand-in Spark, and the folder ``apps`` allowed."""
        self.folder = folder
        self.state = state or folder / "state"
        self.apps = folder / "apps"
        self.apps.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._certificate = certificate
        self.log_path = folder / "server.log"
        if not real_spark and spark_home is None:
            spark_home = make_stand_in_spark(folder)
        self._arguments = [
            "--host", host, "--port", str(self.port), "--master", master, "--state", str(self.state), *arguments,
        ]  # fmt: skip
        if certificate is not None:
            self._arguments += ["--tls-certificate", str(certificate.path)]
        for place in allow if allow is not None else [self.apps]:
            self._arguments += ["--allow", str(place)]
        if spark_home is not None:
            self._arguments += ["--spark-home", str(spark_home), "--java-home", str(make_stand_in_java(folder))]
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
        if real_spark:
            # As the embedded pair finds them: a computer without Java has the one of the extra “local”.
            self._environment |= spark_environment(folder / "java")
        self._environment |= environment or {}

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        """Its bearer token."""
        return (self.state / "token").read_text("utf-8").strip()

    @property
    def headers(self) -> dict[str, str]:
        """The header that requests need."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def generation(self) -> str:
        """The generation that the server says it has."""
        return str(self.get("/version").json()["generation"])

    @property
    def log(self) -> str:
        """What the server wrote to stdout and stderr."""
        return self.log_path.read_text("utf-8", "replace")

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self.process is None
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline_gui.command_server", *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._is_ready, 30, "the command server's answer")

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the command server ended with {self.process.returncode}:\n{self.log}")
        try:
            address = json.loads((self.state / "address").read_bytes())
        except FileNotFoundError:
            return False
        return bool(address["pid"] == self.process.pid)

    def kill(self) -> None:
        """SIGKILL the server; its batches go on."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM the server and wait; its batches go on."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(15)
        self.process = None

    def restart(self) -> None:
        """Start it again with the same state and port, after SIGKILL if it runs."""
        if self.process is not None:
            self.kill()
        self.start()

    def close(self) -> None:
        """End the server and everything of its batches, and wait until nothing is left."""
        if self.process is not None:
            self.kill()
        wait_until(lambda: not self._kill_everything(), 15, "the end of every batch")

    def _kill_everything(self) -> bool:
        key = f"/{state_key(self.state)}"
        found = False
        for variable in (processes.SUPERVISOR_VARIABLE, processes.BATCH_VARIABLE):
            alive = processes.survivors(lambda value: value.endswith(key), variable=variable)
            found = processes.send_all(alive, signal.SIGKILL) > 0 or found
        return found

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request with the token and a deadline."""
        options.setdefault("headers", {})
        options["headers"] = self.headers | options["headers"]
        options.setdefault("timeout", 40)
        options.setdefault("allow_redirects", False)
        if self._certificate is not None:
            options.setdefault("verify", str(self._certificate.authority))
        return requests.request(method, self.url + path, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.request("GET", path, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        """DELETE."""
        return self.request("DELETE", path, **options)

    def post(self, body: Mapping[str, Any], **options: Any) -> requests.Response:
        """POST /batches."""
        return self.request("POST", "/batches", json=body, **options)

    def app(self, source: str, name: str | None = None) -> Path:
        """An application in the allowed folder; its name comes from its text where none is given."""
        path = self.apps / (name or f"app-{zlib.crc32(source.encode()):08x}.py")
        path.write_text(source)
        return path

    def submit(self, source: str = "pass", *, name: str | None = None, **more: Any) -> dict[str, Any]:
        """Launch a Python application given as text; its batch."""
        body = {"file": str(self.app(source)), **more} | ({"name": name} if name is not None else {})
        answer = self.post(body)
        assert answer.status_code == 201, answer.text
        batch: dict[str, Any] = answer.json()
        return batch

    def batch(self, key: int | str) -> dict[str, Any]:
        """A batch by id or name."""
        answer = self.get(f"/batches/{key}")
        assert answer.status_code == 200, answer.text
        batch: dict[str, Any] = answer.json()
        return batch

    def wait_for_state(self, key: int | str, *states: str, timeout: float = 20.0) -> dict[str, Any]:
        """Wait until a batch is in one of some states; the batch."""

        def reached() -> dict[str, Any] | None:
            batch = self.batch(key)
            return batch if batch["state"] in states else None

        found = wait_until(reached, timeout, f"state {' or '.join(states)} of batch {key}")
        assert found is not None
        return found

    def wait_for_output(self, key: int | str, text: str, stream: str = "stdout", timeout: float = 20.0) -> str:
        """Wait until a batch has written something; its whole output."""

        def written() -> str | None:
            output = self.get(f"/batches/{key}/output/{stream}").text
            return output if text in output else None

        return str(wait_until(written, timeout, f"{text!r} in {stream} of batch {key}"))

    def pids(self, key: int | str) -> list[int]:
        """The living processes that carry a batch's marker, and their descendants."""
        return [pid for pid, _ in processes.survivors(lambda value: value == self.marker(key))]

    def supervisor_pid(self, key: int | str) -> int:
        """The process that supervises a batch."""
        wanted = self.marker(key)
        for entry in os.listdir("/proc"):
            if entry.isdigit() and processes.value_of(int(entry), processes.SUPERVISOR_VARIABLE) == wanted:
                return int(entry)
        raise AssertionError(f"batch {key} has no supervisor")

    def marker(self, key: int | str) -> str:
        """The marker in the environment of a batch's processes."""
        batch = self.batch(key)
        return processes.marker(state_key(self.state), batch["generation"], batch["id"])

    def lose_state(self, *, keep_token: bool = False) -> None:
        """Remove the state directory; with the token kept, who knew the server may ask the one that follows it."""
        token = self.token
        shutil.rmtree(self.state)
        if keep_token:
            self.state.mkdir(mode=0o700)
            (self.state / "token").touch(0o600)
            (self.state / "token").write_text(token)


@contextmanager
def command_server(folder: Path, **options: Any) -> Iterator[CommandServer]:
    """A running command server; at the end nothing of it is left. Options: those of CommandServer."""
    server = CommandServer(folder, **options)
    try:
        server.start()
        yield server
    finally:
        server.close()


def is_alive(pid: int) -> bool:
    """Whether a process lives, zombies not counted."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
