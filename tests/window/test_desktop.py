"""The habits of a desktop: the icon beside the clock, news, one window a profile, keys and names for everybody."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QSystemTrayIcon,
    QTabBar,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings
from pipeline_gui.window.configurations.start_with_changes import StartWithChanges
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.shortcuts import shortcuts
from pipeline_gui.window.single_window import SingleWindow
from pipeline_gui.window.watchdog import Watchdog
from tests.window import plausible
from tests.window.conftest import OpenWindow
from tests.window.finding import action, found, has_read, text
from tests.window.stand_in import StandInBackend, idle, run, running, unknown


@pytest.fixture
def window(backend: StandInBackend, open_window: OpenWindow, qtbot: QtBot) -> MainWindow:
    """A window that has read a running run, and has something in every dialog."""
    plausible.fill(backend)
    backend.controller.status = running("flights-1")
    backend.controller.runs = [run("flights-1", "running", ago=9, duration=9.0)]
    made = open_window(backend)
    qtbot.waitUntil(lambda: has_read(made))
    return made


class Shown:
    """What a tray icon was told to show, as if the desktop had a place for it."""

    def __init__(self, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
        self.news: list[str] = []
        monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
        monkeypatch.setattr(window.tray.icon, "isVisible", lambda: True)
        monkeypatch.setattr(window.tray.icon, "showMessage", lambda _title, said, *_rest: self.news.append(said))


# --- the icon beside the clock --------------------------------------------------------------------------------------


def test_the_icon_says_the_state_of_now(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "Running · flights" in window.tray.icon.toolTip())
    assert found(window, QAction, "trayStateAction").text() == "Running · flights"
    while_running = window.tray.icon.icon().cacheKey()
    backend.controller.status = idle()
    backend.change()
    qtbot.waitUntil(lambda: "Idle" in window.tray.icon.toolTip())
    assert window.tray.icon.icon().cacheKey() != while_running


def test_an_end_that_nobody_watched_is_told_once(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(window, monkeypatch)
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    backend.controller.status = idle()
    backend.controller.runs = [run("flights-1", "failed", ago=9, duration=9.0, error="no such column")]
    backend.change()
    qtbot.waitUntil(lambda: bool(shown.news))
    assert shown.news == ["“flights” failed after 9 s: no such column"]
    backend.change()
    qtbot.waitUntil(lambda: window.session is not None and not window.session.refresher.waiting_seconds)
    assert len(shown.news) == 1


def test_who_looks_is_not_told(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(window, monkeypatch)
    monkeypatch.setattr(window, "isActiveWindow", lambda: True)
    backend.controller.status = idle()
    backend.controller.runs = [run("flights-1", "completed", ago=9, duration=9.0)]
    backend.change()
    qtbot.waitUntil(lambda: "completed" in text(window, "messageLabel"))
    assert shown.news == []


def test_a_window_with_a_run_is_hidden_and_comes_back(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shown(window, monkeypatch)
    window.close()
    question = found(window, QMessageBox, "closeQuestion")
    QTest.mouseClick(found(question, QPushButton, "hideButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert window.session is not None
    assert window.session.is_live, "a hidden window hears no more"
    found(window, QAction, "trayShowAction").trigger()
    assert window.isVisible()
    with qtbot.waitSignal(window.closed):
        found(window, QAction, "trayQuitAction").trigger()


def test_without_a_place_for_it_a_window_is_not_hidden(window: MainWindow) -> None:
    window.close()
    question = found(window, QMessageBox, "closeQuestion")
    assert question.findChild(QPushButton, "hideButton") is None
    question.reject()
    assert window.isVisible()


def test_closing_while_nothing_is_known_says_that_what_may_run_goes_on(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = unknown()
    backend.change()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Unknown")
    window.close()
    question = found(window, QMessageBox, "closeQuestion")
    assert question.text().startswith("What may be running goes on")
    question.reject()
    assert window.isVisible()


def test_what_is_refused_to_a_hidden_window_is_told(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start and Stop are in the menu of the tray; the line below is not in sight."""
    shown = Shown(window, monkeypatch)
    backend.controller.answer = {"success": False, "run_id": None, "message": "Spark refused it.", "reason": "refused"}
    window.hide()
    action(window, "stopAction").trigger()
    qtbot.waitUntil(lambda: shown.news == ["Spark refused it."])


def test_a_minimised_window_does_less(window: MainWindow, qtbot: QtBot) -> None:
    assert window._pulse.isActive()
    window.showMinimized()
    qtbot.waitUntil(lambda: not window._pulse.isActive())
    window.raise_to_front()
    qtbot.waitUntil(window._pulse.isActive)


