"""The place beside the clock comes later than the program, or goes away: the icon finds it, and no window is lost."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from pipeline_gui.window import tray as tray_module
from pipeline_gui.window.main_window import MainWindow
from tests.window.conftest import OpenWindow
from tests.window.finding import found, has_read, session, text
from tests.window.stand_in import StandInBackend, run, running


class Desktop:
    """Has a place for icons, or not; Qt asks it each time."""

    def __init__(self) -> None:
        self.has_place = False
        self.looks = 0

    def look(self) -> bool:
        """What Qt is told."""
        self.looks += 1
        return self.has_place


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """One without a place at first, on which no time passes between looks."""
    made = Desktop()
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(made.look))
    monkeypatch.setattr(tray_module, "_PAUSES_SECONDS", (0,) * 3)
    return made


@pytest.fixture
def window(desktop: Desktop, backend: StandInBackend, open_window: OpenWindow, qtbot: QtBot) -> MainWindow:
    """A window that shows a run, so that it can be hidden."""
    backend.controller.status = running("flights-1")
    backend.controller.runs = [run("flights-1", "running", ago=9, duration=9.0)]
    made = open_window(backend)
    qtbot.waitUntil(lambda: has_read(made) and session(made).running_run is not None)
    return made


def hidden(window: MainWindow) -> MainWindow:
    """The same, as a person hid it."""
    window.close()
    question = found(window, QMessageBox, "closeQuestion")
    QTest.mouseClick(found(question, QPushButton, "hideButton"), Qt.MouseButton.LeftButton)
    assert not window.isVisible()
    return window


def test_a_place_that_comes_later_is_taken_with_all_that_the_icon_says(
    window: MainWindow, desktop: Desktop, qtbot: QtBot
) -> None:
    before = window.tray.icon
    qtbot.waitUntil(lambda: "Running" in before.toolTip())
    said, menu, picture = before.toolTip(), before.contextMenu(), before.icon().cacheKey()
    window.tray.show()
    assert (desktop.looks, window.tray.icon.isVisible()) == (1, False)
    desktop.has_place = True
    qtbot.waitUntil(lambda: window.tray.is_there)
    after = window.tray.icon
    assert after is not before, "Qt gives an icon that was made without a place none later"
    assert (after.toolTip(), after.contextMenu(), after.icon().cacheKey()) == (said, menu, picture)
    with qtbot.waitSignal(window.tray.window_wanted):
        after.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)


def test_it_is_not_looked_for_without_end_but_once_more_when_it_matters(
    window: MainWindow, desktop: Desktop, qtbot: QtBot
) -> None:
    window.tray.show()
    qtbot.waitUntil(lambda: desktop.looks == 4)
    qtbot.wait(50)
    assert desktop.looks == 4
    desktop.has_place = True
    hidden(window)
    assert window.tray.is_there


def test_a_window_whose_icon_is_gone_comes_back(window: MainWindow, desktop: Desktop, qtbot: QtBot) -> None:
    desktop.has_place = True
    hidden(window)
    window.tray._watch.setInterval(0)
    looks = desktop.looks
    qtbot.waitUntil(lambda: desktop.looks > looks + 3)
    assert not window.isVisible()
    desktop.has_place = False
    qtbot.waitUntil(window.isVisible)
    assert text(window, "messageLabel") == "The icon beside the clock is gone, so the window is here again."
    window.close()
    assert found(window, QMessageBox, "closeQuestion").findChild(QPushButton, "hideButton") is None


def test_a_panel_that_starts_anew_brings_no_window_back(window: MainWindow, desktop: Desktop, qtbot: QtBot) -> None:
    desktop.has_place = True
    hidden(window)
    desktop.has_place = False
    window.tray._watch.timeout.emit()
    desktop.has_place = True
    window.tray._watch.timeout.emit()
    desktop.has_place = False
    window.tray._watch.timeout.emit()
    assert not window.isVisible()
    window.show()
    assert not window.tray._watch.isActive()


def test_a_closed_window_neither_looks_nor_comes_back(window: MainWindow, desktop: Desktop, qtbot: QtBot) -> None:
    window.tray.show()
    window.close_now()
    looks = desktop.looks
    window.tray._watch.setInterval(0)
    desktop.has_place = True
    qtbot.wait(50)
    assert desktop.looks == looks
    assert not window.isVisible()
    assert not window.tray.icon.isVisible()
