"""What windows are measured on: a PostgreSQL, a command server that launches nothing, and processes with a window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.command_server.harness import CommandServer, command_server
from tests.postgres import PostgresServer, running_server

DEADLINE_SECONDS = 120.0


class Ground:
    """The servers, and windows that use them."""

    def __init__(self, folder: Path, postgres: PostgresServer, server: CommandServer | None) -> None:
        self._folder = folder
        self.postgres = postgres
        self.server = server

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        return self.postgres.url_of(self.postgres.create_database())

    def environment(self, database: str | None = None) -> dict[str, str]:
        """What a process with a window is given: no display, a profile of its own, and the servers."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
        kept |= {"QT_QPA_PLATFORM": "offscreen", "PIPELINE_GUI_HOME": str(self._folder / "profile")}
        # As where it is installed: Python's bytecode is there from the second start on, whatever this shell forbids.
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        kept["PYTHONPYCACHEPREFIX"] = str(self._folder / "bytecode")
        if database is not None:
            kept["PIPELINE_GUI_DATABASE_URL"] = database
        if self.server is not None:
            kept |= {"PIPELINE_GUI_SPARK_URL": self.server.url, "PIPELINE_GUI_SPARK_TOKEN": self.server.token}
        return kept


@contextmanager
def ground(*, with_spark: bool = True, fsync: bool = True) -> Iterator[Ground]:
    """Servers of their own, taken down at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o711)  # PostgreSQL may have to run as another user than root
        postgres = stack.enter_context(running_server(folder / "postgres", fsync=fsync))
        server = stack.enter_context(command_server(folder / "server")) if with_spark else None
        yield Ground(folder, postgres, server)


class Child:
    """A process that measures and says what it found, one JSON value a line; it ends when its stdin does."""

    def __init__(self, name: str, command: Sequence[str | Path], environment: dict[str, str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> Any:
        """The next value. Raises RuntimeError when the process ended without one."""
        if self.process.stdout is None or not (line := self.process.stdout.readline()):
            raise RuntimeError(f"{self.name} ended with {self.process.wait(DEADLINE_SECONDS)} and had nothing to say")
        return json.loads(line)

    def ask(self) -> Any:
        """Give it a line; its answer."""
        if self.process.stdin is not None:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        return self.hear()

    def let_go(self) -> None:
        """Let it end."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def finish(self) -> Any:
        """Let it end; its last value."""
        self.let_go()
        return self.hear()


def child(
    module: str, environment: dict[str, str], *arguments: str, seconds: float = DEADLINE_SECONDS
) -> AbstractContextManager[Child]:
    """A module of ours that measures, as a process that is gone at the end."""
    return running(module, [sys.executable, "-m", module, *arguments], environment, seconds)


@contextmanager
def running(
    name: str, command: Sequence[str | Path], environment: dict[str, str], seconds: float = DEADLINE_SECONDS
) -> Iterator[Child]:
    """A measuring process that is gone at the end, and after some time, so that nobody waits for it for ever."""
    started = Child(name, command, environment)
    end = threading.Timer(seconds, started.process.kill)
    end.start()
    try:
        yield started
        started.process.wait(DEADLINE_SECONDS)
    finally:
        end.cancel()
        started.process.kill()
        started.process.wait(DEADLINE_SECONDS)
        for stream in (started.process.stdin, started.process.stdout):
            if stream is not None:
                stream.close()
