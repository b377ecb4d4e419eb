"""What the dialogs of alerts, schedules and configurations share: their questions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.window.dialog_parts import ask_to_delete, ask_to_give_up, question
from tests.window.finding import found


def test_a_name_in_a_question_is_no_markup(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    assert question(window, "any", "Delete “<b>night</b>”?", "").textFormat() is Qt.TextFormat.PlainText


def test_enter_cancels_a_question(qtbot: QtBot) -> None:
    window, answers = QWidget(), list[str]()
    qtbot.addWidget(window)
    window.show()
    ask_to_delete(window, "delete", "night", "", lambda: answers.append("deleted"))
    box = found(window, QMessageBox, "delete")
    qtbot.waitUntil(box.isVisible)
    QTest.keyClick(box, Qt.Key.Key_Return)
    ask_to_give_up(window, "edits", lambda: answers.append("given up"), lambda: answers.append("stayed"))
    box = found(window, QMessageBox, "edits")
    qtbot.waitUntil(box.isVisible)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert answers == ["stayed"]
