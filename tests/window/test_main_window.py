"""The window by clicks and keys, on a backend without servers: what it shows comes from the record."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.configurations.owner import Entry, Version
from pipeline_gui.pipeline.answers import OverviewAnswer, StatusAnswer
from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.table.columns import Column
from tests.window.conftest import OpenWindow
from tests.window.finding import action, cell, click, found, has_read, is_on, selected, session, table, text
from tests.window.screenshots import dark_palette
from tests.window.stand_in import StandInBackend, away, idle, run, running, unknown


@pytest.fixture
def window(open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot) -> MainWindow:
    """A window that has read the record once."""
    made = open_window(backend)
    qtbot.waitUntil(lambda: has_read(made))
    return made


# --- which runs are shown -------------------------------------------------------------------------------------------


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


# --- what is started ------------------------------------------------------------------------------------------------


def saved(name: str, number: int = 1) -> Entry:
    return Entry(name, None, Version(number, 1), "ben@ops-1")


def test_saved_configurations_are_offered_and_follow_others_changes(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    assert window.box.currentText() == "flights"
    backend.configurations.saved = [saved("etl"), saved("night", 2)]
    backend.subscriptions[0].tell_configurations()
    qtbot.waitUntil(lambda: window.box.findText("night") >= 0)
    assert window.box.currentText() == "flights", "another one is chosen than the person chose"
    window.box.setCurrentText("night")
    backend.configurations.saved = [saved("etl"), saved("late", 2)]  # renamed
    backend.subscriptions[0].tell_configurations()
    qtbot.waitUntil(lambda: window.box.currentText() == "late")
    click(window, "startAction")
    qtbot.waitUntil(lambda: backend.controller.calls == [("start", {"configuration": "late"})])


def test_what_somebody_deleted_is_not_replaced_by_something_else_to_start(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.configurations.saved = [saved("etl")]
    backend.subscriptions[0].tell_configurations()
    qtbot.waitUntil(lambda: window.box.findText("etl") >= 0)
    window.box.setCurrentText("etl")
    backend.configurations.saved = []
    backend.subscriptions[0].tell_configurations()
    qtbot.waitUntil(lambda: window.box.findText("etl") < 0)
    assert window.box.choice is None
    assert not is_on(window, "startAction")
    assert "Choose a pipeline" in action(window, "startAction").toolTip()
    window.box.setCurrentText("flights")
    assert is_on(window, "startAction")


def test_configurations_are_read_again_when_the_database_is_back(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.configurations.raises = StoreUnavailable("The database does not answer.")
    window = open_window(backend)
    qtbot.waitUntil(lambda: has_read(window))
    backend.configurations.raises = None
    backend.configurations.saved = [saved("etl")]
    backend.change()
    qtbot.waitUntil(lambda: window.box.findText("etl") >= 0)


def test_a_past_run_is_run_again_as_it_was(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    assert not is_on(window, "againAction")
    backend.controller.runs = [run("flights-1", "completed")]
    backend.change()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 1)
    table(window).selectRow(0)
    assert is_on(window, "againAction")
    action(window, "againAction").trigger()
    qtbot.waitUntil(lambda: backend.controller.calls == [("start", {"again": "flights-1"})])
    backend.controller.status = running("flights-2")
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    assert not is_on(window, "againAction")


def test_a_sample_is_started_with_changes_for_one_run(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    action(window, "changedAction").trigger()
    qtbot.waitUntil(lambda: window.findChild(QDialog, "startWithChanges") is not None)
    dialog = found(window, QDialog, "startWithChanges")
    memory = found(dialog, QLineEdit, "field_driver_memory")
    go = found(dialog, QPushButton, "startChangedButton")
    QTest.keyClicks(memory, "much")
    assert not go.isEnabled()
    memory.selectAll()
    QTest.keyClicks(memory, "3g")
    QTest.mouseClick(go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(backend.controller.calls) == 1)
    started = backend.controller.calls[0][1]
    assert (started["name"], started["driver_memory"]) == ("flights", "3g")


# --- the first look --------------------------------------------------------------------------------------------------


def test_before_the_record_is_read_nothing_can_be_pressed(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.let_refresh.clear()
    window = open_window(backend)
    assert not is_on(window, "startAction")
    assert not is_on(window, "stopAction")
    assert "being read" in action(window, "startAction").toolTip()
    assert text(window, "emptyTitle") == "Reading the runs…"
    backend.controller.let_refresh.set()
    qtbot.waitUntil(lambda: is_on(window, "startAction"))


def test_with_nothing_recorded_it_says_what_to_do(window: MainWindow) -> None:
    assert text(window, "statusLabel") == "Idle"
    assert "press Start" in text(window, "emptyText")
    assert found(window, QLabel, "emptyTitle").isVisible()
    assert is_on(window, "startAction")
    assert not is_on(window, "stopAction")
    assert "No pipeline is running" in action(window, "stopAction").toolTip()


def test_it_watches_and_listens(window: MainWindow, backend: StandInBackend) -> None:
    assert backend.watching
    assert len(backend.subscriptions) == 1
    assert "live" in text(window, "connectionLabel")
    assert "database: connected" in found(window, QLabel, "connectionLabel").accessibleName()


def test_the_samples_can_be_chosen(window: MainWindow) -> None:
    box = found(window, QComboBox, "configurationBox")
    names = [box.itemText(i) for i in range(box.count()) if box.itemText(i)]
    assert names == ["flights", "stream_events", "broken", "Open a file…"]


def test_shortcuts(window: MainWindow) -> None:
    keys = {name: action(window, name).shortcut().toString() for name in ("startAction", "stopAction", "refreshAction")}
    assert keys == {"startAction": "Ctrl+R", "stopAction": "Ctrl+.", "refreshAction": "F5"}


# --- actions ---------------------------------------------------------------------------------------------------------


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


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_opened_and_started(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "nightly.toml"
    file.write_text('name = "nightly"\nfile = "job.py"\n')
    window.open_configuration(str(file))
    box = found(window, QComboBox, "configurationBox")
    qtbot.waitUntil(lambda: box.currentText() == "nightly")
    file.write_text('name = "nightly"\nfile = "job2.py"\n')  # edited since: what the file says now is what starts
    click(window, "startAction")
    qtbot.waitUntil(lambda: bool(backend.controller.calls))
    assert backend.controller.calls[0][1]["file"] == str(tmp_path / "job2.py")


@pytest.mark.parametrize(("name", "content"), [("missing.toml", None), ("bad.toml", "name = ")])
def test_a_file_that_is_wrong_is_refused_in_words(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, name: str, content: str | None
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    window.open_configuration(str(file))
    qtbot.waitUntil(lambda: name in text(window, "messageLabel"))
    assert found(window, QComboBox, "configurationBox").currentText() == "flights"


def test_the_last_entry_lets_choose_a_file(window: MainWindow, qtbot: QtBot) -> None:
    box = found(window, QComboBox, "configurationBox")
    box.setFocus()
    for _ in range(5):
        QTest.keyClick(box, Qt.Key.Key_Down)  # passing by it opens nothing
    assert window.findChild(QDialog, "openDialog") is None
    assert box.currentText() == "broken"
    box.setCurrentIndex(box.count() - 1)
    dialog = found(window, QDialog, "openDialog")
    assert dialog.isVisible()
    assert box.currentText() == "broken"
    dialog.reject()


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
    backend.controller.status = running(progress={"text": "stream batch 7 · 250 rows/s in", "batch_number": 7})
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


# --- closing ---------------------------------------------------------------------------------------------------------


def test_closing_while_idle_asks_nothing(window: MainWindow, backend: StandInBackend) -> None:
    window.close()
    assert not window.isVisible()
    assert backend.subscriptions[0].closed.wait(5)


def test_closing_during_a_run_says_that_it_goes_on(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.status = running()
    backend.change()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"))
    window.close()
    question = found(window, QMessageBox, "closeQuestion")
    assert "goes on" in question.text()
    question.reject()
    assert window.isVisible()
    window.close()
    question = window.findChildren(QMessageBox, "closeQuestion")[-1]
    QTest.mouseClick(question.defaultButton(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert backend.controller.calls == []


def test_a_change_heard_after_the_window_is_gone_is_dropped(
    open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot, qapp: QApplication
) -> None:
    window = open_window(backend)
    qtbot.waitUntil(lambda: has_read(window))
    gateway = session(window).gateway
    shiboken6.delete(window)
    backend.change()
    qapp.processEvents()
    assert backend.subscriptions[0].closed.wait(5)
    assert gateway.close(10)


# --- looks -----------------------------------------------------------------------------------------------------------


def test_a_change_of_theme_is_followed(
    window: MainWindow, backend: StandInBackend, qapp: QApplication, qtbot: QtBot
) -> None:
    backend.controller.runs = [run("old-1", "failed")]
    backend.change()
    qtbot.waitUntil(lambda: window.page.model.rowCount() == 1)
    before = window.page.model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole)
    light = QPalette(qapp.palette())
    try:
        qapp.setPalette(dark_palette())
        qtbot.waitUntil(lambda: window.page.model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole) != before)
        ground = window.grab().toImage().pixelColor(window.width() // 2, window.height() - 120)
        assert ground.lightness() < 100
    finally:
        qapp.setPalette(light)


def test_the_name_of_the_system_is_shown(open_window: OpenWindow, qtbot: QtBot) -> None:
    backend = StandInBackend(
        name="production", color="#8a1538", database_url="postgresql://u:secret@db/ops", spark_url="http://s"
    )
    window = open_window(backend)
    assert window.windowTitle() == "Pipelines · production"
    assert text(window, "systemBadge") == "production"
    assert "secret" not in found(window, QLabel, "systemBadge").toolTip()
    qtbot.waitUntil(lambda: has_read(window))


def test_a_long_message_does_not_widen_the_window(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.controller.answer = {"success": False, "run_id": None, "message": "no " * 2000, "reason": "refused"}
    width = window.minimumSizeHint().width()
    click(window, "startAction")
    qtbot.waitUntil(lambda: text(window, "messageLabel").startswith("no no"))
    assert len(text(window, "messageLabel")) <= 600
    assert window.minimumSizeHint().width() == width
