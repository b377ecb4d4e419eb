"""What the dialogs of alerts, schedules and configurations share: their questions and lists."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.window.dialog_parts import ask_to_delete, ask_to_give_up, question
from pipeline_gui.window.shared_list import Row, SharedList
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


def test_a_choice_is_taken_back_also_when_the_list_was_read_again_meanwhile(qapp: QApplication) -> None:
    shown = SharedList("list", "All of them")
    stays: list[Callable[[], None]] = []
    shown.chosen.connect(lambda _what, stay: stays.append(stay))
    shown.show_rows([Row("a", "a", "", True), Row("b", "b", "", False)])
    shown.setCurrentRow(1)
    shown.show_rows([Row("new", "new", "", False), Row("a", "a", "", False), Row("b", "b", "", True)])
    stays.pop()()
    assert shown.currentRow() == 1
    assert stays == [], "to take a choice back is not to choose"
