"""Notices when the event loop is held up, and by what: for ``--debug``, and for tests."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback

from PySide6.QtCore import QObject, Qt, QTimer

log = logging.getLogger(__name__)

BEAT_MILLISECONDS = 5
LONGEST_SECONDS = 0.05
"""A pause that a person notices."""
_LOOK_SECONDS = 0.01


class Watchdog(QObject):
    """A beat of the event loop, and a thread that looks what the GUI thread does when a beat does not come."""

    def __init__(self, parent: QObject | None = None, longest_seconds: float = LONGEST_SECONDS) -> None:
        super().__init__(parent)
        self._longest_allowed = longest_seconds
        self._beat_at = time.monotonic()
        self._gui_thread = threading.get_ident()
        self._ended = threading.Event()
        self.longest = 0.0
        """The longest pause so far, in seconds."""
        self.pauses: list[float] = []
        """Those that were too long."""
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MILLISECONDS)
        self._timer.timeout.connect(self._beat)
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._beat_at = time.monotonic()
        self._timer.start()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._timer.stop()
        self._ended.set()
        self._thread.join(5)

    def forgive(self) -> None:
        """What held the event loop up until now was meant."""
        self._beat_at = time.monotonic()

    def _beat(self) -> None:
        now = time.monotonic()
        pause = now - self._beat_at - BEAT_MILLISECONDS / 1000
        self._beat_at = now
        self.longest = max(self.longest, pause)
        if pause > self._longest_allowed:
            self.pauses.append(pause)
            log.warning("the event loop was held up for %.0f ms", pause * 1000)

    def _look(self) -> None:
        told = 0.0
        while not self._ended.wait(_LOOK_SECONDS):
            beat_at = self._beat_at
            if beat_at != told and time.monotonic() - beat_at > self._longest_allowed:
                told = beat_at
                frame = sys._current_frames().get(self._gui_thread)
                where = "".join(traceback.format_stack(frame)) if frame is not None else ""
                log.warning("the event loop is held up here:\n%s", where)
