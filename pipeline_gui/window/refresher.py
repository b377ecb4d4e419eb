"""Asks the record again: each 30 s, when it says that it changed, and when asked to; never twice at once."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.snapshot import History, RowMaker, Snapshot, take_snapshot
from pipeline_gui.window.translation import tr

log = logging.getLogger(__name__)

REFRESH_SECONDS = 30
RETRY_SECONDS = 2
"""While something can't be reached: how soon the window looks whether it is back."""
SLOW_SECONDS = 0.25
REST_SHARE = 4
"""After a slow answer, changes wait this many times as long as it took: a slow database is not asked all the time."""
LONGEST_REST_SECONDS = 10.0


class Refresher(QObject):
    """At most one refresh is under way and one pending; each answer is told by ``refreshed``."""

    refreshed = Signal(object)
    """A Snapshot."""
    failed = Signal(str)
    """A refresh that raised what it should not; in words."""

    def __init__(
        self, gateway: Gateway, history: History, parent: QObject | None = None, *, old_rows_timezone: str | None = None
    ) -> None:
        super().__init__(parent)
        self._gateway = gateway
        maker = RowMaker(old_rows_timezone)
        self._ask = lambda: take_snapshot(history, maker)
        self._asked_at: float | None = None
        self._again = False
        self._rest_until = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Ask now; while an answer is awaited, ask once more after it, since the record may have changed meanwhile."""
        self._rest.stop()
        if self._asked_at is not None:
            self._again = True
            return
        self._again = False
        self._asked_at = seconds_with_sleep()
        self._gateway.run(self._ask, self._answered, self._failed, owner=self, lane=Lane.REFRESHES)

    @Slot()
    def refresh_soon(self) -> None:
        """The record says that it changed: ask now, or after the rest that a slow database is given."""
        wait = self._rest_until - seconds_with_sleep()
        if self._asked_at is not None or wait <= 0:
            self.refresh()
        elif not self._rest.isActive():
            self._rest.start(round(wait * 1000))

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()
        self._rest.stop()
        self._again = False

    @property
    def waiting_seconds(self) -> float:
        """How long the answer that is awaited has been awaited; 0 when none is."""
        return 0.0 if self._asked_at is None else seconds_with_sleep() - self._asked_at

    def _answered(self, snapshot: Snapshot) -> None:
        reachable = snapshot.is_known and snapshot.status["spark"]["reachable"] is not False
        self._done(REFRESH_SECONDS if reachable else RETRY_SECONDS)
        self.refreshed.emit(snapshot)
        self._go_on()

    def _failed(self, error: Exception) -> None:
        self._done(RETRY_SECONDS)
        self.failed.emit(tr("The record could not be read: {0}").format(error))
        self._go_on()

    def _done(self, next_seconds: float) -> None:
        took = self.waiting_seconds
        self._asked_at = None
        rest = min(took * REST_SHARE, LONGEST_REST_SECONDS) if took > SLOW_SECONDS else 0.0
        self._rest_until = seconds_with_sleep() + rest
        self._timer.start(round(next_seconds * 1000))

    def _go_on(self) -> None:
        if self._again:
            self._again = False
            self.refresh_soon()
