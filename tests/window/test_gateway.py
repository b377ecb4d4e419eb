"""The one way to the pool and back."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.window import gateway as gateway_module
from pipeline_gui.window.gateway import Gateway, Lane, WrongThread, _Delivery, _Task


class Heard(QObject):
    """Notes what is delivered, and where."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[Any] = []
        self.errors: list[Exception] = []
        self.threads: set[QThread] = set()

    def success(self, result: Any) -> None:
        self.results.append(result)
        self.threads.add(QThread.currentThread())

    def failure(self, error: Exception) -> None:
        self.errors.append(error)
        self.threads.add(QThread.currentThread())


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_a_result_comes_back_on_the_gui_thread(gateway: Gateway, heard: Heard, qtbot: QtBot) -> None:
    gateway.run(threading.get_ident, heard.success, heard.failure, heard)
    assert heard.results == []  # never at once: what follows the call sees the state before it
    qtbot.waitUntil(lambda: len(heard.results) == 1)
    assert heard.results != [threading.get_ident()]
    assert heard.threads == {gateway.thread()}


def test_an_error_comes_back_as_it_is(gateway: Gateway, heard: Heard, qtbot: QtBot) -> None:
    def work() -> None:
        raise StoreUnavailable("The database does not answer.")

    gateway.run(work, heard.success, heard.failure, heard)
    qtbot.waitUntil(lambda: bool(heard.errors))
    assert str(heard.errors[0]) == "The database does not answer."


def test_a_surprise_comes_back_and_is_logged(
    gateway: Gateway, heard: Heard, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, gateway_module.__name__):
        gateway.run(lambda: 1 / 0, heard.success, heard.failure, heard)
        qtbot.waitUntil(lambda: bool(heard.errors))
    assert isinstance(heard.errors[0], ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text


def test_a_result_for_a_receiver_that_is_gone_is_dropped(gateway: Gateway, heard: Heard, qtbot: QtBot) -> None:
    go = threading.Event()
    owner = QObject()
    gateway.run(lambda: go.wait(10), heard.success, heard.failure, owner)
    shiboken6.delete(owner)
    go.set()
    other = Heard()
    gateway.run(lambda: 1, other.success, other.failure, other)
    qtbot.waitUntil(lambda: gateway.busy_threads == 0 and other.results == [1])
    assert heard.results == []


def test_a_call_from_another_thread_raises(gateway: Gateway, heard: Heard) -> None:
    caught = []

    def call() -> None:
        try:
            gateway.run(lambda: 1, heard.success, heard.failure, heard)
        except WrongThread as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(10)
    assert len(caught) == 1


def test_refreshes_that_hang_leave_threads_for_actions(gateway: Gateway, heard: Heard, qtbot: QtBot) -> None:
    go = threading.Event()
    for _ in range(20):
        gateway.run(lambda: go.wait(30), heard.success, heard.failure, heard, Lane.REFRESHES)
    gateway.run(lambda: "stopped", heard.success, heard.failure, heard, Lane.ACTIONS)
    qtbot.waitUntil(lambda: heard.results == ["stopped"])
    assert gateway.busy_threads <= 2
    go.set()
    qtbot.waitUntil(lambda: len(heard.results) == 21)


def test_closing_does_not_wait_longer_than_told(gateway: Gateway, heard: Heard, qtbot: QtBot) -> None:
    go = threading.Event()
    gateway.run(lambda: go.wait(30), heard.success, heard.failure, heard)
    qtbot.waitUntil(lambda: gateway.busy_threads == 1)
    assert gateway.close(0.05) is False
    assert gateway in gateway_module._kept  # the thread that comes back late finds it
    go.set()
    assert gateway.close(10) is True
    assert gateway not in gateway_module._kept
    qtbot.wait(20)
    assert heard.results == []  # nothing is delivered to a window that closed
    gateway.run(lambda: 1, heard.success, heard.failure, heard)
    assert gateway.busy_threads == 0


def test_a_task_that_ended_holds_nothing(heard: Heard) -> None:
    sent: list[_Delivery] = []
    delivery = _Delivery(weakref.ref(heard), heard.success, heard.failure)
    task = _Task(Heard, delivery, sent.append)
    task.run()
    result = weakref.ref(sent.pop().result)
    del delivery
    assert result() is None  # the task itself may stay for ever: PySide keeps one that ended too soon
    assert task is not None
