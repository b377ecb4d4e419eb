"""The first rows, read by a process beside this one while Qt loads (docs/adr/0011).

To load Qt and to load what speaks to PostgreSQL takes about as long, and in one process one waits for the other. So the
process divides before it has loaded either, and what the second one found, the controller's answers, becomes a Snapshot
here. That saves time and nothing else: what goes wrong there is asked again, and told, on the way on which everything
else is asked.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from pipeline_gui.settings import Settings
    from pipeline_gui.window.snapshot import Snapshot

LONGEST_SECONDS = 5
"""After which the second process ends, wherever it is."""
MOST_RUNS = 2000
"""With more, the window would stand still while it makes rows of them: they are left to the backend's refresh."""
_ROOM = 1 << 20
"""Bytes that the pipe is to hold, so that the second process can end though nobody has read yet."""


class FirstLook:
    """A look that is under way; it may be given up at any moment."""

    def __init__(self, child: int, question: int, answer: int) -> None:
        self._child: int | None = child
        self._question = question
        self._answer = answer
        self._pieces: list[bytes] = []
        self._zone: str | None = None
        self._is_over = False
        self._lock = threading.Lock()

    def ask(self, settings: Settings) -> None:
        """Say, once, what is looked at; at nothing, where no servers are named."""
        self._zone = settings.old_rows_timezone
        values = settings.database_password, settings.database_url
        try:
            if settings.database_url is not None and settings.spark_url is not None:
                os.write(self._question, "\0".join(value or "" for value in values).encode())
        except OSError:
            pass  # it has ended already, and will answer nothing
        finally:
            os.close(self._question)

    @property
    def is_over(self) -> bool:
        """Whether all was read, so that nothing more comes."""
        return self._is_over

    def fileno(self) -> int:
        """Readable when there is something to ``poll`` for; closed once it is over."""
        return self._answer

    def poll(self, seconds: float = 0.0) -> Snapshot | None:
        """What was found, once it is all there; None: nothing was (``is_over``), or it is not there within the time."""
        if self._is_over:
            return None
        deadline = time.monotonic() + seconds
        if not _read(self._answer, deadline, self._pieces):
            return None
        found = self._all()
        return self._snapshot(found)

    def _all(self) -> bytes:
        os.close(self._answer)
        self._is_over = True
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found

    def _snapshot(self, found: bytes) -> Snapshot | None:
        import marshal

        from pipeline_gui.window.snapshot import RowMaker, Snapshot

        try:
            status, runs, asked_at, answered_at, at = marshal.loads(found)  # of a part of this very program
            rows = RowMaker(self._zone).rows(runs, status, answered_at)
            return Snapshot(status, rows, None, asked_at, answered_at, at=_moment(at))
        except Exception:  # noqa: BLE001 - cut short, as by an alarm, or a zone that is none: it is asked again, and told
            return None

    def give_up(self) -> None:
        """End the second process where it has not ended by itself."""
        with self._lock:
            if not self._is_over:
                self._all()
            child, self._child = self._child, None
            if child is not None:
                with suppress(ProcessLookupError, ChildProcessError):
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)


def begin() -> FirstLook | None:
    """Divide the process, where that can be done and nothing is lost by it: before any thread and any window."""
    if sys.platform != "linux":
        return None
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:  # by who started this: its number could be another's soon
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
        _make_room(answer)
        while found:
            found = found[os.write(answer, found) :]
        os.close(answer)  # to end takes a moment more
    except BaseException:  # noqa: BLE001 - the first process asks again, and tells
        os._exit(1)
    os._exit(0)


def _make_room(pipe: int) -> None:
    import fcntl

    with suppress(OSError):  # whoever has too many pipes gets none this large: the first process reads it in pieces
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)


def _look(question: int) -> bytes:
    """Load what speaks to the database, ask, and while it looks load what the answer is made into."""
    import gc

    gc.disable()  # a short life needs no cleaning

    from pipeline_gui.database_address import with_password
    from pipeline_gui.pipeline.clock import seconds_with_sleep
    from pipeline_gui.store.overview import FirstOverview
    from pipeline_gui.window.span import DAYS

    pieces: list[bytes] = []
    if not _read(question, time.monotonic() + LONGEST_SECONDS, pieces) or not pieces:
        return b""
    password, url = b"".join(pieces).decode().split("\0")
    asked_at = seconds_with_sleep()
    first = FirstOverview(with_password(url, password or None), DAYS, application_name="pipeline-gui window")

    import marshal  # which neither process has to load, and which takes a tenth of what pickle does

    from pipeline_gui.pipeline.answers import run_answer
    from pipeline_gui.pipeline.contact import Contact
    from pipeline_gui.pipeline.status_answers import status_answer

    overview, database = first.result()
    if len(overview.recent) > MOST_RUNS:
        return b""
    answered_at = seconds_with_sleep()
    status = status_answer(overview.running, database, Contact(None, None, None))
    runs = [run_answer(run) for run in overview.recent]
    return marshal.dumps((_plain(status), runs, asked_at, answered_at, time.time()))


def _plain(status: Mapping[str, Any]) -> dict[str, Any]:
    """The status without what is more than a text: marshal knows no enumerations."""
    return {key: str(value) if isinstance(value, str) else value for key, value in status.items()}


def _moment(timestamp: float) -> datetime:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(timestamp, UTC)


def _read(end: int, deadline: float, pieces: list[bytes]) -> bool:
    """Gather all that comes until the other side closes; False where that takes too long."""
    import select

    poll = select.poll()
    poll.register(end, select.POLLIN)
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        if not (piece := os.read(end, _ROOM)):
            return True
        pieces.append(piece)
    return False
