"""The schedules' dialog beside a second operator, a database that goes away, and answers that come late."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.pipeline.schedule import Decided, Schedule
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.schedules.dialog import SchedulesDialog
from tests.window.finding import found, text
from tests.window.schedules.acting import HOURLY, People, chosen, click, said, typed


def is_on(dialog: SchedulesDialog, part: str) -> bool:
    return found(dialog, QPushButton, f"{part}ScheduleButton").isEnabled()


def save_over_theirs(dialog: SchedulesDialog, qtbot: QtBot) -> None:
    """Give it another name, and come second."""
    typed(dialog, "scheduleName", "weekly")
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)


# --- a second operator ----------------------------------------------------------------------------------------------


def test_who_comes_second_is_told_what_and_nothing_is_overwritten(
    dialog: SchedulesDialog, people: People, qtbot: QtBot
) -> None:
    chosen(dialog, qtbot)
    people.ben.change("hourly", {"every_minutes": 30, "is_enabled": False})
    save_over_theirs(dialog, qtbot)
    assert text(dialog, "conflictText") == (
        "“hourly” was changed meanwhile by ben@ops.\n  Minutes: 60 → 30\n  Paused: no → yes"
    )
    assert people.ana.show("hourly").plan.every_minutes == 30
    assert found(dialog, QLineEdit, "scheduleName").text() == "weekly"
    assert not is_on(dialog, "save")
    click(dialog, "theirsButton")
    assert not found(dialog, QFrame, "conflictNote").isVisible()
    assert found(dialog, QLineEdit, "scheduleName").text() == "hourly"
    assert found(dialog, QSpinBox, "scheduleMinutes").value() == 30
    assert not is_on(dialog, "revert")


def test_revert_shows_theirs(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.change("hourly", {"every_minutes": 30})
    save_over_theirs(dialog, qtbot)
    click(dialog, "revertScheduleButton")
    assert found(dialog, QSpinBox, "scheduleMinutes").value() == 30
    assert "every 30 min" in found(dialog, QListWidget, "scheduleList").item(0).text()


def test_what_was_typed_is_saved_knowingly_over_theirs(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.change("hourly", {"every_minutes": 30})
    save_over_theirs(dialog, qtbot)
    click(dialog, "mergeButton")
    assert found(dialog, QLineEdit, "scheduleName").text() == "weekly"
    assert found(dialog, QSpinBox, "scheduleMinutes").value() == 30
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “weekly” for all operators.")
    assert people.ben.show("weekly").plan.every_minutes == 30


def test_other_times_than_theirs_are_not_mixed_with_them(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.change("hourly", {"cron": "0 2 * * *", "zone": "Europe/Berlin"})
    found(dialog, QSpinBox, "scheduleMinutes").setValue(45)
    save_over_theirs(dialog, qtbot)
    click(dialog, "mergeButton")
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “weekly” for all operators.")
    plan = people.ben.show("weekly").plan
    assert (plan.cron, plan.every_minutes, plan.zone) == (None, 45, "Europe/Berlin")


def test_what_somebody_deleted_can_be_kept_as_a_new_one(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.delete("hourly")
    save_over_theirs(dialog, qtbot)
    assert text(dialog, "conflictText") == "“hourly” was deleted meanwhile."
    click(dialog, "mergeButton")
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “weekly” for all operators.")
    assert [one.name for one in people.ben.all()] == ["weekly"]


def test_a_refused_pause_shows_what_is_there_now(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.change("hourly", {"every_minutes": 30})
    click(dialog, "pauseScheduleButton")
    qtbot.waitUntil(lambda: "Minutes: 60 → 30" in said(dialog))
    assert "by ben@ops. Nothing was done; this is how it is now." in said(dialog)
    assert found(dialog, QSpinBox, "scheduleMinutes").value() == 30
    click(dialog, "pauseScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Paused “hourly”.")


def test_a_change_beside_what_is_typed_is_told_before_it_is_saved(
    dialog: SchedulesDialog, people: People, qtbot: QtBot
) -> None:
    chosen(dialog, qtbot)
    typed(dialog, "scheduleName", "weekly")
    people.ben.change("hourly", {"every_minutes": 30})
    dialog.read_again()
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)
    assert found(dialog, QLineEdit, "scheduleName").text() == "weekly"


# --- the database goes away -----------------------------------------------------------------------------------------


@pytest.fixture
def away(people: People, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, nothing can be read."""
    is_away, read, previewed, decided = threading.Event(), people.ana.all, people.ana.preview, people.ana.decided

    def reading() -> list[Schedule]:
        if is_away.is_set():
            raise StoreUnavailable("The database can't be reached.")
        return read()

    def previewing(values: Mapping[str, Any], count: int = 5) -> list[datetime]:
        if is_away.is_set():
            raise StoreUnavailable("The database can't be reached.")
        return previewed(values, count)

    def deciding(name: str, limit: int = 50) -> list[Decided]:
        if is_away.is_set():
            raise StoreUnavailable("The database can't be reached.")
        return decided(name, limit)

    monkeypatch.setattr(people.ana, "decided", deciding)
    monkeypatch.setattr(people.ana, "all", reading)
    monkeypatch.setattr(people.ana, "preview", previewing)
    return is_away


