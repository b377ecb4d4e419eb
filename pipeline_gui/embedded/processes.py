"""A process that is ours by launch or by adoption."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterable

import psutil


class OwnedProcess:
    """A server process: launched by this process, or by a keeper before that was killed."""

    def __init__(self, process: psutil.Process, child: subprocess.Popen[bytes] | None = None) -> None:
        self._process = process
        self._child = child

    @classmethod
    def launched(cls, child: subprocess.Popen[bytes]) -> OwnedProcess | None:
        """A process that was just launched; None when it has ended and was waited for."""
        try:
            return cls(psutil.Process(child.pid), child)
        except psutil.NoSuchProcess:
            return None

    @classmethod
    def adopted(cls, pid: str, words: Iterable[str]) -> OwnedProcess | None:
        """The living process of that number, if its command line has all these words: a number alone proves nothing."""
        try:
            process = psutil.Process(int(pid))
            command = process.cmdline()
        except (ValueError, OverflowError, psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        owned = cls(process)
        return owned if all(word in command for word in words) and not owned.has_ended() else None

    @property
    def pid(self) -> int:
        """The process's number."""
        return int(self._process.pid)

    def has_ended(self) -> bool:
        """Whether it is gone, or only waits to be buried."""
        if self._child is not None:
            return self._child.poll() is not None
        try:
            return not self._process.is_running() or self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def stop(self, ladder: Iterable[tuple[signal.Signals, float]]) -> bool:
        """Send each signal and wait its number of seconds, until the process has ended; whether it has."""
        for number, patience in ladder:
            if self.has_ended():
                return True
            try:
                self._process.send_signal(number)
            except psutil.NoSuchProcess:
                return True
            if self.wait(patience):
                return True
        return self.has_ended()

    def wait(self, timeout: float) -> bool:
        """Wait at most timeout seconds for its end; whether it has ended."""
        deadline = time.monotonic() + timeout
        while not self.has_ended():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True
