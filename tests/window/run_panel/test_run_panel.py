"""The run panel by clicks and keys: what it shows of the selected run, when it asks, and what it says when it can't."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QToolButton,
    QTreeWidget,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import SparkUnavailable
from pipeline_gui.pipeline.output import OutputSearch, OutputSearched, Stream
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.pictures.rate_lines import RateLines
from pipeline_gui.window.run_panel.log_finder import LogFinder
from pipeline_gui.window.run_panel.log_reader import LOOK_MILLISECONDS
from pipeline_gui.window.run_panel.log_view import LogView
from pipeline_gui.window.run_panel.log_window import CHUNK, MOST
from pipeline_gui.window.run_panel.run_panel import RunPanel
from tests.window.conftest import OpenWindow
from tests.window.finding import action, found, has_read, table, text
from tests.window.run_panel.test_facts import event
from tests.window.stand_in import StandInBackend, run, running


@pytest.fixture
def window(open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot) -> MainWindow:
    backend.controller.runs = [
        run("flights-2", "completed", ago=600),
        run("broken-1", "failed", ago=3600, error="ValueError: no such column: dep_dellay"),
    ]
    backend.controller.events = [event("recorded"), event("status changed", old_status="running", new_status="failed")]
    backend.outputs.data[Stream.STDERR] = b"INFO begin\nERROR no such column\nINFO end\n"
    backend.outputs.data[Stream.STDOUT] = b"336776 flights\n"
    opened = open_window(backend)
    opened.resize(1100, 800)
    qtbot.waitUntil(lambda: has_read(opened))
    return opened


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


def test_nothing_is_asked_until_the_panel_is_opened(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    table(window).selectRow(1)
    assert window.findChild(RunPanel) is None
    assert backend.outputs.asked == []
    action(window, "detailsAction").trigger()
    qtbot.waitUntil(lambda: window.findChild(QLabel, "factRun") is not None)
    assert text(window, "factRun") == "broken-1"
    assert text(window, "factError") == "ValueError: no such column: dep_dellay"
    assert backend.outputs.asked == [], "the log is read before anybody looks at it"
    timeline = found(window, QTreeWidget, "timeline")
    model = timeline.model()
    assert [model.index(row, 1).data() for row in range(model.rowCount())] == ["recorded", "running → failed"]


def test_who_opens_it_late_sees_the_rates_since_the_window_saw_the_run(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.runs = [run("flights-1", "running", ago=9, duration=9.0), *backend.controller.runs]
    assert window.session is not None
    for rate in (100.0, 250.0, 400.0):
        progress = {"text": f"{rate} rows/s", "batch_number": 7, "input_rows_per_second": rate}
        backend.controller.status = running("flights-1", progress=progress)
        with qtbot.waitSignal(window.session.refreshed):
            backend.change()
    window.page.table.select_run("flights-1")
    window.page.show_details(True, 2)
    lines = found(window, RateLines, "rateLines")
    assert [one.input for one in lines._rates] == [100.0, 250.0, 400.0]


def test_a_double_click_opens_it_and_f4_closes_it(window: MainWindow, qtbot: QtBot) -> None:
    runs = table(window)
    at = runs.visualRect(runs.model().index(1, 0)).center()
    QTest.mouseClick(runs.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(runs.viewport(), Qt.MouseButton.LeftButton, pos=at)
    panel = found(window, RunPanel)
    assert panel.isVisible()
    assert action(window, "detailsAction").isChecked()
    QTest.keyClick(window, Qt.Key.Key_F4)
    qtbot.waitUntil(lambda: not panel.isVisible())
    assert not action(window, "detailsAction").isChecked()


def test_it_follows_the_selection_and_the_record(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    action(window, "detailsAction").trigger()
    qtbot.waitUntil(lambda: window.findChild(QLabel, "factRun") is not None)
    assert text(window, "factRun") == "flights-2"
    table(window).selectRow(1)
    qtbot.waitUntil(lambda: text(window, "factRun") == "broken-1")
    backend.controller.status = running("flights-3", progress={"text": "job 1 · 3 of 8 tasks"})
    backend.controller.runs = [run("flights-3", "running", ago=2, duration=2.0), *backend.controller.runs]
    backend.change()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 3)
    assert text(window, "factRun") == "broken-1", "the panel left the run that is selected"
    table(window).selectRow(0)
    qtbot.waitUntil(lambda: window.findChild(QLabel, "factProgress") is not None)
    assert text(window, "factProgress") == "job 1 · 3 of 8 tasks"
    backend.controller.status["progress"] = {"text": "job 1 · 7 of 8 tasks"}
    backend.change()
    qtbot.waitUntil(lambda: text(window, "factProgress") == "job 1 · 7 of 8 tasks")


def test_all_of_it_is_copied_for_a_ticket(window: MainWindow, qtbot: QtBot) -> None:
    table(window).selectRow(1)
    action(window, "detailsAction").trigger()
    qtbot.waitUntil(lambda: window.findChild(QLabel, "factRun") is not None)
    QTest.mouseClick(found(window, QPushButton, "copyRunButton"), Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "Run: broken-1" in copied
    assert "running → failed" in copied


def test_a_hanging_record_holds_nothing_up(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.let_refresh.clear()
    action(window, "detailsAction").trigger()
    table(window).selectRow(1)
    assert found(window, RunPanel).isVisible()
    assert window.findChild(QLabel, "factRun") is None, "it shows what it can't know"
    backend.controller.let_refresh.set()
    qtbot.waitUntil(lambda: window.findChild(QLabel, "factRun") is not None)
    assert text(window, "factRun") == "broken-1"


# --- the log --------------------------------------------------------------------------------------------------------


def test_the_two_outputs_are_told_apart(window: MainWindow, qtbot: QtBot) -> None:
    open_log(window, qtbot, "INFO end")
    assert found(window, QTabWidget, "runTabs").currentIndex() == 1
    assert "336776" not in log(window)
    found(window, QComboBox, "streamBox").setCurrentIndex(1)
    qtbot.waitUntil(lambda: log(window) == "336776 flights")
    assert text(window, "logPosition") == "All of it: 15 B"


def test_a_running_log_is_followed_until_it_is_paused(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = running("flights-3")
    backend.controller.runs = [run("flights-3", "running", ago=2, duration=2.0), *backend.controller.runs]
    backend.outputs.data[Stream.STDERR] = b"".join(b"line %d\n" % number for number in range(300))
    backend.change()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 3)
    table(window).selectRow(0)
    open_log(window, qtbot, "line 299")
    bar = found(window, QPlainTextEdit, "logText").verticalScrollBar()
    qtbot.waitUntil(lambda: seen(window)[-1] == "line 299")
    backend.outputs.data[Stream.STDERR] += b"line 300\n"
    qtbot.waitUntil(lambda: seen(window)[-1] == "line 300")
    window.resize(900, 600)
    qtbot.waitUntil(lambda: seen(window)[-1] == "line 300")
    bar.setValue(3)  # who scrolls up wants to read
    assert not found(window, QCheckBox, "followBox").isChecked()
    asked = len(backend.outputs.asked)
    backend.outputs.data[Stream.STDERR] += b"line 301\n"
    qtbot.wait(LOOK_MILLISECONDS + 300)
    assert len(backend.outputs.asked) == asked
    assert bar.value() == 3
    assert seen(window)[0] == "line 3"
    press(window, "logEndButton")
    qtbot.waitUntil(lambda: "line 301" in log(window))
    assert found(window, QCheckBox, "followBox").isChecked()


def test_of_a_large_log_only_what_is_near_is_read_and_kept(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    output = b"".join(b"line %d of many, so that it is long enough\n" % number for number in range(200_000))
    backend.outputs.data[Stream.STDERR] = output
    open_log(window, qtbot, "line 199999")
    assert backend.outputs.asked == [("flights-2", Stream.STDERR, None, CHUNK)]
    assert "line 100000 " not in log(window)
    bar = found(window, QPlainTextEdit, "logText").verticalScrollBar()
    for _ in range(8):
        before = log(window)
        bar.setValue(0)
        wait_until_not(qtbot, window, before)
        assert bar.value() > 0, "what was read was scrolled away"
        assert len(log(window)) <= MOST
    numbers = [int(line.split()[1]) for line in log(window).splitlines()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[-1] < 199_999
    press(window, "logBeginButton")
    qtbot.waitUntil(lambda: log(window).startswith("line 0 "))
    assert text(window, "logPosition") == f"0 B to 128.0 KB of {len(output) / 1024**2:.1f} MB"


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


def test_a_server_that_does_not_answer_is_said_and_asked_again(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.outputs.raises = SparkUnavailable("http://spark:8998 refused the connection.")
    action(window, "logAction").trigger()
    qtbot.waitUntil(lambda: "refused the connection" in text(window, "logPosition"))
    backend.outputs.raises = None
    qtbot.waitUntil(lambda: "INFO end" in log(window))


def test_what_a_plain_livy_keeps_is_shown_and_said(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.outputs.note = "It keeps the last 200 lines."
    open_log(window, qtbot, "INFO end")
    assert text(window, "logPosition") == "It keeps the last 200 lines."


def test_an_answer_about_another_run_is_not_shown(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.outputs.let_read.clear()
    action(window, "logAction").trigger()
    qtbot.waitUntil(lambda: len(backend.outputs.asked) == 1)
    table(window).selectRow(1)
    qtbot.waitUntil(lambda: len(backend.outputs.asked) == 2)
    backend.outputs.data[Stream.STDERR] = b"of the second\n"
    backend.outputs.let_read.set()
    qtbot.waitUntil(lambda: log(window) == "of the second")
    assert [asked[0] for asked in backend.outputs.asked] == ["flights-2", "broken-1"]


def test_the_whole_log_is_saved(window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path) -> None:
    backend.outputs.data[Stream.STDERR] = output = b"\x1b[31mline\xff\n" * 300_000  # as it is, escapes and all
    open_log(window, qtbot, "line")
    target = tmp_path / "run.log"
    found(window, LogView).save_to(target, "flights-2", Stream.STDERR)
    qtbot.waitUntil(lambda: text(window, "logPosition").startswith("Saved to"))
    assert target.read_bytes() == output
    assert list(tmp_path.iterdir()) == [target]


def test_a_save_is_cancelled_and_leaves_nothing(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    backend.outputs.data[Stream.STDERR] = b"line\n" * 600_000
    open_log(window, qtbot, "line")
    backend.outputs.let_read.clear()
    found(window, LogView).save_to(tmp_path / "run.log", "flights-2", Stream.STDERR)
    assert found(window, QToolButton, "logSaveButton").text() == "Cancel"
    press(window, "logSaveButton")
    assert text(window, "logPosition") == "The log was not saved."
    backend.outputs.let_read.set()
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    qtbot.waitUntil(lambda: not any(tmp_path.iterdir()))


def test_a_save_that_fails_says_why_and_keeps_what_was_there(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    open_log(window, qtbot, "INFO end")
    (tmp_path / "run.log").write_text("of yesterday")
    backend.outputs.raises = SparkUnavailable("http://spark:8998 refused the connection.")
    found(window, LogView).save_to(tmp_path / "run.log", "flights-2", Stream.STDERR)
    qtbot.waitUntil(lambda: "not saved: http://spark" in text(window, "logPosition"))
    assert (tmp_path / "run.log").read_text() == "of yesterday"