# --- one window a profile -------------------------------------------------------------------------------------------


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(Profile("test", folder, folder, folder), **more)


@pytest.mark.parametrize("depth", [1, 12], ids=["short", "long"])
def test_a_second_start_raises_the_first(qapp: QApplication, qtbot: QtBot, tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["a-folder-of-a-long-name"] * depth)
    first, second = SingleWindow(settings(folder)), SingleWindow(settings(folder))
    assert first.claim()
    with qtbot.waitSignal(first.wanted):
        assert not second.claim()
    other = SingleWindow(settings(folder, database_url="service=other"))
    assert other.claim(), "another system is not this one"
    other.close()
    first.close()
    assert second.claim()
    second.close()


def test_where_nothing_can_be_written_a_window_opens_all_the_same(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    single = SingleWindow(settings(tmp_path / "file"))
    assert single.claim()
    single.close()


def test_a_killed_window_is_in_nobodys_way(qapp: QApplication, tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\nfrom PySide6.QtCore import QCoreApplication\n"
        "from pipeline_gui.profile import Profile\n"
        "from pipeline_gui.settings import Settings\nfrom pipeline_gui.window.single_window import SingleWindow\n"
        "a = QCoreApplication([])\nf = pathlib.Path(sys.argv[1])\ns = SingleWindow(Settings(Profile('t', f, f, f)))\n"
        "assert s.claim()\nos.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path], timeout=60, check=False).returncode == -9
    single = SingleWindow(settings(tmp_path))
    assert single.claim()
    single.close()


@pytest.mark.parametrize("is_link", [False, True])
def test_what_stands_in_the_place_of_its_pipe_is_not_written_to(
    qapp: QApplication, tmp_path: Path, is_link: bool
) -> None:
    first, second = SingleWindow(settings(tmp_path)), SingleWindow(settings(tmp_path))
    assert first.claim()
    [pipe] = tmp_path.glob("window-*.pipe")
    pipe.unlink()
    precious = tmp_path / "precious" if is_link else pipe
    precious.write_text("precious")
    if is_link:
        pipe.symlink_to(precious)
    assert not second.claim()
    assert not second.has_raised
    assert precious.read_text() == "precious"
    first.close()


def test_who_comes_second_knows_whether_the_first_heard_it(qapp: QApplication, tmp_path: Path, qtbot: QtBot) -> None:
    first, second = SingleWindow(settings(tmp_path)), SingleWindow(settings(tmp_path))
    assert first.claim()
    with qtbot.waitSignal(first.wanted):
        assert not second.claim()
    assert second.has_raised
    first.close()


def test_the_program_itself_opens_once(tmp_path: Path) -> None:
    environ = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "PIPELINE_GUI_HOME": str(tmp_path),
        "PIPELINE_GUI_DATABASE_URL": "postgresql://u:p@127.0.0.1:9/d",
        "PIPELINE_GUI_SPARK_URL": "http://127.0.0.1:9",
        "PIPELINE_GUI_SPARK_TOKEN": "t",
    }
    command = [sys.executable, "-m", "pipeline_gui"]
    first = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("window-*.lock")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 0
        assert "was brought to the front" in second.stderr
        assert first.poll() is None
    finally:
        first.terminate()
        first.communicate(timeout=30)
    assert not list(tmp_path.glob("window-*.lock"))


# --- keys and names for everybody -----------------------------------------------------------------------------------


def test_every_key_is_in_the_list_and_none_means_two_things(window: MainWindow) -> None:
    action(window, "shortcutsAction").trigger()
    listed = found(window, QTreeWidget, "shortcutsList")
    keys = [listed.topLevelItem(row).text(0) for row in range(listed.topLevelItemCount())]  # type: ignore[union-attr]
    assert len(set(keys)) == len(keys)
    for each in window.findChildren(QAction):
        if not each.shortcut().isEmpty():
            assert each.shortcut().toString(QKeySequence.SequenceFormat.NativeText) in keys
    assert shortcuts([]), "what parts of the window do by keys"
    found(window, QDialog, "shortcutsDialog").reject()


def _name(widget: QWidget) -> str:
    own = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
    buddies = [label.text() for label in widget.window().findChildren(QLabel) if label.buddy() is widget]
    return own or "".join(buddies)


def _start_with_changes(window: MainWindow) -> StartWithChanges:
    return StartWithChanges(window, plausible.FLIGHTS, ["conf"], lambda _name, _values: None)


DIALOGS: dict[str, Callable[[MainWindow], None]] = {
    "settings": lambda window: action(window, "settingsAction").trigger(),
    "window": lambda window: None,
    "details": lambda window: action(window, "detailsAction").trigger(),
    "log": lambda window: action(window, "logAction").trigger(),
    "configurations": lambda window: action(window, "configurationsAction").trigger(),
    "schedules": lambda window: action(window, "schedulesAction").trigger(),
    "alerts": lambda window: action(window, "alertsAction").trigger(),
    "metrics": lambda window: action(window, "metricsAction").trigger(),
    "start with changes": lambda window: _start_with_changes(window).open(),
    "abandon": lambda window: action(window, "abandonAction").trigger(),
    "about": lambda window: action(window, "aboutAction").trigger(),
    "shortcuts": lambda window: action(window, "shortcutsAction").trigger(),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_everything_that_can_be_focused_says_what_it_is(window: MainWindow, qtbot: QtBot, name: str) -> None:
    DIALOGS[name](window)
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    nameless = []
    for widget in [window, *window.findChildren(QWidget)]:
        takes_focus = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled()
        if takes_focus and not isinstance(widget, QTabBar) and not _name(widget) and not _is_inner(widget):
            nameless.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    assert nameless == []
    for dialog in window.findChildren(QDialog):
        dialog.reject()


def _is_inner(widget: QWidget) -> bool:
    """A part that Qt makes of a larger one, which has the name."""
    return widget.objectName().startswith("qt_") or widget.parent() is None


def test_the_focus_goes_through_the_window_as_it_is_read(window: MainWindow) -> None:
    """From the top to the bottom, and within a line from left to right; a line is as high as its parts are."""
    action(window, "logAction").trigger()
    start = window.box
    places = []
    widget = start.nextInFocusChain()
    while widget is not None and widget is not start:
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            at = widget.mapTo(window, QPoint(0, widget.height() // 2))
            places.append((at.y() // 24, at.x(), widget.objectName()))
        widget = widget.nextInFocusChain()
    named = [name for _, _, name in places if name]
    order = [
        "filterEdit",
        "filterStatusBox",
        "spanBox",
        "exportButton",
        "runsTable",
        "streamBox",
        "levelBox",
        "logText",
    ]
    assert [name for name in named if name in order] == order


ORDERS = {
    "configurations": [
        "configurationList", "newButton", "duplicateButton", "importButton", "exportButton", "field_name", "field_file",
        "commandPreview", "copyCommandButton",
    ],
    "schedules": [
        "scheduleList", "newScheduleButton", "scheduleName", "scheduleConfiguration", "scheduleKind", "scheduleCron",
        "scheduleZone", "scheduleFrom", "scheduleUntil", "scheduleBusy", "scheduleCatchUp", "scheduleRetries",
        "scheduleDecided", "deleteScheduleButton", "pauseScheduleButton", "revertScheduleButton", "saveScheduleButton",
    ],
    "alerts": [
        "alertList", "newAlertButton", "alertName", "alertCondition", "alertPipeline", "alertReceiver", "alertMessages",
        "deleteAlertButton", "pauseAlertButton", "testAlertButton", "revertAlertButton", "saveAlertButton",
    ],
    "metrics": ["metricsPeriod", "metricsTable", "dayBars"],
    "start with changes": ["field_name", "field_file", "commandPreview", "copyCommandButton", "startChangedButton"],
}  # fmt: skip
"""As it is read: the list first, then what is chosen in it from the top to the bottom, then what is done with it."""


@pytest.mark.parametrize("name", ORDERS)
def test_the_focus_goes_through_a_dialog_as_it_is_read(window: MainWindow, qtbot: QtBot, name: str) -> None:
    DIALOGS[name](window)
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(QDialog)))
    [dialog] = [each for each in window.findChildren(QDialog) if each.isVisible()]
    start = found(dialog, QWidget, ORDERS[name][0])
    chain, widget = [start.objectName()], start.nextInFocusChain()
    while widget is not None and widget is not start:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(dialog):
            chain.append(widget.objectName())
        widget = widget.nextInFocusChain()
    assert [part for part in chain if part in ORDERS[name]] == ORDERS[name]
    dialog.reject()


# --- what holds the window up ---------------------------------------------------------------------------------------


def test_a_pause_is_noticed_and_where_it_was(
    qapp: QApplication, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    dog = Watchdog()
    dog.start()
    with caplog.at_level(logging.WARNING):
        _hold_up(0.2)
        qtbot.waitUntil(lambda: bool(dog.pauses))
    dog.stop()
    assert dog.longest > 0.1
    assert "_hold_up" in caplog.text


def _hold_up(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
