"""What nobody expected: written to the log, and shown once, with what a report needs."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMessageBox

log = logging.getLogger("pipeline_gui.window")

_LONGEST_REPORT = 20_000


class CrashReporter(QObject):
    """Takes what no part caught, from every thread, and shows it in a dialog that does not wait."""

    _caught = Signal(str)

    def __init__(self, window: QWidget, log_file: Path) -> None:
        super().__init__(window)
        self.window = window
        self._log_file = log_file
        self._box: QMessageBox | None = None
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over from Python and Qt."""
        sys.excepthook = self._excepthook
        threading.excepthook = self._threading_excepthook
        qInstallMessageHandler(log_qt_message)

    def uninstall(self) -> None:
        """Give Python and Qt back what they had: the window goes."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def _excepthook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("unexpected error", exc_info=(kind, error, trace))
        self._caught.emit("".join(traceback.format_exception(kind, error, trace))[-_LONGEST_REPORT:])

    def _threading_excepthook(self, caught: threading.ExceptHookArgs) -> None:
        error = caught.exc_value or caught.exc_type()
        self._excepthook(caught.exc_type, error, caught.exc_traceback)

    @Slot(str)
    def _show(self, details: str) -> None:
        if self._box is not None:
            return  # one is enough: an error in a timer would open one each second
        from PySide6.QtWidgets import QMessageBox

        from pipeline_gui.window.versions import versions

        report = f"{versions()}\n\n{details}"
        box = QMessageBox(self.window)
        box.setObjectName("crashBox")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Critical)
        box.setWindowTitle(tr("Unexpected error"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(tr("Something went wrong that the program did not expect."))
        box.setInformativeText(
            tr(
                "What is recorded and what runs on Spark is not touched by it. The window may go on; close and open "
                "it again if it does not.\n\nThe log: {0}"
            ).format(self._log_file)
        )
        box.setDetailedText(report)
        copy = box.addButton(tr("Copy the report"), QMessageBox.ButtonRole.ActionRole)
        copy.clicked.disconnect()  # copying does not close the dialog
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        box.addButton(QMessageBox.StandardButton.Close)
        box.finished.connect(self._closed)
        self._box = box
        box.open()

    def _closed(self) -> None:
        self._box = None


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def log_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
    """Write what Qt says to the log, not to a terminal that nobody sees."""
    log.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)
