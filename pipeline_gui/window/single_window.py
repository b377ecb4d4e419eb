"""One window for each profile and system: a second start raises the first, and ends."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from typing import TYPE_CHECKING

from PySide6.QtCore import QCryptographicHash, QLockFile, QObject, QSocketNotifier, Signal

if TYPE_CHECKING:
    from pipeline_gui.settings import Settings

log = logging.getLogger(__name__)


class SingleWindow(QObject):
    """Holds a lock while the window lives, and hears whoever comes second."""

    wanted = Signal()
    """Somebody started the program again."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        system = f"{settings.database_url}\n{settings.spark_url}"
        name = f"window-{_digest(system.encode())[:12]}"
        self._folder = settings.profile.data
        self._lock = QLockFile(str(self._folder / f"{name}.lock"))
        self._lock.setStaleLockTime(0)  # a lock is old when its process is gone, and never by its age
        self._pipe = str(self._folder / f"{name}.pipe")
        self._end: int | None = None
        self.has_raised = False
        """Where this is the second: whether the first was told to come to the front."""
        self._notifier: QSocketNotifier | None = None

    def claim(self) -> bool:
        """Whether this is the first window; the first one is raised if not. Where no lock can be had, it is."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
        if self._lock.tryLock(0):
            self._listen()
            return True
        if self._lock.error() is not QLockFile.LockError.LockFailedError:
            log.info("no lock for a single window in %s", self._folder)
            return True
        self.has_raised = self._call()
        return False

    def close(self) -> None:
        """Let the next start open a window."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)
        if self._end is not None:
            os.close(self._end)
            self._end = None
            with contextlib.suppress(OSError):
                os.unlink(self._pipe)
        self._lock.unlock()

    def _listen(self) -> None:
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._pipe)  # of a window that was killed
            os.mkfifo(self._pipe, 0o600)
            # Open for both, it never ends: whoever writes to it closes it again (fifo(7)).
            self._end = _opened(self._pipe, os.O_RDWR)
        except (OSError, AttributeError) as error:  # a platform or a file system without such pipes
            log.info("a second start can't raise this window: %s", error)
            return
        self._notifier = QSocketNotifier(self._end, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._heard)

    def _heard(self) -> None:
        if self._end is not None:
            with contextlib.suppress(BlockingIOError):
                if os.read(self._end, 64):
                    self.wanted.emit()

    def _call(self) -> bool:
        try:
            with open(_opened(self._pipe, os.O_WRONLY), "wb", buffering=0) as first:
                return first.write(b"raise") is not None
        except (OSError, AttributeError) as error:
            log.info("the first window could not be raised: %s", error)
            return False


def _opened(pipe: str, access: int) -> int:
    """A named pipe, and nothing that somebody has put in its place. Raises OSError."""
    end = os.open(pipe, access | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISFIFO(os.fstat(end).st_mode):
        os.close(end)
        raise FileExistsError(f"{pipe} is no pipe")
    return end


def _digest(content: bytes) -> str:
    # Qt's: Python's own would load OpenSSL, for which the first rows would wait.
    return QCryptographicHash.hash(content, QCryptographicHash.Algorithm.Sha256).toHex().toStdString()
