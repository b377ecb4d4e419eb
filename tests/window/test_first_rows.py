"""What the first look found is painted with the window, and the backend is opened after that."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from pipeline_gui.window import first_rows
from pipeline_gui.window.first_rows import FirstRows
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.snapshot import RowMaker, Snapshot, take_snapshot
from tests.window.conftest import OpenWindow
from tests.window.finding import found
from tests.window.stand_in import StandInBackend, run


class Look:
    """A first look whose end the test decides."""

    def __init__(self, found: Snapshot | None, *, is_over: bool) -> None:
        self._found = found
        self._reader, self._writer = os.pipe()
        self.is_over = self.is_given_up = False
        if is_over:
            self.end()

    def end(self) -> None:
        """As its process ends."""
        os.close(self._writer)

    def fileno(self) -> int:
        """Readable at its end."""
        return self._reader

    def give_up(self) -> None:
        """Nothing is left of it."""
        self.is_given_up = True

    def poll(self, _seconds: float = 0.0) -> Snapshot | None:
        """What is found by now."""
        assert not self.is_over
        if not select.select([self._reader], [], [], 0)[0]:
            return None
        os.close(self._reader)
        self.is_over = True
        return self._found


class Opener(QObject):
    """Notes how often the table was painted when the backend was to be opened."""

    opens = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.painted_before: list[int] = []
        self._painted = 0
        self._table = window.page.table.viewport()
        self._table.installEventFilter(self)

    def open(self) -> None:
        """As the opener is asked."""
        self.painted_before.append(self._painted)
        self.opens.emit()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Count."""
        self._painted += event.type() == QEvent.Type.Paint
        return False


@pytest.fixture
def window(qapp: QApplication) -> Iterator[MainWindow]:
    """Made, and not shown yet."""
    made = MainWindow()
    yield made
    made.close_now()
    shiboken6.delete(made)


@pytest.fixture
def snapshot(backend: StandInBackend) -> Snapshot:
    """Two runs that ended."""
    backend.controller.runs = [run("newer", "completed"), run("older", "failed")]
    return take_snapshot(backend.controller, RowMaker())


def begin(window: MainWindow, look: Any) -> Opener:
    """What the program does before it shows the window."""
    opener = Opener(window)
    FirstRows(window, opener, look)  # type: ignore[arg-type]
    return opener


def test_rows_that_are_there_in_time_are_painted_with_the_window(
    window: MainWindow, snapshot: Snapshot, qtbot: QtBot
) -> None:
    opener = begin(window, Look(snapshot, is_over=True))
    assert window.page.model.rowCount() == 2
    assert opener.painted_before == []
    with qtbot.waitSignal(opener.opens):
        window.show()
    assert opener.painted_before[0] > 0, "the backend is opened after the first painting"
    rows = window.findChild(FirstRows)
    assert rows is not None
    assert [timer.isActive() for timer in rows.findChildren(QTimer)] == [False], "and once"


def test_rows_that_come_later_are_shown_then(window: MainWindow, snapshot: Snapshot, qtbot: QtBot) -> None:
    look = Look(snapshot, is_over=False)
    opener = begin(window, look)
    window.show()
    qtbot.waitUntil(lambda: window.page.table.isVisible())
    assert (window.page.model.rowCount(), opener.painted_before) == (0, [])
    with qtbot.waitSignal(opener.opens):
        look.end()
    assert window.page.model.rowCount() == 2
    assert opener.painted_before[0] > 0


@pytest.mark.parametrize("is_over", [True, False])
def test_where_nothing_was_found_the_backend_is_opened(window: MainWindow, is_over: bool, qtbot: QtBot) -> None:
    look = Look(None, is_over=is_over)
    opener = begin(window, look)
    with qtbot.waitSignal(opener.opens):
        window.show()
        if not is_over:
            look.end()
    assert window.page.model.rowCount() == 0
    assert window.opening.isVisible(), "which says how far it is"


def test_a_look_that_hangs_and_a_window_that_is_not_painted_hold_nothing_up(
    window: MainWindow, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(first_rows, "PATIENCE_MILLISECONDS", 50)
    look = Look(snapshot, is_over=False)
    opener = begin(window, look)
    with qtbot.waitSignal(opener.opens):
        pass
    qtbot.waitUntil(lambda: look.is_given_up)
    look.end()
    QApplication.processEvents()
    assert (len(opener.painted_before), window.page.model.rowCount()) == (1, 0), "what comes now comes too late"
    assert window.opening.isVisibleTo(window)


def test_the_window_shows_it_before_there_is_a_backend_and_goes_on_from_there(
    open_window: OpenWindow, backend: StandInBackend, snapshot: Snapshot, qtbot: QtBot
) -> None:
    first = snapshot
    assert first.rows is not None
    window = open_window(None)
    window.expect_rows()
    window.show_first(first)
    table = window.page.table
    assert table.isVisible()
    assert set(window.page.model.rows) == set(first.rows)
    second = window.page.model.rows[1].run_id
    assert not window.actions_.start.isEnabled(), "nothing can be pressed that nobody would carry out"
    table.selectRow(1)
    window.attach(backend)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: window.session is not None and window.session.last is not None)
    assert table.selected_run is not None
    assert table.selected_run.run_id == second
    assert window.actions_.start.isEnabled()


def test_a_first_look_that_comes_late_changes_nothing(
    open_window: OpenWindow, backend: StandInBackend, snapshot: Snapshot, qtbot: QtBot
) -> None:
    backend.controller.runs = []
    window = open_window(backend)
    qtbot.waitUntil(lambda: window.session is not None and window.session.last is not None)
    window.show_first(snapshot)
    assert window.page.model.rowCount() == 0


def test_an_opening_that_fails_is_said_where_rows_were_expected(open_window: OpenWindow) -> None:
    window = open_window(None)
    window.expect_rows()
    window.show_opening()
    window.opening.show_failure("The disk is full.")
    assert found(window, QLabel, "openingText").isVisible()
