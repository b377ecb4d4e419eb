"""The first rows, read by a process beside this one while Qt loads (docs/adr/0011).

To load Qt and to load what speaks to PostgreSQL takes about as long, and in one process one waits for the other. So the
process divides before it has loaded either, and what the second one found comes back as a Snapshot. That saves time and
nothing else: what goes wrong there is asked again, and told, on the way on which everything else is asked.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pipeline_gui.settings import Settings
    from pipeline_gui.window.snapshot import Snapshot

LONGEST_SECONDS = 5
"""After which the second process ends, wherever it is."""


class FirstLook:
    """A look that is under way; it may be given up at any moment."""

    def __init__(self, child: int, question: int, answer: int) -> None:
        self._child: int | None = child
        self._question = question
        self._answer = answer
        self._lock = threading.Lock()

    def ask(self, settings: Settings) -> None:
        """Say, once, what is looked at; at nothing, where no servers are named."""
        values = settings.old_rows_timezone, settings.database_password, settings.database_url
        try:
            if settings.database_url is not None and settings.spark_url is not None:
                os.write(self._question, "\0".join(value or "" for value in values).encode())
        except OSError:
            pass  # it has ended already, and will answer nothing
        finally:
            os.close(self._question)

    def wait(self) -> Snapshot | None:
        """What was found, to be called once, after ``ask``; None where nothing was. Blocks, so it runs in the pool."""
        found = _read(self._answer, time.monotonic() + LONGEST_SECONDS)
        os.close(self._answer)
        self.give_up()
        if not found:
            return None
        import pickle

        snapshot: Snapshot = pickle.loads(found)  # of a part of this very program
        return snapshot

    def give_up(self) -> None:
        """End the second process where it has not ended by itself."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def begin() -> FirstLook | None:
    """Divide the process, where that can be done and nothing is lost by it: before any thread and any window."""
    if sys.platform != "linux":
        return None
    question_end, question = os.pipe()
    answer, answer_end = os.pipe()
    try:
        child = os.fork()
    except OSError:
        child = -1
    if child == 0:
        os.close(question)
        os.close(answer)
        _be_second(question_end, answer_end)
    os.close(question_end)
    os.close(answer_end)
    if child > 0:
        return FirstLook(child, question, answer)
    os.close(question)
    os.close(answer)
    return None


def _be_second(question: int, answer: int) -> NoReturn:
    """The second process, from its first moment to its last."""
    try:
        signal.alarm(LONGEST_SECONDS)
        found = memoryview(_look(question))
        while found:
            found = found[os.write(answer, found) :]
    except BaseException:  # noqa: BLE001 - the first process asks again, and tells
        os._exit(1)
    os._exit(0)


def _look(question: int) -> bytes:
    """Load what it takes before the question comes, and answer it."""
    import gc

    gc.disable()  # a short life needs no cleaning
    import pickle
    from datetime import UTC, datetime

    from pipeline_gui.database_address import with_password
    from pipeline_gui.pipeline.answers import run_answer
    from pipeline_gui.pipeline.clock import seconds_with_sleep
    from pipeline_gui.pipeline.record import Contact
    from pipeline_gui.pipeline.status_answers import status_answer
    from pipeline_gui.store.store import open_store
    from pipeline_gui.window.snapshot import DAYS, RowMaker, Snapshot

    asked = _read(question, time.monotonic() + LONGEST_SECONDS).decode()
    if not asked:
        return b""
    zone, password, url = asked.split("\0")
    asked_at = seconds_with_sleep()
    database = with_password(url, password or None)
    store = open_store(database, application_name="pipeline-gui window", max_connections=1)
    overview = store.overview(DAYS)
    answered_at = seconds_with_sleep()
    status = status_answer(overview.running, store.contact(), Contact(None, None, None))
    rows = RowMaker(zone or None).rows([run_answer(run) for run in overview.recent], status, answered_at)
    return pickle.dumps(Snapshot(status, rows, None, asked_at, answered_at, datetime.now(UTC)), pickle.HIGHEST_PROTOCOL)


def _read(end: int, deadline: float) -> bytes:
    """All that comes until the other side closes; nothing where that takes too long."""
    import select

    poll = select.poll()
    poll.register(end, select.POLLIN)
    pieces: list[bytes] = []
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        if not (piece := os.read(end, 1 << 16)):
            return b"".join(pieces)
        pieces.append(piece)
    return b""
