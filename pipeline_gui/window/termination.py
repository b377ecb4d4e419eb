"""Ctrl-C and SIGTERM close the window as a person would, without a question."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from io import RawIOBase

from PySide6.QtCore import QObject, QSocketNotifier

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Termination(QObject):
    """Wakes the event loop for a signal: Python's handlers do not run while Qt waits."""

    def __init__(self, close: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._close = close
        self._reader, self._writer = _pair()
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)

    def install(self) -> None:
        """Take over the signals of this process."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda _number, _frame: None)

    def uninstall(self) -> None:
        """Let signals end the process at once again: closing may hang too."""
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _woken(self) -> None:
        self._reader.read(64)
        self._close()


def _pair() -> tuple[RawIOBase, RawIOBase]:
    """Two ends, neither of which ever blocks: to read from, and to write to."""
    if sys.platform == "win32":  # where Qt watches sockets, and no pipes
        import socket

        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        return ours.makefile("rb", buffering=0), theirs.makefile("wb", buffering=0)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return open(reader, "rb", buffering=0), open(writer, "wb", buffering=0)
