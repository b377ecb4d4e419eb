"""Sorts, filters and refreshes a window's table of very many runs; says how long that took, or how late beats came."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from operator import attrgetter

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from bench.children.gui_pause import Heart
from bench.children.saying import say
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.arrangement import RunFilter
from pipeline_gui.window.table.columns import Column
from tests.window.stand_in import StandInBackend
from tests.window.table.making import row, rows

MILLION = 1_000_000
MANY = 100_000
ROUNDS = 5
_REST_MILLISECONDS = 150
DESCENDING, ASCENDING = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder


def _until_arranged(window: MainWindow, deed: Callable[[], object]) -> float:
    """How long it took from the deed to the table that shows it."""
    loop = QEventLoop()
    connection = window.page.arranger.arranged.connect(loop.quit)
    begin = time.perf_counter()
    deed()
    loop.exec()
    taken = time.perf_counter() - begin
    window.page.arranger.arranged.disconnect(connection)
    session = window.session
    while session is not None and session.gateway.busy_threads:
        QApplication.processEvents()  # what is let go of afterwards is no part of the next deed
    return taken


def _rest() -> None:
    """Let what was arranged be painted."""
    loop = QEventLoop()
    QTimer.singleShot(_REST_MILLISECONDS, loop.quit)
    loop.exec()


def _sort(window: MainWindow) -> dict[str, float]:
    given = tuple(rows(MILLION))
    gc.freeze()
    _until_arranged(window, lambda: window.page.arranger.show_live(given))
    table = window.page.table
    sorts: list[float] = []
    floors: list[float] = []
    for _ in range(ROUNDS):
        plain = list(given)
        begin = time.perf_counter()
        plain.sort(key=attrgetter("duration"))
        floors.append(time.perf_counter() - begin)
        sorts.append(_until_arranged(window, lambda: table.sortByColumn(Column.DURATION, ASCENDING)))
        if [one.run_id for one in window.page.model.rows[:100]] != [one.run_id for one in plain[:100]]:
            raise RuntimeError("the table does not show what was sorted")
        _until_arranged(window, lambda: table.sortByColumn(Column.STARTED, DESCENDING))
    return {"sort": statistics.median(sorts), "floor": statistics.median(floors)}


def _pause(window: MainWindow) -> list[float]:
    given = tuple(rows(MANY))
    newer: tuple[RunRow, ...] = (row("new", "running", running_since=5.0, duration=None), *given[:-1])
    gc.freeze()
    arranger, table = window.page.arranger, window.page.table
    bar = table.verticalScrollBar()
    heart = Heart()
    _until_arranged(window, lambda: arranger.show_live(given))
    for _ in range(ROUNDS):
        for deed in (
            lambda: table.sortByColumn(Column.DURATION, DESCENDING),
            lambda: table.sortByColumn(Column.PIPELINE, ASCENDING),
            lambda: arranger.filter_by(RunFilter("pipeline 7")),
            lambda: arranger.filter_by(RunFilter()),
            lambda: arranger.show_live(newer),
            lambda: table.sortByColumn(Column.STARTED, DESCENDING),
            lambda: arranger.show_live(given),
        ):
            _until_arranged(window, deed)
            table.selectRow(5)
            bar.setValue(bar.maximum() // 2)
            _rest()
            table.selectAll()
            _rest()
    return heart.late


def main() -> None:
    """Measure what the argument says."""
    application = QApplication(["bench"])
    window = MainWindow(StandInBackend())  # type: ignore[arg-type]
    window.resize(1200, 760)
    window.show()
    _rest()
    say(_sort(window) if sys.argv[1] == "sort" else _pause(window))
    session = window.session
    window.close_now()
    if session is not None:
        session.gateway.close(5)
    del application


if __name__ == "__main__":
    main()
