"""Measures refreshes of a window, turn by turn with the bare query; says the two lists of seconds."""

from __future__ import annotations

import sys
import time
import uuid

import psycopg
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from bench.children.watching import say, watching_window
from bench.refresh import ONE_CHANGED
from pipeline_gui.settings import load_settings
from pipeline_gui.store import queries
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.runs_model import RunsModel

ROUNDS = 150
WARM_UP = 20
_WAIT_MILLISECONDS = 30_000
# One row changes before each round. No NOTIFY, which would have the window ask before it is told to.
_CHANGE = "UPDATE pipeline_runs SET error_message = %s WHERE run_id = %s"


def _bare(connection: psycopg.Connection) -> float:
    begin = time.perf_counter()
    connection.execute(queries.RECENT, {"seconds": 2 * 86_400, "limit": None}).fetchall()
    return time.perf_counter() - begin


def _refresh(window: MainWindow, connection: psycopg.Connection, *, changes: bool) -> float:
    """From the wish to the model that shows what is in the table, where one row was changed before or none."""
    session = window.session
    assert session is not None
    while session.refresher.waiting_seconds:  # one that the window wanted by itself
        _wait_for_refresh(window)
        QApplication.processEvents()
    told = uuid.uuid4().hex if changes else ""
    if changes:
        changed = next(row.run_id for row in window.page.model.rows if row.error)
        connection.execute(_CHANGE, (told, changed))
    begin = time.perf_counter()
    session.refresher.refresh()
    _wait_for_refresh(window)
    taken = time.perf_counter() - begin
    if changes and not _shows(window.page.model, told):
        raise RuntimeError("the refresh did not bring what the table holds")
    return taken


def _wait_for_refresh(window: MainWindow) -> None:
    session = window.session
    assert session is not None
    loop = QEventLoop()
    # Connected after the window's own slot, so it is called when the model is updated.
    connection = session.refreshed.connect(loop.quit)
    timer = QTimer(loop, singleShot=True)
    timer.timeout.connect(lambda: QApplication.exit(1))
    timer.start(_WAIT_MILLISECONDS)
    loop.exec()
    session.refreshed.disconnect(connection)


def _shows(model: RunsModel, text: str) -> bool:
    return any(row.error == text for row in model.rows)


def main() -> None:
    """Measure the kind that the argument names."""
    changes = sys.argv[1] == ONE_CHANGED
    url = load_settings().database_url
    assert url is not None
    refreshes: list[float] = []
    floors: list[float] = []
    with watching_window() as window, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        _wait_for_refresh(window)
        for number in range(WARM_UP + ROUNDS):
            pair = _bare(connection), _refresh(window, connection, changes=changes)
            QApplication.processEvents()  # the paint of this round is none of the next one's business
            if number >= WARM_UP:
                floors.append(pair[0])
                refreshes.append(pair[1])
    say({"refreshes": refreshes, "floors": floors})


if __name__ == "__main__":
    main()
