"""What Start starts: the team's own configurations before the samples, until a person chooses."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from pipeline_gui.configurations.owner import Entry, Version
from pipeline_gui.configurations.samples import sample_names
from pipeline_gui.window.configuration_box import ConfigurationBox

SAMPLES = [Entry(name, None, None) for name in sample_names()]


def saved(number: int, name: str) -> Entry:
    return Entry(name, None, Version(number, 1))


@pytest.fixture
def box(qtbot: QtBot) -> ConfigurationBox:
    box = ConfigurationBox()
    qtbot.addWidget(box)
    box.show()
    return box


def test_the_first_of_the_teams_own_is_chosen_once(box: ConfigurationBox) -> None:
    assert box.currentText() == sample_names()[0], "there is nothing else yet"
    box.show_saved([saved(1, "nightly"), saved(2, "weekly"), *SAMPLES])
    assert box.currentText() == "nightly"
    box.show_saved([saved(3, "archive"), saved(1, "nightly"), *SAMPLES])
    assert box.currentText() == "nightly", "what somebody else saves must not change what Start starts"


def test_what_a_person_chose_stays(box: ConfigurationBox) -> None:
    QTest.keyClick(box, Qt.Key.Key_Down)
    chosen = box.currentText()
    assert chosen == sample_names()[1]
    box.show_saved([saved(1, "nightly"), *SAMPLES])
    assert box.currentText() == chosen


def test_what_is_saved_later_is_not_chosen_by_itself(box: ConfigurationBox) -> None:
    box.show_saved(SAMPLES)
    box.show_saved([saved(1, "nightly"), *SAMPLES])
    assert box.currentText() == sample_names()[0], "what somebody else saves must not change what Start starts"
