"""Processes that use a profile's pair, as terminals do, for tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

USE = """
import json, sys
from pathlib import Path
from pipeline_gui.embedded.pair import open_pair
from pipeline_gui.pipeline.errors import PipelineError
said = []
try:
    with open_pair(Path(sys.argv[1]), said.append, timeout=60) as pair:
        print(json.dumps([pair.database_url, pair.spark_url, pair.spark_token, said]), flush=True)
        sys.stdin.read()
except PipelineError as error:
    print(json.dumps({"error": str(error)}), flush=True)
"""


class User:
    """A process that uses the pair until it is told to end, or is killed."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-c", USE, str(home)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self) -> Any:
        """What it got: addresses, token and sentences, or the error; waits for it."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """Give the pair back; the process and its pipes are gone when this returns."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(timeout=20.0)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        self.process.kill()
        self.close()


@contextmanager
def users(home: Path, number: int) -> Iterator[list[User]]:
    """So many users at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(_closing(User(home))) for _ in range(number)]


@contextmanager
def _closing(user: User) -> Iterator[User]:
    try:
        yield user
    finally:
        if user.process.poll() is None:
            user.kill()
        elif user.process.stdout is not None and not user.process.stdout.closed:
            user.close()  # it ended by itself, as one that got no pair does
