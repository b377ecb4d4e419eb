"""The run panel by clicks and keys: what it shows of the selected run, when it asks, and what it says when it can't."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QPushButton,
    QTreeWidget,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.pictures.rate_lines import RateLines
from pipeline_gui.window.run_panel.run_panel import RunPanel
from tests.window.finding import action, found, table, text
from tests.window.stand_in import StandInBackend, run, running


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
