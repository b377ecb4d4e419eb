"""The first rows on the screen: what the first look found, before the backend is opened (docs/adr/0011)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSocketNotifier, QTimer

from pipeline_gui.window.heap import share_one_heap

if TYPE_CHECKING:
    from pipeline_gui.window.first_look import FirstLook
    from pipeline_gui.window.main_window import MainWindow
    from pipeline_gui.window.opener import Opener
    from pipeline_gui.window.snapshot import Snapshot

PATIENCE_MILLISECONDS = 1000
"""How long the backend is not opened for the sake of the first rows."""
MOMENT_SECONDS = 0.005
"""In which the end of an answer comes whose begin has come: it is written at one go."""


class FirstRows(QObject):
    """Has them painted with the window where they are there in time, and has the backend opened after they are."""

    def __init__(self, window: MainWindow, opener: Opener, first_look: FirstLook) -> None:
        super().__init__(window)
        self._window = window
        self._opener = opener
        self._look = first_look
        self._opens = QTimer(self)
        self._opens.setSingleShot(True)
        self._opens.timeout.connect(self._open)
        self._opens.start(PATIENCE_MILLISECONDS)
        self._notifier: QSocketNotifier | None = None
        self._is_painted = self._has_found = False
        window.installEventFilter(self)
        window.expect_rows()
        if not self._show(first_look.poll()):
            self._notifier = QSocketNotifier(first_look.fileno(), QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._more)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window is painted for the first time: with it the rows that it has, all in this turn."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self._is_painted = True
            if self._look.is_over:
                self._open_soon()
        return False

    def _more(self) -> None:
        if self._show(self._look.poll(MOMENT_SECONDS)):
            self._hear_no_more()
            if self._is_painted:
                self._window.repaint()
                self._open_soon()

    def _show(self, found: Snapshot | None) -> bool:
        """Show what is found by now; whether that was all."""
        if found is not None:
            self._has_found = True
            self._window.show_first(found)
        return self._look.is_over

    def _open_soon(self) -> None:
        """After what is to be painted now: to load the backend would hold it up."""
        if self._opens.isActive():
            self._opens.start(0)

    def _hear_no_more(self) -> None:
        if self._notifier is not None:
            self._notifier.setEnabled(False)

    def _open(self) -> None:
        """What is found from now on comes too late: the window may show by now why it could not be opened."""
        self._window.removeEventFilter(self)
        self._hear_no_more()
        if not self._has_found:
            self._window.show_opening()
        share_one_heap()
        # In a thread: the second process may take some milliseconds to end.
        threading.Thread(target=self._look.give_up, name="first-look", daemon=True).start()
        self._opener.open()
