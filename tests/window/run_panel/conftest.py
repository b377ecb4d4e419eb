"""A window in which a run panel can be opened."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.output import Stream
from pipeline_gui.window.main_window import MainWindow
from tests.window.conftest import OpenWindow
from tests.window.finding import has_read
from tests.window.run_panel.test_facts import event
from tests.window.stand_in import StandInBackend, run


@pytest.fixture
def window(open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot) -> MainWindow:
    backend.controller.runs = [
        run("flights-2", "completed", ago=600),
        run("broken-1", "failed", ago=3600, error="ValueError: no such column: dep_dellay"),
    ]
    backend.controller.events = [event("recorded"), event("status changed", old_status="running", new_status="failed")]
    backend.outputs.data[Stream.STDERR] = b"INFO begin\nERROR no such column\nINFO end\n"
    backend.outputs.data[Stream.STDOUT] = b"336776 flights\n"
    opened = open_window(backend)
    opened.resize(1100, 800)
    qtbot.waitUntil(lambda: has_read(opened))
    return opened
