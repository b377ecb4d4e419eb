"""The history beyond two days, many rows, and taking them out of the window: by clicks and keys on the real window."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.table.arranger import AT_ONCE
from pipeline_gui.window.table.columns import Column
from pipeline_gui.window.table.older_runs import PAGE
from pipeline_gui.window.table.transfer import Transfer
from tests.window.finding import action, cell, found, has_read, selected, table, text
from tests.window.stand_in import StandInBackend, run, running
from tests.window.table.making import past_runs


@pytest.fixture
def window(backend: StandInBackend, open_window: Callable[[StandInBackend], MainWindow], qtbot: QtBot) -> MainWindow:
    """A window with two live runs, which has read them."""
    backend.controller.runs = [run("flights-2", "completed", ago=60), run("broken-1", "failed", ago=7000, error="=1+1")]
    made = open_window(backend)
    qtbot.waitUntil(lambda: has_read(made))
    qtbot.waitUntil(lambda: table(made).model().rowCount() == 2)
    return made


def choose_span(window: MainWindow, title: str) -> None:
    found(window, QComboBox, "spanBox").setCurrentText(title)


def test_a_month_is_read_in_pages_and_live_runs_stay_live(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.archive.runs = past_runs(2 * PAGE + 7)
    table(window).selectRow(1)
    choose_span(window, "last 30 days")
    qtbot.waitUntil(lambda: text(window, "filterCount") == "2,009 runs")
    assert [days for days, _ in backend.archive.asked] == [30, 30, 30]
    assert selected(window) == "broken-1"
    assert cell(window, 2008, Column.STATUS) == "stopped"
    backend.controller.status = running("flights-3")
    backend.controller.runs = [run("flights-3", "running", ago=3, duration=3.0), *backend.controller.runs]
    backend.change()
    qtbot.waitUntil(lambda: text(window, "filterCount") == "2,010 runs")
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "running")
    backend.controller.runs.pop()  # it is older than two days now
    backend.change()
    qtbot.waitUntil(lambda: window.page.older.is_wanted and window.page.arranger.known == 2010)
    choose_span(window, "last 2 days")
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 2)
    assert text(window, "filterCount") == ""


def test_many_rows_are_sorted_and_filtered_beside_the_window(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.archive.runs = past_runs(2 * AT_ONCE)
    choose_span(window, "last 7 days")
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 2 * AT_ONCE + 2)
    window.page.table.select_run("old-17")
    header = table(window).horizontalHeader()
    where = header.sectionPosition(Column.STARTED) + 5
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(where, 5))
    qtbot.waitUntil(lambda: cell(window, 2 * AT_ONCE + 1, Column.PIPELINE) == "flights")
    qtbot.waitUntil(lambda: window.page.model.rows[0].run_id == f"old-{2 * AT_ONCE - 1}")
    assert selected(window) == "old-17", "the selection left its run"
    QTest.keyClicks(found(window, QLineEdit, "filterEdit"), "old-17")
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 111)
    assert text(window, "filterCount") == f"111 of {2 * AT_ONCE + 2:,} shown"
    assert selected(window) == "old-17"
    found(window, QLineEdit, "filterEdit").clear()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 2 * AT_ONCE + 2)


def test_of_very_many_selected_rows_the_last_stays_when_they_are_sorted(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.archive.runs = past_runs(2 * AT_ONCE)
    choose_span(window, "all")
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 2 * AT_ONCE + 2)
    window.page.table.select_run("old-17")
    QTest.keySequence(table(window), QKeySequence(QKeySequence.StandardKey.SelectAll))
    assert len(window.page.table.selected_runs) == 2 * AT_ONCE + 2
    table(window).sortByColumn(Column.STARTED, Qt.SortOrder.AscendingOrder)
    qtbot.waitUntil(lambda: window.page.model.rows[0].run_id == f"old-{2 * AT_ONCE - 1}")
    assert [each.run_id for each in window.page.table.selected_runs] == ["old-17"]
    table(window).clearSelection()
    for run_id in ("old-3", "old-4"):
        place = next(at for at, row in enumerate(window.page.model.rows) if row.run_id == run_id)
        flags = QItemSelectionModel.SelectionFlag
        how = flags.Select | flags.Rows
        table(window).selectionModel().select(window.page.model.index(place, 0), how)
    table(window).sortByColumn(Column.STARTED, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: window.page.model.rows[0].run_id == "flights-2")
    assert [each.run_id for each in window.page.table.selected_runs] == ["old-3", "old-4"]


def test_a_history_that_does_not_come_holds_nothing_up_and_is_given_up(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.archive.runs = past_runs(10)
    backend.archive.let_read.clear()
    choose_span(window, "all")
    assert text(window, "historyNote") == "Reading the history…"
    assert table(window).model().rowCount() == 2
    choose_span(window, "last 2 days")
    backend.archive.let_read.set()
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    assert table(window).model().rowCount() == 2
    assert text(window, "historyNote") == ""


def test_why_the_history_is_not_there_is_said(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.archive.raises = StoreUnavailable("The database at db:5432 does not answer.")
    choose_span(window, "last 7 days")
    qtbot.waitUntil(lambda: "only in part: The database" in text(window, "historyNote"))
    backend.archive.raises = None
    backend.archive.runs = past_runs(3)
    action(window, "refreshAction").trigger()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 5)
    assert text(window, "historyNote") == ""


def test_what_is_shown_is_exported(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    target = tmp_path / "runs.csv"
    found(window, Transfer).export_to(target)
    qtbot.waitUntil(lambda: text(window, "historyNote") == f"Saved to {target}: 2 runs.")
    lines = list(csv.DictReader(target.read_text().splitlines()))
    assert [line["run_id"] for line in lines] == ["flights-2", "broken-1"]
    assert lines[1]["error"] == "'=1+1", "a spreadsheet would take it for a formula"
    assert lines[0]["started_utc"].endswith("Z")
    assert lines[0]["duration_seconds"] == "120.0"


def test_an_export_is_given_up(window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path) -> None:
    backend.archive.runs = past_runs(9000)
    choose_span(window, "all")
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 9002, timeout=10_000)
    found(window, Transfer).export_to(tmp_path / "runs.csv")
    button = found(window, QToolButton, "exportButton")
    assert button.text() == "Cancel"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert text(window, "historyNote") == "The history was not saved."
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    qtbot.waitUntil(lambda: not any(tmp_path.iterdir()))


def test_rows_are_copied_as_a_table(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    table(window).setFocus()
    QTest.keySequence(table(window), QKeySequence(QKeySequence.StandardKey.SelectAll))
    QTest.keySequence(table(window), QKeySequence(QKeySequence.StandardKey.Copy))
    copied = QGuiApplication.clipboard().mimeData()
    assert isinstance(copied, QMimeData)
    lines = [line.split("\t") for line in copied.text().splitlines()]
    assert lines[0] == ["Status", "Pipeline", "Started", "Duration", "By", "Outcome"]
    assert [line[1] for line in lines[1:]] == ["flights", "broken"]
    assert copied.html().count("<tr>") == 3
    table(window).horizontalHeader().setSectionHidden(Column.BY, True)
    backend.archive.runs = past_runs(500)
    choose_span(window, "all")
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 502)
    QTest.keySequence(table(window), QKeySequence(QKeySequence.StandardKey.SelectAll))
    QTest.keySequence(table(window), QKeySequence(QKeySequence.StandardKey.Copy))
    qtbot.waitUntil(lambda: text(window, "historyNote") == "Copied 502 rows.")
    assert len(QGuiApplication.clipboard().text().splitlines()) == 503
    assert "By" not in QGuiApplication.clipboard().text().splitlines()[0].split("\t")


def test_columns_are_hidden_and_one_always_stays(window: MainWindow) -> None:
    columns = window.actions_.columns
    for expected in range(len(Column), 1, -1):
        columns.aboutToShow.emit()
        shown = [each for each in columns.actions() if each.isChecked()]
        assert len(shown) == expected
        shown[0].trigger()
    columns.aboutToShow.emit()
    (last,) = [each for each in columns.actions() if each.isChecked()]
    assert not last.isEnabled()
    header = table(window).horizontalHeader()
    header.customContextMenuRequested.emit(QPoint(5, 5))
    menu = found(window, QMenu, "columnsMenu")
    menu.actions()[Column.PIPELINE].trigger()
    assert not header.isSectionHidden(Column.PIPELINE)
    menu.close()


def test_times_are_shown_as_how_long_ago(window: MainWindow) -> None:
    action(window, "relativeAction").trigger()
    assert cell(window, 0, Column.STARTED) == "1 min ago"
    assert cell(window, 1, Column.STARTED) == "116 min ago"
    hover = str(table(window).model().index(1, Column.STARTED).data(Qt.ItemDataRole.ToolTipRole))
    assert "UTC" in hover
    action(window, "relativeAction").trigger()
    assert ":" in cell(window, 0, Column.STARTED)
