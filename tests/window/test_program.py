"""The window as a process: it opens before its servers do, says what is wrong, and closes within seconds."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.profile import Profile
from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings import Settings
from pipeline_gui.window import program as program_module
from pipeline_gui.window.crash import CrashReporter, log_qt_message
from pipeline_gui.window.opener import Opener
from tests.window.conftest import OpenWindow
from tests.window.finding import found
from tests.window.stand_in import StandInBackend


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Something that listens and never says a word, as a server that hangs does."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        server.settimeout(60)
        yield server


def program(tmp_path: Path, **settings: str) -> subprocess.Popen[str]:
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PIPELINE_GUI_HOME": str(tmp_path)} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline_gui"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_it_within_two_seconds_though_its_servers_hang(
    tmp_path: Path, silent_server: socket.socket, number: signal.Signals
) -> None:
    port = silent_server.getsockname()[1]
    process = program(
        tmp_path,
        PIPELINE_GUI_DATABASE_URL=f"postgresql://u:p@127.0.0.1:{port}/d",
        PIPELINE_GUI_SPARK_URL=f"http://127.0.0.1:{port}",
        PIPELINE_GUI_SPARK_TOKEN="t",
    )
    try:
        first, _ = silent_server.accept()  # the first look
        asking, _ = silent_server.accept()  # from now on a thread of the window waits for an answer
        with first, asking:
            began = time.monotonic()
            process.send_signal(number)
            said = process.communicate(timeout=30)
            took = time.monotonic() - began
    finally:
        process.kill()
        process.wait(10)
    assert process.returncode == 0
    assert said == ("", "")
    assert took < 2.5
    assert "a server that does not answer" in (tmp_path / "logs" / "pipeline-gui.log").read_text()


def test_opening_says_what_is_waited_for_and_a_failure_can_be_tried_again(
    open_window: OpenWindow, qtbot: QtBot
) -> None:
    backend = StandInBackend()
    go, attempts = threading.Event(), []

    def open_it(say: Callable[[str], None]) -> Any:
        attempts.append(1)
        say("Starting PostgreSQL on this computer…")
        assert go.wait(10)
        if len(attempts) == 1:
            raise StoreUnavailable("The disk is full: free some space.")
        return backend

    window = open_window(None)
    opener = Opener(open_it, window.opening, window)
    opener.opened.connect(window.attach)
    assert not window.actions_.start.isEnabled()
    opener.open()
    text = found(window, QLabel, "openingText")
    qtbot.waitUntil(lambda: text.text() == "Starting PostgreSQL on this computer…")
    go.set()
    again = found(window, QPushButton, "tryAgainButton")
    qtbot.waitUntil(again.isVisible)
    assert text.text() == "The disk is full: free some space."
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session is not None and window.session.last is not None)
    assert window.page.isVisible()
    assert opener.close(10)


@pytest.mark.parametrize("spark_url", [None, "http://127.0.0.1:9"])
def test_garbage_is_looked_for_once_the_backend_is_open_and_when_it_could_not_be(
    tmp_path: Path, spark_url: str | None
) -> None:
    profile = Profile("test", tmp_path, tmp_path, tmp_path)
    settings = Settings(profile=profile, database_url="postgresql://u:p@127.0.0.1:9/d", spark_url=spark_url)
    gc.disable()
    try:
        if spark_url is None:
            with pytest.raises(SettingsInvalid):
                program_module._open(settings, lambda _sentence: None)
        else:
            program_module._open(settings, lambda _sentence: None).close()
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.fixture
def reporter(qapp: QApplication, tmp_path: Path) -> Iterator[CrashReporter]:
    parent = QWidget()
    made = CrashReporter(parent, tmp_path / "x.log")
    yield made
    parent.close()
    parent.deleteLater()


def test_what_nobody_expected_is_shown_once_and_can_be_copied(
    reporter: CrashReporter, qapp: QApplication, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    for _ in range(3):
        try:
            raise ValueError("a <b>surprise</b>")
        except ValueError as error:
            reporter._excepthook(type(error), error, error.__traceback__)
    parent = reporter.window
    qtbot.waitUntil(lambda: found(parent, QMessageBox, "crashBox") is not None)
    qtbot.wait(20)
    boxes = parent.findChildren(QMessageBox, "crashBox")
    assert len(boxes) == 1
    copy = next(button for button in boxes[0].buttons() if button.text() == "Copy the report")
    copy.click()
    report = qapp.clipboard().text()
    assert "ValueError: a <b>surprise</b>" in report
    assert "PySide6" in report
    assert boxes[0].isVisible()
    boxes[0].close()
    assert caplog.text.count("unexpected error") == 3


def test_an_error_in_a_thread_is_shown_too(
    reporter: CrashReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    thread = threading.Thread(
        target=lambda: reporter._threading_excepthook(
            threading.ExceptHookArgs((OSError, OSError("odd"), None, threading.current_thread()))
        )
    )
    thread.start()
    thread.join(10)
    parent = reporter.window
    qtbot.waitUntil(lambda: found(parent, QMessageBox, "crashBox") is not None)
    found(parent, QMessageBox, "crashBox").close()


def test_what_qt_says_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log_qt_message(QtMsgType.QtWarningMsg, QMessageLogContext(), "an odd font")
    assert "Qt: an odd font" in caplog.text


@pytest.mark.parametrize("milliseconds", [60, 90, 120, 160, 200])
def test_ctrl_c_while_it_is_loaded_ends_it_at_once(tmp_path: Path, milliseconds: int) -> None:
    """Whatever is being loaded: it is not lost, and nobody hears of an error that is none."""
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PIPELINE_GUI_HOME": str(tmp_path)}
    environ |= {
        "PIPELINE_GUI_DATABASE_URL": "postgresql://u:p@127.0.0.1:9/d",
        "PIPELINE_GUI_SPARK_URL": "http://127.0.0.1:9",
    }
    environ |= {"PIPELINE_GUI_SPARK_TOKEN": "t"}
    words = [sys.executable, "-c", "from pipeline_gui.cli import main\nprint('begun', flush=True)\nmain([])"]
    with subprocess.Popen(
        words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        threading.Event().wait(milliseconds / 1000)  # there is no signal to wait for in the middle of loading
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode in (-signal.SIGINT, 0)
    assert "not foreseen" not in said
    assert "Traceback" not in said
