"""Windows for tests, offscreen unless ``--visual``. A leaked window, a thread at work or a Qt warning fails a test."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pipeline_gui.window import gateway as gateway_module
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.main_window import MainWindow
from tests.waiting import wait_until
from tests.window.finding import has_read
from tests.window.stand_in import StandInBackend

_HARMLESS = ("This plugin does not support propagateSizeHints()",)
"""What the offscreen platform says of every window."""


def pytest_configure(config: pytest.Config) -> None:
    """Paint into memory, unless somebody wants to watch."""
    if not config.getoption("--visual"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


@pytest.fixture(autouse=True)
def clean(qapp: QApplication, qtlog: Any) -> Iterator[None]:
    """Fail what leaves a window, a thread or a Qt warning behind."""
    threads = _threads()
    yield
    said = [record.message for record in qtlog.records if record.log_type_name in ("QtWarningMsg", "QtCriticalMsg")]
    assert [message for message in said if message not in _HARMLESS] == []
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    leaked = [widget for widget in qapp.topLevelWidgets() if widget.isVisible()]
    assert leaked == [], "a window is still open"
    wait_until(lambda: not _threads() - threads, 10, "the end of every thread of the test")
    assert not gateway_module._kept, "work of a window did not end"


def _threads() -> set[threading.Thread]:
    """The threads that Python started; the pool's own are the gateway's to account for."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}


OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def open_window(qapp: QApplication) -> Iterator[OpenWindow]:
    """Opens windows on a backend, and closes them at the end."""
    windows: list[MainWindow] = []

    def open_one(backend: Any, **arguments: Any) -> MainWindow:
        window = MainWindow(backend, **arguments)
        windows.append(window)
        window.show()
        return window

    yield open_one
    for window in windows:
        session = window.session
        if shiboken6.isValid(window):
            window.close_now()
            shiboken6.delete(window)
        if session is not None:
            assert session.gateway.close(15), "work of a window did not end"


@pytest.fixture
def backend() -> Iterator[StandInBackend]:
    """A backend without servers; whatever it holds back is let go at the end."""
    stand_in = StandInBackend()
    yield stand_in
    stand_in.controller.let_refresh.set()
    stand_in.controller.let_act.set()
    stand_in.outputs.let_read.set()
    stand_in.archive.let_read.set()


@pytest.fixture
def gateway(qapp: QApplication) -> Iterator[Gateway]:
    """A gateway whose work has ended when the test has."""
    made = Gateway()
    yield made
    assert made.close(15), "work of a test did not end"


@pytest.fixture
def window(open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot) -> MainWindow:
    """A window that has read the record once."""
    made = open_window(backend)
    qtbot.waitUntil(lambda: has_read(made))
    return made
