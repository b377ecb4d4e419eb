"""What Start starts: saved configurations, samples, files, and past runs again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLineEdit,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.configurations.owner import Entry, Version
from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.window.main_window import MainWindow
from tests.window.conftest import OpenWindow
from tests.window.finding import action, click, found, has_read, is_on, table, text
from tests.window.stand_in import StandInBackend, run, running

# --- what is started -------------------------------------------------------------------------------------------------


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
