"""Windows and terminals of the program, each a process of its own; they are killed, suspended and opened anew."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

WINDOW, SERVICE, TERMINAL = "window", "service", "terminal"


class Program:
    """One running `pipeline-gui`, its streams in files."""

    def __init__(self, kind: str, words: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        folder.mkdir(parents=True)
        self.kind = kind
        self.words = tuple(words)
        self.wakes_at: float | None = None
        """When it is continued, while it is suspended."""
        self._err = folder / "stderr"
        with (folder / "stdout").open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline_gui", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def has_ended(self) -> bool:
        """Whether it is no more."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """kill -9, suspended or not."""
        self.process.kill()
        self.process.wait(10)

    def suspend(self, seconds: float) -> None:
        """SIGSTOP; `Programs.wake` continues it after so many seconds."""
        self.wakes_at = time.monotonic() + seconds
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.wakes_at = None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)

    def complaint(self) -> str | None:
        """What the program should never write: a traceback."""
        said = self._err.read_text("utf-8", "replace")
        return f"{' '.join(self.words) or 'the window'}: {said[-2000:]}" if "Traceback" in said else None


class Programs:
    """All that is open."""

    def __init__(self, folder: Path, database: str, spark_url: str, token: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_GUI_")}
        self._environment = kept | {
            "PIPELINE_GUI_HOME": str(folder / "home"),
            "PIPELINE_GUI_DATABASE_URL": database,
            "PIPELINE_GUI_SPARK_URL": spark_url,
            "PIPELINE_GUI_SPARK_TOKEN": token,
            "QT_QPA_PLATFORM": "offscreen",
        }
        self._folder = folder
        self._opened = 0
        self.all: list[Program] = []
        self.complaints: list[str] = []

    def open(self, kind: str, *words: str) -> Program:
        """Open a window, or give a command at a terminal."""
        self._opened += 1
        program = Program(kind, words, self._environment, self._folder / f"{kind}-{self._opened}")
        self.all.append(program)
        return program

    def of(self, *kinds: str) -> list[Program]:
        """Those of some kinds that live."""
        self.tend()
        return [program for program in self.all if program.kind in kinds]

    def awake(self) -> list[Program]:
        """Those that live and are not suspended."""
        self.tend()
        return [program for program in self.all if program.wakes_at is None]

    def tend(self, *, everybody: bool = False) -> None:
        """Continue who slept long enough (or everybody), and put away who ended, with what it complained of."""
        now = time.monotonic()
        for program in list(self.all):
            if program.has_ended:
                complaint = program.complaint()
                if complaint is not None:
                    self.complaints.append(complaint)
                self.all.remove(program)
            elif program.wakes_at is not None and (everybody or now >= program.wakes_at):
                program.wake()

    def close(self) -> None:
        """End them all."""
        for program in self.all:
            program.kill()
        self.tend()
