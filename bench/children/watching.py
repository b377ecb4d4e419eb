"""A window on the servers of the environment, and the moments at which its rows were painted."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem

from pipeline_gui.backend import open_backend
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.runs_model import RUN_ROLE, Index
from pipeline_gui.window.runs_table import Cell
from pipeline_gui.window.snapshot import RunRow

Painted = Callable[[float, list[RunRow]], None]


class Eye(Cell):
    """Paints cells as ever, and tells which rows were painted when all of that paint event is on the screen."""

    def __init__(self, painted: Painted, parent: QObject) -> None:
        super().__init__(parent)
        self._painted = painted
        self._seen: dict[str, RunRow] = {}

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """A cell."""
        super().paint(painter, option, index)
        if not self._seen:
            QTimer.singleShot(0, self, self._flushed)
        row: RunRow = index.data(RUN_ROLE)
        self._seen[row.run_id] = row

    def _flushed(self) -> None:
        now = time.monotonic()  # one clock for all processes of a computer
        seen, self._seen = list(self._seen.values()), {}
        self._painted(now, seen)


@contextmanager
def watching_window() -> Iterator[MainWindow]:
    """A window that is shown and connected; run ``run_until_stdin_ends`` in it."""
    application = QApplication(["bench"])
    backend = open_backend()
    window = MainWindow(backend)
    window.show()
    try:
        yield window
    finally:
        session = window.session
        window.close_now()
        if session is not None:
            session.gateway.close(5)
        backend.close()
        del application


def say(value: Any) -> None:
    """Tell the process that started this one."""
    print(json.dumps(value), flush=True)


def run_until_stdin_ends() -> None:
    """Handle events until the process that started this one has nothing more to say."""
    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(QApplication.quit)
    QApplication.exec()
