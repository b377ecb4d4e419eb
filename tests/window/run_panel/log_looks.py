"""What a person sees and presses in the log."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QPlainTextEdit,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.window.main_window import MainWindow
from tests.window.finding import action, found


def log(window: MainWindow) -> str:
    return found(window, QPlainTextEdit, "logText").toPlainText()


def seen(window: MainWindow) -> list[str]:
    """The lines that are really on the screen."""
    view = found(window, QPlainTextEdit, "logText")
    first = view.cursorForPosition(QPoint(2, 2)).blockNumber()
    last = view.cursorForPosition(QPoint(2, view.viewport().height() - 2)).blockNumber()
    return log(window).splitlines()[first : last + 1] or [""]


def press(window: MainWindow, name: str) -> None:
    QTest.mouseClick(found(window, QToolButton, name), Qt.MouseButton.LeftButton)


def wait_until_not(qtbot: QtBot, window: MainWindow, before: str) -> None:
    qtbot.waitUntil(lambda: log(window) != before)


def open_log(window: MainWindow, qtbot: QtBot, first: str) -> None:
    action(window, "logAction").trigger()
    qtbot.waitUntil(lambda: first in log(window))
