"""Refreshes: never twice at once, one pending at most, and patient with a slow database."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pipeline_gui.window import refresher as refresher_module
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.refresher import Refresher
from pipeline_gui.window.snapshot import Snapshot
from tests.window.stand_in import StandInController, unknown


@pytest.fixture
def controller() -> StandInController:
    return StandInController()


@pytest.fixture
def owner(qapp: QApplication) -> QObject:
    return QObject()


@pytest.fixture
def refresher(gateway: Gateway, controller: StandInController, owner: QObject) -> Refresher:
    return Refresher(gateway, controller, owner)


def collect(refresher: Refresher) -> list[Snapshot]:
    heard: list[Snapshot] = []
    refresher.refreshed.connect(heard.append)
    return heard


def test_many_wishes_during_a_refresh_are_one_more_refresh(
    refresher: Refresher, controller: StandInController, qtbot: QtBot
) -> None:
    heard = collect(refresher)
    controller.let_refresh.clear()
    refresher.refresh()
    qtbot.waitUntil(lambda: controller.asked == 1)
    for _ in range(50):
        refresher.refresh()
        refresher.refresh_soon()
    assert controller.asked == 1
    controller.let_refresh.set()
    qtbot.waitUntil(lambda: len(heard) == 2)
    qtbot.wait(50)
    assert controller.asked == 2


def test_a_slow_answer_is_followed_by_a_rest(
    refresher: Refresher, controller: StandInController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(refresher_module, "REST_SHARE", 1000)
    heard = collect(refresher)
    refresher.refresh()
    qtbot.waitUntil(lambda: len(heard) == 1)
    for _ in range(5):
        refresher.refresh_soon()
    qtbot.wait(50)
    assert controller.asked == 1  # a change waits
    refresher.refresh()  # a person does not
    qtbot.waitUntil(lambda: len(heard) == 2)


def test_what_is_unknown_is_asked_again_soon(
    refresher: Refresher, controller: StandInController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "RETRY_SECONDS", 0.05)
    heard = collect(refresher)
    controller.status = unknown()
    refresher.refresh()
    qtbot.waitUntil(lambda: len(heard) >= 3)
    assert not heard[0].is_known
    assert heard[0].trouble == controller.status["sentence"]


def test_it_refreshes_by_itself(
    refresher: Refresher, controller: StandInController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "REFRESH_SECONDS", 0.05)
    heard = collect(refresher)
    refresher.refresh()
    qtbot.waitUntil(lambda: len(heard) >= 3)
    refresher.stop()
    qtbot.wait(20)
    asked = controller.asked
    qtbot.wait(150)
    assert controller.asked == asked


def test_the_pause_between_refreshes_is_thirty_seconds() -> None:
    assert refresher_module.REFRESH_SECONDS == 30


def test_an_unexpected_error_is_told_and_the_next_refresh_comes(
    refresher: Refresher, controller: StandInController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "RETRY_SECONDS", 0.05)
    heard = collect(refresher)
    status = controller.status
    controller.status = None  # type: ignore[assignment]
    with qtbot.waitSignal(refresher.failed):
        refresher.refresh()
    controller.status = status
    qtbot.waitUntil(lambda: len(heard) == 1)
