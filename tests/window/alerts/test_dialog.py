"""The alerts' dialog by clicks and keys, on a real database, with a second operator and a service that delivers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QLineEdit, QListWidget, QMessageBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from pipeline_gui.alerts.owner import Alerts
from pipeline_gui.configurations.owner import Configurations
from pipeline_gui.pipeline.alert import Condition, NotDelivered
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.store import open_store
from pipeline_gui.window.alerts.dialog import AlertsDialog
from pipeline_gui.window.alerts.form import condition_titles
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.hinted_list import HintedList
from tests.alerts.test_delivering import Office
from tests.window.finding import found, text

NIGHT = {"name": "night", "condition": "failed", "receiver": "ops"}


class People:
    """Two operators on one database, and a service that is or is not there."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.stores = [open_store(database, application_name="tests", max_connections=2) for _ in range(2)]
        actors = [Actor(user, "ops", "window") for user in ("ana", "ben")]
        self.configurations = Configurations(self.stores[0].configurations, self.stores[0], actors[0])
        self.ana, self.ben = (
            Alerts(store.alerts, store, actor) for store, actor in zip(self.stores, actors, strict=True)
        )
        self.office = Office(database)
        self._closing = threading.Event()
        self._service: threading.Thread | None = None

    def serve(self) -> None:
        """Let the service deliver from now on."""
        self.office.deliverer.be_present()

        def work() -> None:
            while not self._closing.wait(0.05):
                self.office.deliver()

        self._service = threading.Thread(target=work)
        self._service.start()

    def close(self) -> None:
        self._closing.set()
        if self._service is not None:
            self._service.join(10)
        for store in (*self.stores, self.office.store):
            store.close()

    def end_run(self, run_id: str, status: str, seconds: float = 600) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO pipeline_runs (run_id, status, start_time, metadata) VALUES (%s, 'running', now(), "
                """'{"configuration": {"name": "flights"}}')""",
                [run_id],
            )
            connection.execute(
                "UPDATE pipeline_runs SET status = %s, duration = %s, end_time = now() WHERE run_id = %s",
                [status, seconds, run_id],
            )


@pytest.fixture
def people(database: str) -> Iterator[People]:
    made = People(database)
    made.ana.create(NIGHT)
    yield made
    made.close()


@pytest.fixture
def dialog(people: People, gateway: Gateway, qtbot: QtBot) -> Iterator[AlertsDialog]:
    made = AlertsDialog(gateway, people.ana, people.configurations)
    made.show()
    qtbot.waitUntil(lambda: found(made, QListWidget, "alertList").count() == 1)
    yield made
    if shiboken6.isValid(made):
        shiboken6.delete(made)


def click(dialog: AlertsDialog, name: str) -> None:
    QTest.mouseClick(found(dialog, QPushButton, name), Qt.MouseButton.LeftButton)


def typed(dialog: AlertsDialog, name: str, words: str) -> None:
    line = found(dialog, QLineEdit, name)
    line.selectAll()
    QTest.keyClicks(line, words)


def chosen(dialog: AlertsDialog, qtbot: QtBot) -> None:
    box = found(dialog, QListWidget, "alertList")
    QTest.mouseClick(box.viewport(), Qt.MouseButton.LeftButton, pos=box.visualItemRect(box.item(0)).center())
    dialog.read()  # it was chosen before, and may be another by now
    qtbot.waitUntil(lambda: dialog._gateway.busy_threads == 0)
    QCoreApplication.processEvents()
    assert found(dialog, QLineEdit, "alertName").text() == "night"


def choose_condition(dialog: AlertsDialog, condition: Condition) -> None:
    box = found(dialog, QComboBox, "alertCondition")
    box.setCurrentIndex(box.findData(condition.value))


def said(dialog: AlertsDialog) -> str:
    return text(dialog, "alertMessage")


