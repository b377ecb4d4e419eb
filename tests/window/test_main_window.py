"""The window as a whole: before it knows anything, when it closes, and how it looks."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QMessageBox,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.window.main_window import MainWindow
from tests.window.conftest import OpenWindow
from tests.window.finding import action, click, found, has_read, is_on, session, text
from tests.window.screenshots import dark_palette
from tests.window.stand_in import StandInBackend, run, running

# --- the first look --------------------------------------------------------------------------------------------------


def test_before_the_record_is_read_nothing_can_be_pressed(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.let_refresh.clear()
    window = open_window(backend)
    assert not is_on(window, "startAction")
    assert not is_on(window, "stopAction")
    assert "being read" in action(window, "startAction").toolTip()
    assert text(window, "emptyTitle") == "Reading the runs…"
    backend.controller.let_refresh.set()
    qtbot.waitUntil(lambda: is_on(window, "startAction"))


def test_with_nothing_recorded_it_says_what_to_do(window: MainWindow) -> None:
    assert text(window, "statusLabel") == "Idle"
    assert "press Start" in text(window, "emptyText")
    assert found(window, QLabel, "emptyTitle").isVisible()
    assert is_on(window, "startAction")
    assert not is_on(window, "stopAction")
    assert "No pipeline is running" in action(window, "stopAction").toolTip()


def test_it_watches_and_listens(window: MainWindow, backend: StandInBackend) -> None:
    assert backend.watching
    assert len(backend.subscriptions) == 1
    assert "live" in text(window, "connectionLabel")
    assert "database: connected" in found(window, QLabel, "connectionLabel").accessibleName()


def test_the_samples_can_be_chosen(window: MainWindow) -> None:
    box = found(window, QComboBox, "configurationBox")
    names = [box.itemText(i) for i in range(box.count()) if box.itemText(i)]
    assert names == ["flights", "stream_events", "broken", "Open a file…"]


def test_shortcuts(window: MainWindow) -> None:
    keys = {name: action(window, name).shortcut().toString() for name in ("startAction", "stopAction", "refreshAction")}
    assert keys == {"startAction": "Ctrl+R", "stopAction": "Ctrl+.", "refreshAction": "F5"}


# --- closing ---------------------------------------------------------------------------------------------------------


def test_closing_while_idle_asks_nothing(window: MainWindow, backend: StandInBackend) -> None:
    window.close()
    assert not window.isVisible()
    assert backend.subscriptions[0].closed.wait(5)


def test_closing_during_a_run_says_that_it_goes_on(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running()
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    window.close()
    question = found(window, QMessageBox, "closeQuestion")
    assert "goes on" in question.text()
    question.reject()
    assert window.isVisible()
    window.close()
    question = window.findChildren(QMessageBox, "closeQuestion")[-1]
    QTest.mouseClick(question.defaultButton(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert backend.controller.calls == []


def test_a_change_heard_after_the_window_is_gone_is_dropped(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot, qapp: QApplication
) -> None:
    window = open_window(backend)
    qtbot.waitUntil(lambda: has_read(window))
    gateway = session(window).gateway
    shiboken6.delete(window)
    backend.change()
    qapp.processEvents()
    assert backend.subscriptions[0].closed.wait(5)
    assert gateway.close(10)


# --- looks -----------------------------------------------------------------------------------------------------------


def test_a_change_of_theme_is_followed(
    window: MainWindow, backend: StandInBackend, qapp: QApplication, qtbot: QtBot
) -> None:
    backend.controller.runs = [run("old-1", "failed")]
    backend.change()
    qtbot.waitUntil(lambda: window.page.model.rowCount() == 1)
    before = window.page.model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole)
    light = QPalette(qapp.palette())
    try:
        qapp.setPalette(dark_palette())
        qtbot.waitUntil(lambda: window.page.model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole) != before)
        ground = window.grab().toImage().pixelColor(window.width() // 2, window.height() - 120)
        assert ground.lightness() < 100
    finally:
        qapp.setPalette(light)


def test_the_name_of_the_system_is_shown(open_window: OpenWindow, qtbot: QtBot) -> None:
    backend = StandInBackend(
        name="production", color="#8a1538", database_url="postgresql://u:secret@db/ops", spark_url="http://s"
    )
    window = open_window(backend)
    assert window.windowTitle() == "Pipelines · production"
    assert text(window, "systemBadge") == "production"
    assert "secret" not in found(window, QLabel, "systemBadge").toolTip()
    qtbot.waitUntil(lambda: has_read(window))


def test_a_long_message_does_not_widen_the_window(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.answer = {"success": False, "run_id": None, "message": "no " * 2000, "reason": "refused"}
    width = window.minimumSizeHint().width()
    click(window, "startAction")
    qtbot.waitUntil(lambda: text(window, "messageLabel").startswith("no no"))
    assert len(text(window, "messageLabel")) <= 600
    assert window.minimumSizeHint().width() == width
