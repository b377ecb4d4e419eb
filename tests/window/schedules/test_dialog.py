"""The schedules' dialog by clicks and keys, on a real database, with a second operator."""

from __future__ import annotations

import threading

import psycopg
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QListWidget, QMessageBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import Decided, Outcome
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.hinted_list import HintedList
from pipeline_gui.window.labels import ToneLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.schedules.dialog import SchedulesDialog
from tests.window.finding import found, text
from tests.window.schedules.acting import HOURLY, People, chosen, click, said, typed


def test_a_new_one_shows_its_next_times_before_it_is_saved(
    dialog: SchedulesDialog, people: People, qtbot: QtBot
) -> None:
    click(dialog, "newScheduleButton")
    typed(dialog, "scheduleName", "nightly")
    found(dialog, QComboBox, "scheduleConfiguration").setEditText("flights")
    typed(dialog, "scheduleCron", "0 2 30 2 *")
    qtbot.waitUntil(lambda: "day" in found(dialog, QLabel, "scheduleNext").text())
    assert not found(dialog, QPushButton, "saveScheduleButton").isEnabled()
    typed(dialog, "scheduleCron", "30 2 * * *")
    qtbot.waitUntil(lambda: found(dialog, QLabel, "scheduleNext").text().startswith("Next: "))
    assert found(dialog, QLabel, "scheduleNext").text().count(",") == 4
    qtbot.waitUntil(found(dialog, QPushButton, "saveScheduleButton").isEnabled)
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “nightly” for all operators.")
    saved = people.ben.show("nightly")
    assert (saved.plan.cron, saved.configuration, saved.changed_by) == ("30 2 * * *", "flights", "ana@ops")
    qtbot.waitUntil(lambda: found(dialog, QListWidget, "scheduleList").count() == 2)
    assert found(dialog, QListWidget, "scheduleList").currentItem().text() == "nightly · 30 2 * * *"


def test_how_often_it_is_started_again_is_chosen_and_shown(
    dialog: SchedulesDialog, people: People, qtbot: QtBot
) -> None:
    chosen(dialog, qtbot)
    retries, delay = found(dialog, QSpinBox, "scheduleRetries"), found(dialog, QSpinBox, "scheduleRetryDelay")
    assert retries.text() == "never"
    assert not delay.isVisible()
    retries.setFocus()
    QTest.keyClick(retries, Qt.Key.Key_Up)
    QTest.keyClick(retries, Qt.Key.Key_Up)
    assert (retries.text(), delay.isVisible(), delay.value()) == ("2 times", True, 60)
    delay.selectAll()
    QTest.keyClicks(delay, "300")
    qtbot.waitUntil(found(dialog, QPushButton, "saveScheduleButton").isEnabled)
    click(dialog, "saveScheduleButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “hourly” for all operators.")
    saved = people.ben.show("hourly")
    assert (saved.retries, saved.retry_delay_seconds) == (2, 300)
    qtbot.waitUntil(lambda: retries.value() == 2)


def test_a_start_after_a_failure_is_listed_as_one(
    dialog: SchedulesDialog, people: People, qtbot: QtBot, database: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO pipeline_schedule_firings (schedule_id, due, attempt, outcome, run_id, retry_of) "
            "SELECT schedule_id, now(), 2, 'started', 'etl-2', 'etl-1' FROM pipeline_schedules"
        )
        connection.execute(
            "INSERT INTO pipeline_schedule_firings (schedule_id, due, attempt, outcome, sentence, retry_of) "
            "SELECT schedule_id, now(), 3, 'gave_up', 'It failed 2 times.', 'etl-2' FROM pipeline_schedules"
        )
    chosen(dialog, qtbot)
    decided = found(dialog, QListWidget, "scheduleDecided")
    qtbot.waitUntil(lambda: decided.count() == 2)
    assert decided.item(0).text().endswith("gave up  It failed 2 times.")
    assert decided.item(1).text().endswith("started  attempt 2: etl-2")


