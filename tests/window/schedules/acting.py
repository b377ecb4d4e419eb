"""What people do in the schedules' dialog."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from pipeline_gui.configurations.owner import Configurations
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.schedules.owner import Schedules
from pipeline_gui.store.store import open_store
from pipeline_gui.window.schedules.dialog import SchedulesDialog
from tests.window.finding import found, text

HOURLY = {"name": "hourly", "configuration": "flights", "every_minutes": 60}


class People:
    """Two operators on one database."""

    def __init__(self, database: str) -> None:
        self.stores = [open_store(database, application_name="tests", max_connections=2) for _ in range(2)]
        actors = [Actor(user, "ops", "window") for user in ("ana", "ben")]
        self.configurations = Configurations(self.stores[0].configurations, self.stores[0], actors[0])
        self.ana, self.ben = (
            Schedules(store.schedules, self.configurations, actor)
            for store, actor in zip(self.stores, actors, strict=True)
        )


def click(dialog: SchedulesDialog, name: str) -> None:
    QTest.mouseClick(found(dialog, QPushButton, name), Qt.MouseButton.LeftButton)


def typed(dialog: SchedulesDialog, name: str, words: str) -> None:
    line = found(dialog, QLineEdit, name)
    line.selectAll()
    QTest.keyClicks(line, words)


def chosen(dialog: SchedulesDialog, qtbot: QtBot) -> None:
    box = found(dialog, QListWidget, "scheduleList")
    QTest.mouseClick(box.viewport(), Qt.MouseButton.LeftButton, pos=box.visualItemRect(box.item(0)).center())
    dialog.read()  # it was chosen before, and may be another by now
    qtbot.waitUntil(lambda: dialog._gateway.busy_threads == 0)
    QCoreApplication.processEvents()
    assert found(dialog, QLineEdit, "scheduleName").text() == "hourly"


def said(dialog: SchedulesDialog) -> str:
    return text(dialog, "scheduleMessage")
