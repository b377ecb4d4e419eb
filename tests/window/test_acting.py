"""The actions by clicks and keys: a click disables at once, and what the record says decides."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QMenu,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.answers import OverviewAnswer, StatusAnswer
from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.window.main_window import MainWindow
from tests.window.finding import action, click, found, is_on, session, table, text
from tests.window.stand_in import StandInBackend, idle, run, running


def test_start_is_off_at_once_and_the_record_decides(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.let_act.clear()
    click(window, "startAction")
    assert not is_on(window, "startAction")
    assert text(window, "messageLabel") == "Starting “flights”…"
    qtbot.waitUntil(lambda: bool(backend.controller.calls))
    backend.change()  # a refresh in between decides nothing
    qtbot.waitUntil(lambda: backend.controller.asked >= 2)
    qtbot.wait(20)
    assert not is_on(window, "startAction")
    backend.controller.status = running()
    backend.controller.runs = [run("flights-1", "running", ago=1)]
    backend.controller.let_act.set()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    assert not is_on(window, "startAction")
    assert text(window, "messageLabel") == "Started “flights”."
    assert text(window, "statusLabel") == "Running · flights"
    assert backend.controller.calls == [("start", backend.controller.calls[0][1])]
    assert backend.controller.calls[0][1]["name"] == "flights"


def test_a_record_read_before_the_answer_decides_nothing(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = [threading.Event(), threading.Event()]
    waiting = iter(gates)
    asked = threading.Event()

    def slow_overview(days: float) -> OverviewAnswer:
        asked.set()
        gate = next(waiting, None)
        assert gate is None or gate.wait(30)
        return {"status": idle(), "runs": []}

    monkeypatch.setattr(backend.controller, "get_overview", slow_overview)
    before = session(window).last
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(asked.is_set)
    click(window, "startAction")
    qtbot.waitUntil(lambda: text(window, "messageLabel") == "Started “flights”.")
    gates[0].set()  # its question was asked before the start was answered
    qtbot.waitUntil(lambda: session(window).last is not before)
    assert not is_on(window, "startAction")
    gates[1].set()
    qtbot.waitUntil(lambda: is_on(window, "startAction"))


def test_a_start_that_is_refused_says_so_and_is_on_again(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.answer = {
        "success": False,
        "run_id": "x",
        "message": "A pipeline is already running (x).",
        "reason": "busy",
    }
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: text(window, "messageLabel") == "A pipeline is already running (x).")
    qtbot.waitUntil(lambda: is_on(window, "startAction"))


def test_an_action_that_raises_says_so(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.raises = StoreUnavailable("The database does not answer.")
    click(window, "startAction")
    qtbot.waitUntil(lambda: text(window, "messageLabel") == "The database does not answer.")
    qtbot.waitUntil(lambda: is_on(window, "startAction"))


def test_stop_names_the_run_that_is_shown(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running("flights-77")
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    backend.controller.status = running("other-2", pipeline="other")  # ended meanwhile, and another began
    QTest.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert not is_on(window, "stopAction")
    qtbot.waitUntil(lambda: backend.controller.calls == [("stop", "flights-77", None)])
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · other")


def test_a_stop_without_grace(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running(phase="stopping", stop_requested_by="ben@ops-1")
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, "forceAction"))
    assert not is_on(window, "stopAction")
    action(window, "forceAction").trigger()
    qtbot.waitUntil(lambda: backend.controller.calls == [("stop", "flights-1", 0.0)])


def test_force_goes_through_while_a_stop_waits(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running()
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    backend.controller.let_act.clear()
    click(window, "stopAction")
    qtbot.waitUntil(lambda: len(backend.controller.calls) == 1)
    action(window, "forceAction").trigger()
    qtbot.waitUntil(lambda: len(backend.controller.calls) == 2)


@pytest.mark.parametrize(
    ("status", "name", "word", "call"),
    [
        (running(phase="lost_contact"), "abandonAction", "abandon", ("abandon", "flights-1")),
        (running(ours=False, started_by=None), "releaseAction", "release", ("release", "flights-1")),
    ],
)
def test_letting_go_needs_a_typed_word(
    window: MainWindow,
    backend: StandInBackend,
    qtbot: QtBot,
    status: StatusAnswer,
    name: str,
    word: str,
    call: tuple[str, str],
) -> None:
    backend.controller.status = status
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, name))
    action(window, name).trigger()
    dialog = found(window, QDialog, "typedConfirmation")
    typed = found(dialog, QLineEdit, "confirmationEdit")
    go = found(dialog, QPushButton, "confirmButton")
    QTest.keyClicks(typed, "yes")
    QTest.keyClick(typed, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert not go.isEnabled()
    typed.clear()
    QTest.keyClicks(typed, word)
    assert backend.controller.calls == []
    QTest.mouseClick(go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: backend.controller.calls == [call])


def test_a_word_that_nothing_lives(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.runs = [run("old-1", "failed")]
    backend.change()
    runs = table(window)
    qtbot.waitUntil(lambda: runs.model().rowCount() == 1)
    runs.customContextMenuRequested.emit(runs.visualRect(runs.model().index(0, 0)).center())
    menu = found(runs, QMenu)
    next(a for a in menu.actions() if "Nothing of it lives" in a.text()).trigger()
    menu.close()
    dialog = found(window, QDialog, "typedConfirmation")
    QTest.keyClicks(found(dialog, QLineEdit, "confirmationEdit"), "nothing lives")
    QTest.keyClick(found(dialog, QLineEdit, "confirmationEdit"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: backend.controller.calls == [("confirm_gone", "old-1")])


def test_a_message_takes_no_focus(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    runs = table(window)
    window.activateWindow()
    runs.setFocus()
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: text(window, "messageLabel") == "Started “flights”.")
    assert window.focusWidget() is runs