def test_whether_an_always_on_service_is_there_is_said(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    assert text(dialog, "scheduleServices").startswith("No always-on service is there")
    people.stores[1].announce_service("s", Actor("pipeline", "srv-7", "service"))
    dialog.read()
    qtbot.waitUntil(lambda: "to start what is due: srv-7 (since " in text(dialog, "scheduleServices"))
    people.stores[1].withdraw_service("s")
    dialog.read()
    qtbot.waitUntil(lambda: text(dialog, "scheduleServices").startswith("No always-on service is there"))


def test_paused_and_resumed(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    click(dialog, "pauseScheduleButton")
    qtbot.waitUntil(lambda: found(dialog, QListWidget, "scheduleList").item(0).text().endswith("(paused)"))
    assert not people.ben.show("hourly").is_enabled
    qtbot.waitUntil(lambda: "Paused" in found(dialog, QLabel, "scheduleNext").text())
    assert found(dialog, QPushButton, "pauseScheduleButton").text() == "&Resume"
    click(dialog, "pauseScheduleButton")
    qtbot.waitUntil(lambda: found(dialog, QLabel, "scheduleNext").text().startswith("Next: "))
    assert people.ben.show("hourly").is_enabled


def test_what_became_of_its_times_is_listed(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    schedule = people.ana.show("hourly")
    due = schedule.upcoming(people.ana.now(), 1)
    actor = Actor("schedule", "ops", "watcher")
    people.stores[0].schedules.decide(schedule, due, Outcome.SKIPPED, "“etl” (etl-1) was running.", actor)
    chosen(dialog, qtbot)
    decided = found(dialog, QListWidget, "scheduleDecided")
    qtbot.waitUntil(lambda: decided.count() == 1)
    assert decided.item(0).text().endswith("skipped  “etl” (etl-1) was running.")


def test_a_late_answer_about_another_one_is_dropped(
    dialog: SchedulesDialog,
    people: People,
    gateway: Gateway,
    qtbot: QtBot,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people.ben.create({**HOURLY, "name": "weekly"})
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO pipeline_schedule_firings (schedule_id, due, attempt, outcome, sentence) "
            "SELECT schedule_id, now(), 1, 'skipped', name FROM pipeline_schedules"
        )
    asked, gate, decided = threading.Event(), threading.Event(), people.ana.decided

    def slow(name: str, limit: int) -> list[Decided]:
        if name == "hourly":
            asked.set()
            assert gate.wait(10)
        return decided(name, limit)

    monkeypatch.setattr(people.ana, "decided", slow)
    box, shown = found(dialog, QListWidget, "scheduleList"), found(dialog, QListWidget, "scheduleDecided")
    dialog.read()
    qtbot.waitUntil(lambda: box.count() == 2)
    box.setCurrentRow(0)
    qtbot.waitUntil(asked.is_set)
    box.setCurrentRow(1)
    qtbot.waitUntil(lambda: shown.count() == 1)
    gate.set()
    qtbot.waitUntil(lambda: gateway.busy_threads == 0)
    QCoreApplication.processEvents()
    assert shown.item(0).text().endswith("weekly")


def test_deleted_after_a_question(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    click(dialog, "deleteScheduleButton")
    box = found(dialog, QMessageBox, "deleteScheduleQuestion")
    [yes] = [button for button in box.buttons() if button.text() == "Delete"]
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: said(dialog) == "Deleted “hourly”.")
    qtbot.waitUntil(lambda: found(dialog, QListWidget, "scheduleList").count() == 0)
    assert people.ben.all() == []


def test_what_was_typed_is_not_lost_unasked(dialog: SchedulesDialog, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    typed(dialog, "scheduleName", "other")
    dialog.read()
    qtbot.wait(50)
    assert found(dialog, QLineEdit, "scheduleName").text() == "other"
    click(dialog, "newScheduleButton")
    box = found(dialog, QMessageBox, "scheduleEditsQuestion")
    QTest.mouseClick(box.button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert found(dialog, QLineEdit, "scheduleName").text() == "other"


@pytest.mark.parametrize("way", ["escape", "button"])
def test_closing_asks_before_what_was_typed_is_lost(dialog: SchedulesDialog, qtbot: QtBot, way: str) -> None:
    def close() -> QMessageBox:
        if way == "escape":
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        else:
            dialog.close()
        return next(box for box in dialog.findChildren(QMessageBox, "scheduleEditsQuestion") if box.isVisible())

    chosen(dialog, qtbot)
    typed(dialog, "scheduleName", "other")
    QTest.mouseClick(close().button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert found(dialog, QLineEdit, "scheduleName").text() == "other"
    box = close()
    [yes] = [button for button in box.buttons() if box.buttonRole(button) is QMessageBox.ButtonRole.AcceptRole]
    with qtbot.waitSignal(dialog.finished):
        QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert not shiboken6.isValid(dialog) or not dialog.isVisible()


# --- how it looks ---------------------------------------------------------------------------------------------------


def test_the_first_one_is_chosen_when_it_opens(dialog: SchedulesDialog) -> None:
    assert found(dialog, QLineEdit, "scheduleName").text() == "hourly"
    assert found(dialog, QListWidget, "scheduleList").currentRow() == 0


def test_one_that_was_begun_meanwhile_stays(people: People, gateway: Gateway, qtbot: QtBot) -> None:
    made = SchedulesDialog(gateway, people.ana, people.configurations)
    made.show()
    click(made, "newScheduleButton")
    qtbot.waitUntil(lambda: found(made, QListWidget, "scheduleList").count() == 1)
    assert found(made, QLineEdit, "scheduleName").text() == ""
    shiboken6.delete(made)


def test_minutes_stand_below_how_the_times_are_given(dialog: SchedulesDialog) -> None:
    kind, minutes = found(dialog, QComboBox, "scheduleKind"), found(dialog, QSpinBox, "scheduleMinutes")
    assert kind.y() < minutes.y() < found(dialog, QComboBox, "scheduleZone").y()
    kind.setFocus()
    QTest.keyClick(kind, Qt.Key.Key_Tab)
    assert minutes.hasFocus()


def test_what_is_wrong_has_the_tone_of_an_error(dialog: SchedulesDialog, qtbot: QtBot) -> None:
    said_below = found(dialog, ToneLabel, "scheduleNext")
    qtbot.waitUntil(lambda: said_below.text().startswith("Next: "))
    assert said_below.tone is None
    found(dialog, QComboBox, "scheduleZone").setEditText("Europe/Nowhere")
    qtbot.waitUntil(lambda: said_below.tone is Tone.BAD)
    assert said_below.text() == "“Europe/Nowhere” is not the name of a zone, as Europe/Berlin or UTC are."
    found(dialog, QComboBox, "scheduleZone").setEditText("UTC")
    qtbot.waitUntil(lambda: said_below.tone is None)


def test_empty_lists_say_what_to_do(dialog: SchedulesDialog, people: People, qtbot: QtBot) -> None:
    names, past = found(dialog, HintedList, "scheduleList"), found(dialog, HintedList, "scheduleDecided")
    qtbot.waitUntil(lambda: past.hint == "Nothing yet")
    assert names.hint == ""
    assert "What became of its times" in [label.text() for label in dialog.findChildren(QLabel)]
    people.ben.delete("hourly")
    dialog.read()
    qtbot.waitUntil(lambda: names.hint == "No schedule yet. Fill in the form and save it.")
    assert names.accessibleDescription() == names.hint
