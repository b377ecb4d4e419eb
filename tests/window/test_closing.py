"""Closing the window loses nothing that was typed without a question, and waits for none where nobody would answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.settings.page import SettingsPage
from pipeline_gui.window.shared_dialog import SharedDialog
from tests.window import plausible
from tests.window.conftest import OpenWindow
from tests.window.finding import action, found, has_read, session, text
from tests.window.stand_in import StandInBackend, idle, run, running

KINDS = {"configurations": "field_name", "schedules": "scheduleName", "alerts": "alertName"}
"""Each dialog, and a line to type in."""


@pytest.fixture
def window(backend: StandInBackend, open_window: OpenWindow, qtbot: QtBot) -> MainWindow:
    """A window that has something in every dialog; nothing runs."""
    plausible.fill(backend)
    backend.controller.status = idle()
    made = open_window(backend)
    qtbot.waitUntil(lambda: has_read(made))
    return made


def shown_dialogs(window: MainWindow) -> set[SharedDialog]:
    return {child for child in window.children() if isinstance(child, SharedDialog) and child.isVisible()}


def edited(window: MainWindow, kind: str, qtbot: QtBot) -> SharedDialog:
    """The dialog, with something typed in it."""
    before = shown_dialogs(window)
    action(window, f"{kind}Action").trigger()
    [dialog] = shown_dialogs(window) - before
    line = found(dialog, QLineEdit, KINDS[kind])
    qtbot.waitUntil(lambda: session(window).gateway.busy_threads == 0 and bool(line.text()))
    QTest.keyClicks(line, " anew")
    assert dialog.has_unsaved
    return dialog


def question(dialog: SharedDialog) -> QMessageBox:
    """What it asks now."""
    [box] = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
    return box


def answer(dialog: SharedDialog, title: str) -> None:
    chosen = next(button for button in question(dialog).buttons() if button.text().replace("&", "") == title)
    QTest.mouseClick(chosen, Qt.MouseButton.LeftButton)


def by_its_button(window: MainWindow) -> None:
    window.close()


def by_ctrl_q(window: MainWindow) -> None:
    action(window, "quitAction").trigger()


def by_the_tray(window: MainWindow) -> None:
    found(window, QAction, "trayQuitAction").trigger()


WAYS = [by_its_button, by_ctrl_q, by_the_tray]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_what_was_typed_in_a_dialog_keeps_the_window_open(
    window: MainWindow, qtbot: QtBot, kind: str, way: Callable[[MainWindow], None]
) -> None:
    dialog = edited(window, kind, qtbot)
    typed = found(dialog, QLineEdit, KINDS[kind]).text()
    way(window)
    assert question(dialog).text() == "What you edited is not saved."
    answer(dialog, "Cancel")
    assert window.isVisible()
    assert dialog.isVisible()
    assert found(dialog, QLineEdit, KINDS[kind]).text() == typed
    way(window)
    with qtbot.waitSignal(window.closed):
        answer(dialog, "Give it up")


def test_each_dialog_asks_for_itself(window: MainWindow, qtbot: QtBot) -> None:
    dialogs = [edited(window, kind, qtbot) for kind in KINDS]
    window.close()
    for dialog in dialogs[:-1]:
        answer(dialog, "Give it up")
        assert not dialog.isVisible()
    answer(dialogs[-1], "Cancel")
    assert window.isVisible()
    window.close()
    with qtbot.waitSignal(window.closed):
        answer(dialogs[-1], "Give it up")


def test_a_run_is_spoken_of_first_and_hiding_loses_nothing(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = running("flights-1")
    backend.controller.runs = [run("flights-1", "running", ago=9, duration=9.0)]
    backend.change()
    qtbot.waitUntil(lambda: session(window).running_run is not None)
    dialog = edited(window, "alerts", qtbot)
    window.close()
    assert not any(box.isVisible() for box in dialog.findChildren(QMessageBox))
    about_run = found(window, QMessageBox, "closeQuestion")
    QTest.mouseClick(about_run.defaultButton(), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(window.closed):
        answer(dialog, "Give it up")


def test_a_hidden_window_comes_back_to_ask(window: MainWindow, qtbot: QtBot) -> None:
    dialog = edited(window, "alerts", qtbot)
    window.hide()
    by_the_tray(window)
    assert window.isVisible()
    answer(dialog, "Cancel")


def test_a_dialog_in_which_nothing_was_typed_asks_nothing(window: MainWindow, qtbot: QtBot) -> None:
    action(window, "alertsAction").trigger()
    qtbot.waitUntil(lambda: session(window).gateway.busy_threads == 0)
    with qtbot.waitSignal(window.closed):
        window.close()


def test_to_save_the_settings_opens_the_program_anew_only_when_nothing_is_lost(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    dialog = edited(window, "alerts", qtbot)
    window.show_settings(backend.settings, session(window).gateway)
    page = found(window, SettingsPage)
    with qtbot.assertNotEmitted(window.restart_wanted):
        page.saved.emit()
        answer(dialog, "Cancel")
    assert text(window, "settingsSaid") == "Saved. It holds when the window is opened again."
    page.saved.emit()
    with qtbot.waitSignal(window.restart_wanted):
        answer(dialog, "Give it up")


def test_the_end_of_a_session_waits_for_no_answer(window: MainWindow, qtbot: QtBot) -> None:
    edited(window, "alerts", qtbot)
    window.closing.session_ends()
    with qtbot.waitSignal(window.closed):
        QApplication.sendEvent(window, QEvent(QEvent.Type.Close))
    assert not any(box.isVisible() for box in window.findChildren(QMessageBox))


def test_it_is_asked_again_when_the_end_of_a_session_was_called_off(window: MainWindow, qtbot: QtBot) -> None:
    dialog = edited(window, "alerts", qtbot)
    window.closing.session_ends()
    assert not dialog.has_unsaved
    window.closing._called_off.setInterval(0)
    qtbot.waitUntil(lambda: dialog.has_unsaved)
    window.close()
    answer(dialog, "Cancel")


_PROGRAM = """
import os, signal, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.shared_dialog import SharedDialog
from pipeline_gui.window.termination import Termination
from tests.window import plausible
from tests.window.stand_in import StandInBackend

application = QApplication([])
backend = StandInBackend()
plausible.fill(backend)
window = MainWindow(backend)
window.closed.connect(application.quit)
Termination(window.close_now, window).install()
window.show()
window.actions_.alerts.trigger()
[dialog] = [child for child in window.children() if isinstance(child, SharedDialog)]
line = dialog.findChild(QLineEdit, "alertName")

def shown():
    if not line.text():
        return
    timer.stop()
    line.setText("anew")
    if "asking" in sys.argv:
        window.close()
        assert any(box.isVisible() for box in dialog.findChildren(QMessageBox))
    os.kill(os.getpid(), int(sys.argv[1]))

timer = QTimer(interval=10)
timer.timeout.connect(shown)
timer.start()
code = application.exec()
print("closed", flush=True)
os._exit(code)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("more", [[], ["asking"]], ids=["edited", "while it asks"])
def test_a_signal_ends_the_program_whatever_was_typed(number: signal.Signals, more: list[str]) -> None:
    environ, root = os.environ | {"QT_QPA_PLATFORM": "offscreen"}, Path(__file__).parents[2]
    command = [sys.executable, "-c", _PROGRAM, str(int(number)), *more]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr
