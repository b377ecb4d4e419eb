"""The log of a run: two outputs, followed, paused, bounded, saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QPlainTextEdit,
    QTabWidget,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import SparkUnavailable
from pipeline_gui.pipeline.output import Stream
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.run_panel.log_reader import LOOK_MILLISECONDS
from pipeline_gui.window.run_panel.log_view import LogView
from pipeline_gui.window.run_panel.log_window import CHUNK, MOST
from tests.window.finding import action, found, table, text
from tests.window.run_panel.log_looks import log, open_log, press, seen, wait_until_not
from tests.window.stand_in import StandInBackend, run, running


def test_the_two_outputs_are_told_apart(window: MainWindow, qtbot: QtBot) -> None:
    open_log(window, qtbot, "INFO end")
    assert found(window, QTabWidget, "runTabs").currentIndex() == 1
    assert "336776" not in log(window)
    found(window, QComboBox, "streamBox").setCurrentIndex(1)
    qtbot.waitUntil(lambda: log(window) == "336776 flights")
    assert text(window, "logPosition") == "All of it: 15 B"


def test_a_running_log_is_followed_until_it_is_paused(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.controller.status = running("flights-3")
    backend.controller.runs = [run("flights-3", "running", ago=2, duration=2.0), *backend.controller.runs]
    backend.outputs.data[Stream.STDERR] = b"".join(b"line %d\n" % number for number in range(300))
    backend.change()
    qtbot.waitUntil(lambda: table(window).model().rowCount() == 3)
    table(window).selectRow(0)
    open_log(window, qtbot, "line 299")
    bar = found(window, QPlainTextEdit, "logText").verticalScrollBar()
    qtbot.waitUntil(lambda: seen(window)[-1] == "line 299")
    backend.outputs.data[Stream.STDERR] += b"line 300\n"
    qtbot.waitUntil(lambda: seen(window)[-1] == "line 300")
    window.resize(900, 600)
    qtbot.waitUntil(lambda: seen(window)[-1] == "line 300")
    bar.setValue(3)  # who scrolls up wants to read
    assert not found(window, QCheckBox, "followBox").isChecked()
    asked = len(backend.outputs.asked)
    backend.outputs.data[Stream.STDERR] += b"line 301\n"
    qtbot.wait(LOOK_MILLISECONDS + 300)
    assert len(backend.outputs.asked) == asked
    assert bar.value() == 3
    assert seen(window)[0] == "line 3"
    press(window, "logEndButton")
    qtbot.waitUntil(lambda: "line 301" in log(window))
    assert found(window, QCheckBox, "followBox").isChecked()


def test_of_a_large_log_only_what_is_near_is_read_and_kept(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    output = b"".join(b"line %d of many, so that it is long enough\n" % number for number in range(200_000))
    backend.outputs.data[Stream.STDERR] = output
    open_log(window, qtbot, "line 199999")
    assert backend.outputs.asked == [("flights-2", Stream.STDERR, None, CHUNK)]
    assert "line 100000 " not in log(window)
    bar = found(window, QPlainTextEdit, "logText").verticalScrollBar()
    for _ in range(8):
        before = log(window)
        bar.setValue(0)
        wait_until_not(qtbot, window, before)
        assert bar.value() > 0, "what was read was scrolled away"
        assert len(log(window)) <= MOST
    numbers = [int(line.split()[1]) for line in log(window).splitlines()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[-1] < 199_999
    press(window, "logBeginButton")
    qtbot.waitUntil(lambda: log(window).startswith("line 0 "))
    assert text(window, "logPosition") == f"0 B to 128.0 KB of {len(output) / 1024**2:.1f} MB"


def test_a_server_that_does_not_answer_is_said_and_asked_again(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot
) -> None:
    backend.outputs.raises = SparkUnavailable("http://spark:8998 refused the connection.")
    action(window, "logAction").trigger()
    qtbot.waitUntil(lambda: "refused the connection" in text(window, "logPosition"))
    backend.outputs.raises = None
    qtbot.waitUntil(lambda: "INFO end" in log(window))


def test_what_a_plain_livy_keeps_is_shown_and_said(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.outputs.note = "It keeps the last 200 lines."
    open_log(window, qtbot, "INFO end")
    assert text(window, "logPosition") == "It keeps the last 200 lines."


def test_an_answer_about_another_run_is_not_shown(window: MainWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.outputs.let_read.clear()
    action(window, "logAction").trigger()
    qtbot.waitUntil(lambda: len(backend.outputs.asked) == 1)
    table(window).selectRow(1)
    qtbot.waitUntil(lambda: len(backend.outputs.asked) == 2)
    backend.outputs.data[Stream.STDERR] = b"of the second\n"
    backend.outputs.let_read.set()
    qtbot.waitUntil(lambda: log(window) == "of the second")
    assert [asked[0] for asked in backend.outputs.asked] == ["flights-2", "broken-1"]


def test_the_whole_log_is_saved(window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path) -> None:
    backend.outputs.data[Stream.STDERR] = output = b"\x1b[31mline\xff\n" * 300_000  # as it is, escapes and all
    open_log(window, qtbot, "line")
    target = tmp_path / "run.log"
    found(window, LogView).save_to(target, "flights-2", Stream.STDERR)
    qtbot.waitUntil(lambda: text(window, "logPosition").startswith("Saved to"))
    assert target.read_bytes() == output
    assert list(tmp_path.iterdir()) == [target]


def test_a_save_is_cancelled_and_leaves_nothing(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    backend.outputs.data[Stream.STDERR] = b"line\n" * 600_000
    open_log(window, qtbot, "line")
    backend.outputs.let_read.clear()
    found(window, LogView).save_to(tmp_path / "run.log", "flights-2", Stream.STDERR)
    assert found(window, QToolButton, "logSaveButton").text() == "Cancel"
    press(window, "logSaveButton")
    assert text(window, "logPosition") == "The log was not saved."
    backend.outputs.let_read.set()
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    qtbot.waitUntil(lambda: not any(tmp_path.iterdir()))


def test_a_save_that_fails_says_why_and_keeps_what_was_there(
    window: MainWindow, backend: StandInBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    open_log(window, qtbot, "INFO end")
    (tmp_path / "run.log").write_text("of yesterday")
    backend.outputs.raises = SparkUnavailable("http://spark:8998 refused the connection.")
    found(window, LogView).save_to(tmp_path / "run.log", "flights-2", Stream.STDERR)
    qtbot.waitUntil(lambda: "not saved: http://spark" in text(window, "logPosition"))
    assert (tmp_path / "run.log").read_text() == "of yesterday"
