"""The schedules' dialog of one operator, with one schedule, and a second operator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.schedules.dialog import SchedulesDialog
from tests.window.finding import found
from tests.window.schedules.acting import HOURLY, People


@pytest.fixture
def people(database: str) -> Iterator[People]:
    made = People(database)
    made.ana.create(HOURLY)
    yield made
    for store in made.stores:
        store.close()


@pytest.fixture
def dialog(people: People, gateway: Gateway, qtbot: QtBot) -> Iterator[SchedulesDialog]:
    made = SchedulesDialog(gateway, people.ana, people.configurations)
    made.show()
    qtbot.waitUntil(lambda: found(made, QListWidget, "scheduleList").count() == 1)
    yield made
    if shiboken6.isValid(made):
        shiboken6.delete(made)