def test_a_list_that_cannot_be_read_after_a_save_is_read_later(
    dialog: SchedulesDialog, people: People, away: threading.Event, qtbot: QtBot
) -> None:
    chosen(dialog, qtbot)
    typed(dialog, "scheduleName", "weekly")
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    away.set()
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “weekly” for all operators. The database can't be reached.")
    assert [is_on(dialog, part) for part in ("save", "revert", "delete", "pause")] == [False, False, True, True]
    typed(dialog, "scheduleName", "daily")
    away.clear()
    dialog.read_again()
    qtbot.waitUntil(lambda: "weekly" in found(dialog, QListWidget, "scheduleList").item(0).text())
    assert said(dialog) == "Saved “weekly” for all operators."
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “daily” for all operators.")


def test_times_that_could_not_be_computed_are_asked_for_again(
    dialog: SchedulesDialog, away: threading.Event, qtbot: QtBot
) -> None:
    chosen(dialog, qtbot)
    away.set()
    typed(dialog, "scheduleName", "weekly")
    qtbot.waitUntil(lambda: text(dialog, "scheduleNext") == "The database can't be reached.")
    away.clear()
    dialog.read_again()
    qtbot.waitUntil(lambda: is_on(dialog, "save"))


# --- answers that come late -----------------------------------------------------------------------------------------


def test_an_answer_about_older_text_does_not_let_the_newer_be_saved(
    dialog: SchedulesDialog, people: People, gateway: Gateway, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(dialog, qtbot)
    asked, gate, preview = threading.Event(), threading.Event(), people.ana.preview

    def slow(values: Mapping[str, Any], count: int = 5) -> list[datetime]:
        asked.set()
        assert gate.wait(10)
        return preview(values, count)

    monkeypatch.setattr(people.ana, "preview", slow)
    typed(dialog, "scheduleFrom", "2026-12-24")
    qtbot.waitUntil(asked.is_set)
    typed(dialog, "scheduleFrom", "soon")
    dialog._typed.stop()  # as if the answer came before it is asked again
    gate.set()
    qtbot.waitUntil(lambda: gateway.busy_threads == 0)
    QCoreApplication.processEvents()
    assert not is_on(dialog, "save")


def test_what_is_typed_while_it_is_saved_stays(
    dialog: SchedulesDialog, people: People, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(dialog, qtbot)
    gate, change = threading.Event(), people.ana.change

    def slow(*arguments: Any) -> Schedule:
        assert gate.wait(10)
        return change(*arguments)

    monkeypatch.setattr(people.ana, "change", slow)
    typed(dialog, "scheduleName", "weekly")
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    click(dialog, "saveScheduleButton")
    typed(dialog, "scheduleName", "daily")
    gate.set()
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    assert found(dialog, QLineEdit, "scheduleName").text() == "daily"
    assert [one.name for one in people.ben.all()] == ["weekly"]


def test_to_save_a_new_one_asks_nothing(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    """The button that was pressed goes off, and the list gets the focus: nobody has chosen another one."""
    click(dialog, "newScheduleButton")
    for part, words in (("scheduleName", "weekly"), ("scheduleCron", "0 3 * * *")):
        typed(dialog, part, words)
    dialog._form._configuration.setEditText(HOURLY["configuration"])  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: is_on(dialog, "save"))
    found(dialog, QPushButton, "saveScheduleButton").setFocus()
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: found(dialog, QListWidget, "scheduleList").count() == 2)
    assert not dialog._is_asking
