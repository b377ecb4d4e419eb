"""Finding in a log: words, expressions, levels, the first error."""

from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.output import OutputSearch, OutputSearched, Stream
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.run_panel.log_finder import LogFinder
from pipeline_gui.window.run_panel.log_window import MOST
from tests.window.finding import action, found, table, text
from tests.window.run_panel.log_looks import log, open_log, press
from tests.window.stand_in import StandInBackend


def test_who_opens_the_log_finds_in_it_and_not_among_the_runs(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    table(window).setFocus()
    open_log(window, qtbot, "INFO end")
    action(window, "findAction").trigger()
    qtbot.waitUntil(found(window, QLineEdit, "logFindEdit").hasFocus)
    table(window).setFocus()
    action(window, "findAction").trigger()
    qtbot.waitUntil(found(window, QLineEdit, "filterEdit").hasFocus)


def test_words_and_expressions_are_found_and_counted(window: MainWindow, qtbot: QtBot) -> None:
    open_log(window, qtbot, "INFO end")
    window.activateWindow()
    found(window, QPlainTextEdit, "logText").setFocus()
    qtbot.waitUntil(found(window, QPlainTextEdit, "logText").hasFocus)
    QTest.keyClick(found(window, QPlainTextEdit, "logText"), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    line = found(window, QLineEdit, "logFindEdit")
    qtbot.waitUntil(line.hasFocus)
    QTest.keyClicks(line, "info")
    qtbot.waitUntil(lambda: text(window, "logFindCount") == "2")
    QTest.keyClick(line, Qt.Key.Key_Return)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert text(window, "logFindCount") == "2 of 2"
    line.setText("^(ERROR|INFO e)")
    qtbot.waitUntil(lambda: text(window, "logFindCount") == "none")
    press(window, "logPatternButton")
    assert text(window, "logFindCount") == "2"
    line.setText("(")
    qtbot.waitUntil(lambda: text(window, "logFindCount") == "not a regular expression")
    line.clear()
    press(window, "logErrorButton")
    shown = found(window, QPlainTextEdit, "logText")
    qtbot.waitUntil(lambda: shown.textCursor().selectedText() == "ERROR no such column")


def test_of_many_matches_those_in_sight_are_marked(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    """To mark them all takes longer than a frame."""
    backend.outputs.data[Stream.STDERR] = b"".join(b"INFO line %d\n" % n for n in range(3000))
    open_log(window, qtbot, "INFO line 2999")
    shown = found(window, QPlainTextEdit, "logText")

    def marked() -> list[str]:
        return [mark.cursor.block().text() for mark in shown.extraSelections()]

    found(window, QLineEdit, "logFindEdit").setText("line 1")
    qtbot.waitUntil(lambda: text(window, "logFindCount").startswith("1000 or more"))
    assert len(marked()) < 200
    shown.verticalScrollBar().setValue(1000)
    assert "INFO line 1005" in marked()
    assert len(marked()) < 200
    finder = found(window, LogFinder)
    shown.setPlainText("INFO line 0\nINFO li")  # the first match goes on behind its end
    finder._paint_marks()  # as a scroll does before these lines are looked through: Qt would warn
    assert marked() == []


LARGE = b"".join(
    b"%s line %d of many, of a certain length \xe2\x82\xac\n" % (b"INFO" if number % 50_000 != 7 else b"ERROR", number)
    for number in range(200_000)
)


def test_the_whole_of_a_large_log_is_searched_by_the_server(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.outputs.data[Stream.STDERR] = LARGE
    open_log(window, qtbot, "line 199999")
    line = found(window, QLineEdit, "logFindEdit")
    line.setText("error line")
    qtbot.waitUntil(lambda: text(window, "logFindCount") == "4")
    shown = found(window, QPlainTextEdit, "logText")

    def is_at(number: int) -> bool:
        return f"line {number} " in shown.textCursor().block().text()

    found(window, QPlainTextEdit, "logText").moveCursor(QTextCursor.MoveOperation.End)
    for at, number in ((7, 1), (50_007, 2), (100_007, 3), (150_007, 4), (7, 1)):
        QTest.keyClick(line, Qt.Key.Key_Return)
        qtbot.waitUntil(partial(is_at, at))
        qtbot.waitUntil(lambda: shown.textCursor().selectedText() == "ERROR line")
        assert text(window, "logFindCount") == f"{number} of 4"
        assert len(log(window)) <= MOST
    press(window, "logBeforeButton")
    qtbot.waitUntil(lambda: "line 150007 " in shown.textCursor().block().text())
    press(window, "logPatternButton")
    line.setText("^INFO line 1999[0-9]+7 ")
    qtbot.waitUntil(lambda: text(window, "logFindCount") == "10")
    line.setText("nowhere")
    qtbot.waitUntil(lambda: text(window, "logFindCount") == "none")
    line.clear()
    press(window, "logErrorButton")
    qtbot.waitUntil(lambda: shown.textCursor().block().text().startswith("ERROR line 7 "))
    assert not found(window, QCheckBox, "followBox").isChecked()


def test_the_way_to_the_first_error_says_how_far_it_is_and_is_given_up(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.outputs.data[Stream.STDERR] = LARGE
    open_log(window, qtbot, "line 199999")
    asked: list[int] = []

    def search(_run_id: str, _stream: Stream, wanted: OutputSearch) -> OutputSearched:
        asked.append(wanted.begin)
        return OutputSearched(wanted.begin, wanted.begin + 1000, 10_000_000, 0, ())

    monkeypatch.setattr(backend.outputs, "search", search)
    press(window, "logErrorButton")
    qtbot.waitUntil(lambda: text(window, "logFindCount").startswith("looked through "))
    press(window, "logErrorButton")
    assert text(window, "logFindCount") == "given up"
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    number = len(asked)
    press(window, "logErrorButton")
    qtbot.waitUntil(lambda: len(asked) > number)
    assert asked[number] == 0
    button = found(window, QToolButton, "logErrorButton")
    qtbot.waitUntil(lambda: button.text() == "Stop loo&king")
    found(window, QLineEdit, "logFindEdit").setText("else")
    qtbot.waitUntil(lambda: button.text() == "First e&rror")


def test_lines_of_a_level_are_shown_from_the_whole_log(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.outputs.data[Stream.STDERR] = LARGE + b"WARN near the end\n\tand its rest\nINFO end\n"
    open_log(window, qtbot, "INFO end")
    level = found(window, QComboBox, "levelBox")
    level.setCurrentIndex(1)
    qtbot.waitUntil(lambda: log(window).startswith("ERROR line 7 "))
    assert [line.split()[2] for line in log(window).splitlines() if "ERROR" in line] == [
        "7",
        "50007",
        "100007",
        "150007",
    ]
    assert log(window).endswith("WARN near the end\n\tand its rest")
    assert text(window, "logPosition").startswith("6 such lines in 9.")
    level.setCurrentIndex(2)
    qtbot.waitUntil(lambda: text(window, "logPosition").startswith("4 such lines in 9."))
    shown = found(window, QPlainTextEdit, "logText")
    cursor = shown.textCursor()
    cursor.setPosition(shown.document().findBlockByNumber(1).position())
    shown.setTextCursor(cursor)
    QTest.mouseDClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=shown.cursorRect().center())
    qtbot.waitUntil(lambda: "INFO line 50006 " in log(window))
    qtbot.waitUntil(lambda: shown.textCursor().block().text().startswith("ERROR line 50007 "))
    assert level.currentIndex() == 0


def test_of_a_plain_livy_what_is_shown_is_searched_and_said_to_be_that(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.outputs.note = "It keeps the last 200 lines."
    open_log(window, qtbot, "INFO end")
    found(window, QLineEdit, "logFindEdit").setText("info")
    qtbot.waitUntil(lambda: text(window, "logFindCount") in ("2", "2 shown"))
    found(window, QComboBox, "levelBox").setCurrentIndex(2)
    qtbot.waitUntil(lambda: log(window) == "ERROR no such column")
    assert text(window, "logPosition") == "It keeps the last 200 lines."
