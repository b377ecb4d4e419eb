"""An operator at terminals of one profile: the whole program in processes of its own, with its PostgreSQL and Spark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from pipeline_gui.command_server.processes import BATCH_VARIABLE
from tests.embedded.profiles import processes_of
from tests.waiting import wait_until


class Terminal:
    """A command that goes on while the test looks at it; its two streams go to files."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        folder.mkdir(parents=True)
        self._out = folder / "stdout"
        self._err = folder / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )

    @property
    def out(self) -> str:
        """What it wrote to stdout."""
        return self._out.read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        """What it wrote to stderr."""
        return self._err.read_text("utf-8", "replace")

    def wait_for(self, text: str, timeout: float = 240.0) -> None:
        """Wait until stdout holds a text; fails at once when the command ended without it."""

        def is_there() -> bool:
            ended = self.process.poll() is not None
            if text in self.out:
                return True
            assert not ended, f"it ended with {self.process.returncode} before {text!r}:\n{self.out}\n{self.err}"
            return False

        wait_until(is_there, timeout, f"{text!r} on the terminal")

    def exit_code(self, timeout: float = 240.0) -> int:
        """How it ended, waited for."""
        return self.process.wait(timeout)


class Operator:
    """One profile, and the commands that its operator gives."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self._folder = folder
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
        self._environment = kept | {"PIPELINE_GUI_HOME": str(home)}
        self._terminals: list[Terminal] = []

    def begin(self, *words: str) -> Terminal:
        """Give a command and go on."""
        terminal = Terminal(
            [sys.executable, "-m", "pipeline_gui", *words],
            self._environment,
            self._folder / f"terminal-{len(self._terminals)}",
        )
        self._terminals.append(terminal)
        return terminal

    def run(self, *words: str, code: int = 0, timeout: float = 240.0) -> Terminal:
        """Give a command that must end with an exit code."""
        terminal = self.begin(*words)
        assert terminal.exit_code(timeout) == code, f"{words}:\n{terminal.out}\n{terminal.err}"
        return terminal

    def json(self, *words: str, code: int = 0) -> Any:
        """The answer of a command in JSON."""
        return json.loads(self.run(*words, "--json", code=code).out)

    def newest_run(self) -> dict[str, Any]:
        """The newest run of the record."""
        newest: dict[str, Any] = self.json("runs")[0]
        return newest

    def processes_of_the_run(self) -> list[psutil.Process]:
        """Every living process of a batch of the profile."""
        found = []
        for process in processes_of(self.home):
            try:
                if BATCH_VARIABLE in process.environ():
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def driver(self) -> psutil.Process:
        """Spark's java process."""
        (driver,) = [process for process in self.processes_of_the_run() if process.name() == "java"]
        return driver

    def tidy(self) -> None:
        """Leave nothing at work: kill what still watches, and stop what runs."""
        for terminal in self._terminals:
            if terminal.process.poll() is None:
                terminal.process.kill()
                terminal.process.wait(10)
        if self.processes_of_the_run():
            self.run("stop", "--force")
