"""What the window shows comes from the record: in place, filtered, and while servers are out of reach."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.table.columns import Column
from tests.window.finding import action, cell, click, found, is_on, selected, table, text
from tests.window.stand_in import StandInBackend, away, idle, run, running, unknown

# --- which runs are shown --------------------------------------------------------------------------------------------


def test_runs_are_found_by_their_texts_and_their_status(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.runs = [
        run("flights-1", "completed", ago=60),
        run("flights-2", "failed", ago=120, error="no such column"),
        run("etl-1", "failed", ago=180, by="ben@ops-1", error="disk full"),
    ]
    backend.change()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 3)
    table(window).selectRow(1)
    action(window, "findAction").trigger()
    line = found(window, QLineEdit, "filterEdit")
    QTest.keyClicks(line, "COLUMN")
    assert table(window).model().rowCount() == 1
    assert text(window, "filterCount") == "1 of 3 shown"
    assert selected(window) == "flights-2", "the selection went with the filter"
    line.setText("ben@")
    assert cell(window, 0, Column.PIPELINE) == "etl"
    line.setText("")
    found(window, QComboBox, "filterStatusBox").setCurrentText("failed")
    assert table(window).model().rowCount() == 2
    line.setText("(")
    assert table(window).model().rowCount() == 0
    assert text(window, "emptyTitle") == "No run matches"
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert table(window).model().rowCount() == 3
    assert text(window, "filterCount") == ""


def test_a_run_that_begins_to_match_appears_and_the_state_of_now_is_never_filtered(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    action(window, "findAction").trigger()
    found(window, QComboBox, "filterStatusBox").setCurrentText("failed")
    backend.controller.status = running("flights-1")
    backend.controller.runs = [run("flights-1", "running", ago=60)]
    backend.change()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · flights")
    assert table(window).model().rowCount() == 0
    assert text(window, "filterCount") == "0 of 1 shown"
    backend.controller.status = idle()
    backend.controller.runs = [run("flights-1", "failed", ago=60)]
    backend.change()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 1)


# --- updates in place ------------------------------------------------------------------------------------------------


def test_selection_scroll_widths_and_an_open_menu_stay(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.runs = [run(f"job-{i}", "completed", ago=60 * (i + 1)) for i in range(60)]
    backend.change()
    runs = table(window)
    qtbot.waitUntil(lambda: runs.model().rowCount() == 60)
    runs.selectRow(30)
    runs.setColumnWidth(Column.PIPELINE, 222)
    runs.verticalScrollBar().setValue(runs.verticalScrollBar().maximum() // 2)
    top = runs.indexAt(QPoint(5, 5)).siblingAtColumn(Column.PIPELINE).data()
    chosen = selected(window)
    runs.customContextMenuRequested.emit(runs.visualRect(runs.model().index(30, 0)).center())
    menu = found(runs, QMenu)
    assert menu.isVisible()
    backend.controller.runs = [
        run(f"job-{i}", "failed" if i == 30 else "completed", ago=60 * (i + 1)) for i in range(60)
    ]
    backend.change()
    qtbot.waitUntil(lambda: cell(window, 30, Column.STATUS) == "failed")
    assert menu.isVisible()
    assert selected(window) == chosen
    assert runs.columnWidth(Column.PIPELINE) == 222
    assert runs.indexAt(QPoint(5, 5)).siblingAtColumn(Column.PIPELINE).data() == top
    menu.close()


def test_the_selected_row_stays_selected_when_its_run_ends(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = running()
    backend.controller.runs = [run("flights-1", "running", ago=5), run("old-1", "stopped")]
    backend.change()
    qtbot.waitUntil(lambda: window.page.table.select_run("flights-1"))
    backend.controller.status = idle()
    backend.controller.runs = [
        run("flights-1", "stopped", ago=5, duration=4.0, stopped_by="ben@ops-1"),
        run("old-1", "stopped"),
    ]
    backend.change()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Idle")
    assert selected(window) == "flights-1"
    assert text(window, "messageLabel") == "“flights” was stopped by ben@ops-1 after 4 s."


def test_a_run_that_its_limit_stopped_says_so(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running()
    backend.controller.runs = [run("flights-1", "running", ago=5)]
    backend.change()
    qtbot.waitUntil(lambda: window.page.table.select_run("flights-1"))
    why = "It ran longer than its limit of 4 s, so it was stopped."
    backend.controller.status = idle()
    backend.controller.runs = [run("flights-1", "stopped", ago=5, duration=4.0, error=why, stopped_by="timeout@ops-1")]
    backend.change()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Idle")
    assert text(window, "messageLabel") == f"“flights” was stopped after 4 s. {why}"


def test_newest_first_and_unknown_starts_last(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.runs = [
        run("b-1", "completed", ago=10),
        run("a-1", "failed", ago=100),
        run("x-1", "odd", ago=None),
    ]
    backend.change()
    qtbot.waitUntil(lambda: window.page.model.rowCount() == 3)
    assert [cell(window, i, Column.PIPELINE) for i in range(3)] == ["b", "a", "x"]


def test_the_duration_ticks(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running(seconds=59.5)
    backend.controller.runs = [run("flights-1", "running", ago=59.5, duration=59.5)]
    backend.change()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · flights")
    asked = backend.controller.asked
    qtbot.waitUntil(lambda: text(window, "durationLabel") == "00:01:01", timeout=5000)
    assert cell(window, 0, Column.DURATION) in ("00:01:01", "00:01:02")
    assert backend.controller.asked == asked


def test_progress_is_shown_with_a_bar_for_tasks_and_without_for_a_stream(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    bar = found(window, QProgressBar, "progressBar")
    progress = {"text": "job 3 · 124 of 200 tasks", "tasks_completed": 124, "tasks_total": 200}
    backend.controller.status = running(progress=progress)
    backend.change()
    qtbot.waitUntil(lambda: text(window, "progressLabel") == "job 3 · 124 of 200 tasks")
    assert bar.isVisible()
    assert (bar.value(), bar.maximum()) == (124, 200)
    backend.controller.status = running(
        progress={
            "text": "stream batch 7 · 250 rows/s in",
            "batch_number": 7,
            "tasks_completed": 1,
            "tasks_total": 2,
        }
    )
    backend.change()
    qtbot.waitUntil(lambda: "stream batch 7" in text(window, "progressLabel"))
    assert not bar.isVisible()


# --- out of reach ----------------------------------------------------------------------------------------------------


def test_a_database_that_went_away_and_came_back(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running()
    backend.controller.runs = [run("flights-1", "running", ago=5), run("old-1", "completed")]
    backend.change()
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "running")
    backend.controller.status = unknown("The database at db.example:5432 does not answer.")
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Unknown")
    banner = found(window, QWidget, "databaseBanner")
    assert banner.isVisible()
    said = text(window, "databaseBannerLabel")
    assert "since" in said
    assert "db.example" in said
    assert "“flights” was running then and may go on" in said
    assert not is_on(window, "startAction")
    assert not is_on(window, "stopAction")
    assert "not known" in action(window, "stopAction").toolTip()
    assert cell(window, 0, Column.STATUS) == "unknown"
    assert cell(window, 1, Column.STATUS) == "completed"  # what ended is not undone
    assert "can't be reached" in found(window, QLabel, "connectionLabel").accessibleName()
    assert text(window, "durationLabel") == ""
    backend.controller.status = running()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · flights", timeout=5000)  # by itself
    assert not banner.isVisible()
    assert "The database answers again after" in text(window, "messageLabel")
    assert is_on(window, "stopAction")


def test_spark_out_of_reach_is_noticed_without_a_change(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = running(spark=away("refused"), phase="lost_contact")
    qtbot.waitUntil(lambda: found(window, QWidget, "sparkBanner").isVisible(), timeout=5000)
    assert "“flights” may be going on" in text(window, "sparkBannerLabel")
    assert text(window, "statusLabel") == "Lost contact · flights"
    assert is_on(window, "stopAction")
    backend.controller.status = running()
    qtbot.waitUntil(lambda: not found(window, QWidget, "sparkBanner").isVisible(), timeout=5000)
    assert "The Spark server answers again" in text(window, "messageLabel")


def test_while_everything_hangs_the_window_works_and_closes(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = running()
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    backend.controller.let_refresh.clear()
    backend.controller.let_act.clear()
    QTest.keyClick(window, Qt.Key.Key_F5)
    click(window, "stopAction")
    qtbot.waitUntil(lambda: bool(backend.controller.calls))
    window.resize(700, 500)
    qtbot.waitUntil(lambda: window.width() == 700)
    window.close_now()
    assert not window.isVisible()
    assert backend.subscriptions[0].closed.wait(5)
