"""The configurations' dialog by clicks and keys, on a real database, with a second operator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.configurations.owner import Configurations, NamedConfiguration
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.store import open_store
from pipeline_gui.window.configurations.dialog import ConfigurationsDialog
from pipeline_gui.window.gateway import Gateway
from tests.window.finding import found, text

VALUES = {"name": "etl", "file": "/srv/etl.py", "args": ["--day", "2026-11-23"], "conf": {"spark.ui.enabled": "false"}}


@pytest.fixture
def shared(database: str) -> Iterator[tuple[Configurations, Configurations]]:
    """The configurations of two operators on one database; one is saved."""
    stores = [open_store(database, application_name="tests", max_connections=2) for _ in range(2)]
    ana, ben = (
        Configurations(store.configurations, store, Actor(user, "ops", "window"))
        for store, user in zip(stores, ("ana", "ben"), strict=True)
    )
    ana.create(VALUES)
    yield ana, ben
    for store in stores:
        store.close()


@pytest.fixture
def dialog(
    shared: tuple[Configurations, Configurations], gateway: Gateway, qtbot: QtBot
) -> Iterator[ConfigurationsDialog]:
    made = ConfigurationsDialog(gateway, shared[0])
    made.show()
    qtbot.waitUntil(lambda: found(made, QListWidget).count() > 1)
    choose(made, "etl", qtbot)
    yield made
    if shiboken6.isValid(made):
        shiboken6.delete(made)


def choose(dialog: ConfigurationsDialog, name: str, qtbot: QtBot) -> None:
    box = found(dialog, QListWidget)
    row = next(row for row in range(box.count()) if box.item(row).text() == name)
    QTest.mouseClick(box.viewport(), Qt.MouseButton.LeftButton, pos=box.visualItemRect(box.item(row)).center())
    shown = name.removesuffix(" (sample)")
    qtbot.waitUntil(lambda: line(dialog, "name").text() == shown)


def line(dialog: ConfigurationsDialog, key: str) -> QLineEdit:
    return found(dialog, QLineEdit, f"field_{key}")


def lines(dialog: ConfigurationsDialog, key: str) -> QPlainTextEdit:
    return found(dialog, QPlainTextEdit, f"field_{key}")


def button(dialog: ConfigurationsDialog, name: str) -> QPushButton:
    return found(dialog, QPushButton, name)


def press(dialog: ConfigurationsDialog, name: str) -> None:
    assert button(dialog, name).isEnabled()
    QTest.mouseClick(button(dialog, name), Qt.MouseButton.LeftButton)


def retype(dialog: ConfigurationsDialog, key: str, text_: str) -> None:
    line(dialog, key).selectAll()
    QTest.keyClicks(line(dialog, key), text_)


def said(dialog: ConfigurationsDialog) -> str:
    return text(dialog, "configurationMessage")


def answer(dialog: ConfigurationsDialog, name: str, qtbot: QtBot, title: str) -> None:
    box = next(box for box in dialog.findChildren(QMessageBox, name) if box.isVisible())
    chosen = next(button for button in box.buttons() if button.text().replace("&", "") == title)
    QTest.mouseClick(chosen, Qt.MouseButton.LeftButton)


Shared = tuple[Configurations, Configurations]


def test_what_is_saved_is_shown_with_its_command(dialog: ConfigurationsDialog) -> None:
    assert lines(dialog, "args").toPlainText() == "--day\n2026-11-23"
    assert lines(dialog, "conf").toPlainText() == "spark.ui.enabled=false"
    press(dialog, "copyCommandButton")
    expected = "spark-submit --name etl --conf spark.ui.enabled=false /srv/etl.py --day 2026-11-23"
    assert QGuiApplication.clipboard().text() == expected
    assert not button(dialog, "saveButton").isEnabled()


def test_a_change_is_saved_for_all(dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot) -> None:
    retype(dialog, "driver_memory", "2g")
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved “etl”"))
    assert shared[1].show("etl").values == {**VALUES, "driver_memory": "2g"}


def test_what_is_wrong_stands_beside_the_field_as_one_types(dialog: ConfigurationsDialog) -> None:
    retype(dialog, "driver_memory", "much")
    assert "driver_memory" in text(dialog, "error_driver_memory")
    assert not button(dialog, "saveButton").isEnabled()
    assert found(dialog, QPlainTextEdit, "commandPreview").toPlainText() == ""
    retype(dialog, "driver_memory", "2g")
    assert text(dialog, "error_driver_memory") == ""
    assert button(dialog, "saveButton").isEnabled()
    lines(dialog, "conf").setPlainText("spark.app.password=hunter2")
    assert "${secret:" in text(dialog, "error_conf")
    lines(dialog, "conf").setPlainText("spark.app.password=${secret:db}")
    assert button(dialog, "saveButton").isEnabled()


def test_who_comes_second_is_told_and_keeps_both_changes(
    dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot
) -> None:
    retype(dialog, "driver_memory", "2g")
    seen = shared[1].show("etl")
    assert seen.entry.version is not None
    shared[1].save({**VALUES, "queue": "night"}, seen.entry.version)
    press(dialog, "saveButton")
    note = found(dialog, QFrame, "conflictNote")
    qtbot.waitUntil(note.isVisible)
    assert "changed meanwhile by ben" in text(dialog, "conflictText")
    assert "queue: not set → night" in text(dialog, "conflictText")
    assert "driver_memory" not in shared[1].show("etl").values, "something was overwritten"
    line(dialog, "driver_memory").setFocus()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(button(dialog, "saveButton").isEnabled)
    assert line(dialog, "driver_memory").text() == "2g", "Enter chose what nobody chose"
    press(dialog, "mergeButton")
    assert line(dialog, "queue").text() == "night"
    assert line(dialog, "driver_memory").text() == "2g"
    assert not note.isVisible()
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved"))
    assert shared[1].show("etl").values == {**VALUES, "queue": "night", "driver_memory": "2g"}


def test_who_comes_second_may_take_theirs(dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot) -> None:
    retype(dialog, "queue", "day")
    seen = shared[1].show("etl")
    assert seen.entry.version is not None
    shared[1].save({**VALUES, "queue": "night"}, seen.entry.version)
    press(dialog, "saveButton")
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)
    press(dialog, "theirsButton")
    assert line(dialog, "queue").text() == "night"
    assert not button(dialog, "saveButton").isEnabled()


def test_what_somebody_deleted_can_be_kept_as_a_new_one(
    dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot
) -> None:
    retype(dialog, "queue", "day")
    seen = shared[1].show("etl")
    assert seen.entry.version is not None
    shared[1].delete(seen.entry.version)
    press(dialog, "saveButton")
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)
    assert "deleted by ben" in text(dialog, "conflictText")
    press(dialog, "mergeButton")
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved"))
    assert shared[1].show("etl").values == {**VALUES, "queue": "day"}


def test_a_sample_is_read_only_and_can_be_duplicated(
    dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot
) -> None:
    choose(dialog, "flights (sample)", qtbot)
    assert line(dialog, "name").isReadOnly()
    assert not button(dialog, "deleteButton").isEnabled()
    press(dialog, "duplicateButton")
    assert line(dialog, "name").text() == "flights (copy)"
    assert not line(dialog, "name").isReadOnly()
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved “flights (copy)”"))
    assert "flights (copy)" in shared[1].names()


def test_a_new_one_a_rename_and_a_taken_name(dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot) -> None:
    press(dialog, "newButton")
    assert not button(dialog, "saveButton").isEnabled()
    retype(dialog, "name", "ETL")
    retype(dialog, "file", "/srv/other.py")
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: "of this name already" in said(dialog))
    assert line(dialog, "file").text() == "/srv/other.py", "what was typed is lost"
    retype(dialog, "name", "other")
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved “other”"))
    retype(dialog, "name", "renamed")
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved “renamed”"))
    assert {"etl", "renamed"} <= set(shared[1].names())
    assert "other" not in shared[1].names()


@pytest.mark.parametrize("is_found", [True, False])
def test_a_late_answer_about_another_one_is_dropped(
    dialog: ConfigurationsDialog,
    shared: Shared,
    gateway: Gateway,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    is_found: bool,
) -> None:
    qtbot.waitUntil(lambda: gateway.busy_threads == 0)
    asked, gate, show = threading.Event(), threading.Event(), shared[0].show

    def slow(name: object) -> NamedConfiguration:
        asked.set()
        assert gate.wait(10)
        return show(name if is_found else "nobody's")

    monkeypatch.setattr(shared[0], "show", slow)
    dialog.read("flights")
    qtbot.waitUntil(asked.is_set)
    press(dialog, "newButton")
    gate.set()
    qtbot.waitUntil(lambda: gateway.busy_threads == 0)
    QCoreApplication.processEvents()
    assert (line(dialog, "name").text(), said(dialog)) == ("", "")


def test_deleting_asks_first(dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot) -> None:
    press(dialog, "deleteButton")
    answer(dialog, "deleteQuestion", qtbot, "Delete")
    qtbot.waitUntil(lambda: said(dialog) == "Deleted “etl”.")
    assert "etl" not in shared[1].names()


def test_what_was_edited_is_not_lost_without_a_question(
    dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot
) -> None:
    retype(dialog, "queue", "day")
    dialog.close()
    assert dialog.isVisible()
    answer(dialog, "configurationEditsQuestion", qtbot, "Cancel")
    assert line(dialog, "queue").text() == "day"
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    answer(dialog, "configurationEditsQuestion", qtbot, "Give it up")
    qtbot.waitUntil(lambda: not shiboken6.isValid(dialog) or not dialog.isVisible())
    assert "queue" not in shared[1].show("etl").values


def test_somebody_elses_change_appears_unless_one_edits(
    dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot
) -> None:
    seen = shared[1].show("etl")
    assert seen.entry.version is not None
    second = shared[1].save({**VALUES, "queue": "night"}, seen.entry.version)
    dialog.read()
    qtbot.waitUntil(lambda: line(dialog, "queue").text() == "night")
    retype(dialog, "queue", "mine")
    assert second.entry.version is not None
    shared[1].save({**VALUES, "queue": "theirs"}, second.entry.version)
    dialog.read()
    qtbot.waitUntil(lambda: found(dialog, QListWidget).count() > 1)
    assert line(dialog, "queue").text() == "mine"


def test_a_file_goes_out_and_comes_in(
    dialog: ConfigurationsDialog, shared: Shared, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "etl.toml"
    dialog.export_file(file)
    qtbot.waitUntil(lambda: said(dialog).startswith("Exported to"))
    file.write_text(file.read_text().replace('"etl"', '"from a file"'))
    dialog.import_file(file)
    qtbot.waitUntil(lambda: line(dialog, "name").text() == "from a file")
    press(dialog, "saveButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Saved “from a file”"))
    expected: dict[str, Any] = {**VALUES, "name": "from a file"}
    assert shared[1].show("from a file").values == expected
    assert found(dialog, QLabel, "configurationMessage").isVisible()