def test_a_new_one_is_saved_for_all(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    click(dialog, "newAlertButton")
    typed(dialog, "alertName", "late")
    assert not found(dialog, QSpinBox, "alertMinutes").isVisible()
    choose_condition(dialog, Condition.LIMIT)
    assert found(dialog, QSpinBox, "alertMinutes").isVisible()
    found(dialog, QSpinBox, "alertMinutes").setValue(90)
    assert not found(dialog, QPushButton, "saveAlertButton").isEnabled()
    found(dialog, QComboBox, "alertReceiver").setEditText("ops")
    found(dialog, QComboBox, "alertPipeline").setEditText("flights")
    assert not found(dialog, QPushButton, "testAlertButton").isEnabled()
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “late” for all operators.")
    saved = people.ben.show("late")
    assert (saved.condition, saved.minutes, saved.pipeline, saved.receiver) == (Condition.LIMIT, 90, "flights", "ops")
    assert saved.changed_by == "ana@ops"
    qtbot.waitUntil(lambda: found(dialog, QListWidget, "alertList").count() == 2)
    assert found(dialog, QListWidget, "alertList").currentItem().text().startswith("late · a run lasts longer")


def test_what_is_wrong_is_said_and_not_saved(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    click(dialog, "newAlertButton")
    typed(dialog, "alertName", "x")
    found(dialog, QComboBox, "alertReceiver").setEditText("https://hooks.example/secret")
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(lambda: "does not belong here" in said(dialog))
    assert len(people.ben.all()) == 1


def test_whether_anybody_delivers_is_said(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    assert text(dialog, "alertDelivery").startswith("No service is there to deliver")
    click(dialog, "testAlertButton")
    qtbot.waitUntil(lambda: said(dialog).startswith("Not sent: No service is there"))
    people.serve()
    dialog.read()
    qtbot.waitUntil(lambda: text(dialog, "alertDelivery") == "A service is there to deliver.")
    assert found(dialog, QComboBox, "alertReceiver").itemText(0) == "ops"
    found(dialog, QComboBox, "alertReceiver").setEditText("other")
    assert "No service knows a receiver “other”; known: ops." in text(dialog, "alertDelivery")


def test_a_test_shows_the_receivers_own_answer(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    people.serve()
    chosen(dialog, qtbot)
    click(dialog, "testAlertButton")
    assert "send a test to “ops”" in said(dialog)
    qtbot.waitUntil(lambda: said(dialog).startswith("Sent: 250 OK"))
    qtbot.waitUntil(lambda: found(dialog, QPushButton, "testAlertButton").isEnabled())
    people.office.post.error = NotDelivered("535 wrong password")
    click(dialog, "testAlertButton")
    qtbot.waitUntil(lambda: said(dialog) == "Not sent: 535 wrong password")
    messages = found(dialog, QListWidget, "alertMessages")
    wanted = "undelivered  A test of the alert “night”, for ana@ops"
    qtbot.waitUntil(lambda: messages.count() == 2 and wanted in messages.item(0).text())
    assert messages.item(0).text().endswith("535 wrong password")


def test_what_it_told_and_what_is_usual(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    people.end_run("r1", "failed", 764)
    chosen(dialog, qtbot)
    messages = found(dialog, QListWidget, "alertMessages")
    qtbot.waitUntil(lambda: messages.count() == 1)
    assert "waiting  “flights” failed after 12 min 44 s." in messages.item(0).text()
    people.ben.change("night", {"condition": "slow", "pipeline": "flights"})
    dialog.read()
    qtbot.waitUntil(lambda: text(dialog, "alertExpected").startswith("Too few runs of “flights”"))
    for number in range(5):
        people.end_run(f"ok-{number}", "completed")
    dialog.read()
    qtbot.waitUntil(
        lambda: (
            text(dialog, "alertExpected")
            == "“flights” takes usually 10 min 0 s, unusual from 12 min 30 s on (by the last 5 that completed)."
        )
    )


def test_paused_and_resumed(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    click(dialog, "pauseAlertButton")
    qtbot.waitUntil(lambda: found(dialog, QListWidget, "alertList").item(0).text().endswith("(paused)"))
    assert not people.ben.show("night").is_enabled
    typed(dialog, "alertName", "day")
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “day” for all operators.")
    assert not people.ben.show("day").is_enabled
    qtbot.waitUntil(lambda: found(dialog, QPushButton, "pauseAlertButton").isEnabled())
    click(dialog, "pauseAlertButton")
    qtbot.waitUntil(lambda: people.ben.show("day").is_enabled)


def test_who_comes_second_is_told_what_and_goes_on_with_both(
    dialog: AlertsDialog, people: People, qtbot: QtBot
) -> None:
    chosen(dialog, qtbot)
    people.ben.change("night", {"condition": "limit", "minutes": 90})
    typed(dialog, "alertName", "day")
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)
    assert text(dialog, "conflictText") == (
        "“night” was changed meanwhile by ben@ops.\n  When: a run fails → a run lasts longer than so many minutes\n"
        "  Minutes: – → 90"
    )
    assert people.ana.show("night").condition is Condition.LIMIT
    click(dialog, "mergeButton")
    assert found(dialog, QSpinBox, "alertMinutes").value() == 90
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(lambda: said(dialog) == "Saved “day” for all operators.")
    assert (people.ben.show("day").condition, people.ben.show("day").minutes) == (Condition.LIMIT, 90)


def test_what_somebody_renamed_is_found_again(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.change("night", {"name": "nightly"})
    choose_condition(dialog, Condition.ENDED)
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)
    assert "Name: night → nightly" in text(dialog, "conflictText")
    click(dialog, "theirsButton")
    assert found(dialog, QLineEdit, "alertName").text() == "nightly"
    assert not found(dialog, QPushButton, "saveAlertButton").isEnabled()


def test_another_one_of_the_same_name_is_not_overwritten(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    people.ben.delete("night")
    people.ben.create({**NIGHT, "condition": "missed"})
    choose_condition(dialog, Condition.ENDED)
    click(dialog, "saveAlertButton")
    qtbot.waitUntil(found(dialog, QFrame, "conflictNote").isVisible)
    assert text(dialog, "conflictText") == "“night” was deleted meanwhile."
    assert people.ana.show("night").condition is Condition.MISSED


def test_deleted_after_a_question(dialog: AlertsDialog, people: People, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    click(dialog, "deleteAlertButton")
    box = found(dialog, QMessageBox, "deleteAlertQuestion")
    [yes] = [button for button in box.buttons() if button.text() == "Delete"]
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: said(dialog) == "Deleted “night”.")
    assert people.ben.all() == []


def test_what_was_typed_is_not_lost_unasked(dialog: AlertsDialog, qtbot: QtBot) -> None:
    chosen(dialog, qtbot)
    typed(dialog, "alertName", "other")
    dialog.read()
    qtbot.wait(50)
    assert found(dialog, QLineEdit, "alertName").text() == "other"
    click(dialog, "newAlertButton")
    box = found(dialog, QMessageBox, "alertEditsQuestion")
    QTest.mouseClick(box.button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert found(dialog, QLineEdit, "alertName").text() == "other"


@pytest.mark.parametrize("way", ["escape", "button"])
def test_closing_asks_before_what_was_typed_is_lost(dialog: AlertsDialog, qtbot: QtBot, way: str) -> None:
    def close() -> QMessageBox:
        if way == "escape":
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        else:
            dialog.close()
        return next(box for box in dialog.findChildren(QMessageBox, "alertEditsQuestion") if box.isVisible())

    chosen(dialog, qtbot)
    typed(dialog, "alertName", "other")
    QTest.mouseClick(close().button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert found(dialog, QLineEdit, "alertName").text() == "other"
    box = close()
    [yes] = [button for button in box.buttons() if box.buttonRole(button) is QMessageBox.ButtonRole.AcceptRole]
    with qtbot.waitSignal(dialog.finished):
        QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert not shiboken6.isValid(dialog) or not dialog.isVisible()


def test_what_reached_nobody_is_said_also_of_a_deleted_alert(
    dialog: AlertsDialog, people: People, qtbot: QtBot
) -> None:
    assert not found(dialog, QLabel, "alertUndelivered").isVisible()
    people.end_run("r1", "failed")
    with psycopg.connect(people.database, autocommit=True) as connection:
        connection.execute("UPDATE pipeline_alert_messages SET state = 'undelivered', answer = '535 wrong password'")
    people.ben.delete("night")
    dialog.read()
    qtbot.waitUntil(found(dialog, QLabel, "alertUndelivered").isVisible)
    assert text(dialog, "alertUndelivered").startswith(
        "Messages of all alerts that reached nobody: 1. The last one: “night” to “ops”, "
    )
    assert text(dialog, "alertUndelivered").endswith(": 535 wrong password")
    assert found(dialog, HintedList, "alertList").hint == "No alert yet. Fill in the form and save it."
    assert found(dialog, HintedList, "alertMessages").hint == "Nothing yet"


def test_every_condition_has_words() -> None:
    assert set(condition_titles()) == set(Condition)
