"""The window by clicks and keys against a real PostgreSQL and a real command server; their deaths included."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QTabWidget, QTreeWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.profile import Profile
from pipeline_gui.resources import resource
from pipeline_gui.settings import Settings
from pipeline_gui.store import session as store_session
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.schema import newest_version
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.table.columns import Column
from tests.command_server.harness import SLEEP, STUBBORN, CommandServer, command_server
from tests.postgres import PostgresServer, running_server
from tests.store.test_newer_schema import migrate_further
from tests.waiting import wait_until
from tests.window.conftest import OpenWindow
from tests.window.finding import action, cell, click, found, is_on, selected, session, status, text

BROKEN = "raise ValueError('no such column: dep_dellay')"
SECONDS = 30_000
"""For what takes a second or two on a computer that does nothing else; in milliseconds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A command server with a stand-in Spark, which no test here harms."""
    with command_server(tmp_path_factory.mktemp("spark")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[CommandServer]:
    """A command server that a test may kill."""
    with command_server(tmp_path / "spark") as running:
        yield running


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL that a test may kill."""
    with running_server(tmp_path / "postgres") as running:
        yield running


@pytest.fixture
def own_database(own_postgres: PostgresServer) -> str:
    """The URL of a migrated database on it."""
    url = own_postgres.url_of(own_postgres.create_database())
    migrate(url, actor=Actor("tests", "localhost", "terminal"))
    return url


Connect = Callable[[str, CommandServer], Backend]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """Opens backends, as several operators on several computers would."""
    backends: list[Backend] = []

    def open_one(database: str, server: CommandServer) -> Backend:
        folder = tmp_path / f"profile{len(backends)}"
        settings = Settings(
            profile=Profile("test", folder, folder, folder / "logs"),
            database_url=database,
            spark_url=server.url,
            spark_token=server.token,
        )
        backends.append(open_backend(settings))
        return backends[-1]

    yield open_one
    for backend in backends:
        backend.close()


Ready = Callable[..., MainWindow]


@pytest.fixture
def ready(open_window: OpenWindow, connect: Connect, qtbot: QtBot) -> Ready:
    """Opens a window that has read the record, with an application to start chosen in it."""

    def open_one(
        database: str, server: CommandServer, source: str = SLEEP, backend: Backend | None = None
    ) -> MainWindow:
        window = open_window(backend or connect(database, server))
        file = server.folder / "job.toml"
        file.write_text(f'name = "job"\nfile = "{server.app(source)}"\ngrace_seconds = 2\n')
        window.open_configuration(str(file))
        qtbot.waitUntil(lambda: window.box.currentText() == "job", timeout=SECONDS)
        qtbot.waitUntil(lambda: is_on(window, "startAction"), timeout=SECONDS)
        return window

    return open_one


def running_one(window: MainWindow, qtbot: QtBot) -> str:
    """Start by a click, and wait until the record says that it runs; its id."""
    click(window, "startAction")
    assert not is_on(window, "startAction")
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · job", timeout=SECONDS)
    qtbot.waitUntil(lambda: text(window, "messageLabel") == "Started “job”.", timeout=SECONDS)
    assert is_on(window, "stopAction")
    assert not is_on(window, "startAction")
    return str(status(window)["run_id"])


def test_start_watch_and_stop(database: str, server: CommandServer, ready: Ready, qtbot: QtBot) -> None:
    window = ready(database, server)
    running_one(window, qtbot)
    assert cell(window, 0, Column.STATUS) == "running"
    QTest.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert not is_on(window, "stopAction")
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)
    qtbot.waitUntil(lambda: text(window, "messageLabel").startswith("Stopped “job” after"), timeout=SECONDS)
    qtbot.waitUntil(lambda: is_on(window, "startAction"), timeout=SECONDS)
    assert text(window, "statusLabel") == "Idle"


def test_a_stubborn_run_is_stopped_without_grace(
    database: str, server: CommandServer, ready: Ready, qtbot: QtBot
) -> None:
    window = ready(database, server, STUBBORN)
    file = server.folder / "job.toml"
    file.write_text(file.read_text().replace("grace_seconds = 2", "grace_seconds = 600"))
    running_one(window, qtbot)
    click(window, "stopAction")
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Stopping · job", timeout=SECONDS)
    assert cell(window, 0, Column.STATUS) == "stopping"
    assert is_on(window, "forceAction")
    window.actions_.force.trigger()
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)


def test_another_operator_was_quicker(
    database: str, server: CommandServer, ready: Ready, connect: Connect, qtbot: QtBot
) -> None:
    window = ready(database, server)
    other = connect(database, server)
    answer = other.controller.start_pipeline({"name": "theirs", "file": str(server.app(SLEEP))})
    assert answer["success"]
    assert is_on(window, "startAction")  # its events have not been handled yet: it can't know
    click(window, "startAction")
    qtbot.waitUntil(lambda: "A pipeline is already running" in text(window, "messageLabel"), timeout=SECONDS)
    qtbot.waitUntil(lambda: "theirs" in text(window, "statusLabel"), timeout=SECONDS)
    assert not is_on(window, "startAction")
    assert is_on(window, "stopAction")
    other.controller.stop_pipeline()
    qtbot.waitUntil(lambda: is_on(window, "startAction"), timeout=SECONDS)


def test_the_log_of_a_run_is_followed_and_its_story_is_told(
    database: str, server: CommandServer, ready: Ready, qtbot: QtBot
) -> None:
    window = ready(database, server, "import time\nprint('at work', flush=True)\ntime.sleep(120)\n")
    click(window, "startAction")
    qtbot.waitUntil(lambda: text(window, "statusLabel").startswith("Running"), timeout=SECONDS)
    window.page.table.selectRow(0)
    window.actions_.log.trigger()
    found(window, QComboBox, "streamBox").setCurrentText("stdout")
    qtbot.waitUntil(lambda: found(window, QPlainTextEdit, "logText").toPlainText() == "at work", timeout=SECONDS)
    found(window, QTabWidget, "runTabs").setCurrentIndex(0)
    click(window, "stopAction")
    timeline = found(window, QTreeWidget, "timeline").model()
    qtbot.waitUntil(
        lambda: "running → stopped" in [timeline.index(row, 1).data() for row in range(timeline.rowCount())],
        timeout=SECONDS,
    )
    assert text(window, "factState").startswith("stopped after")


def test_a_run_that_fails_says_why(database: str, server: CommandServer, ready: Ready, qtbot: QtBot) -> None:
    window = ready(database, server, BROKEN)
    click(window, "startAction")
    qtbot.waitUntil(lambda: "failed after" in text(window, "messageLabel"), timeout=SECONDS)
    assert "no such column: dep_dellay" in text(window, "messageLabel")
    assert cell(window, 0, Column.STATUS) == "failed"
    assert "no such column: dep_dellay" in cell(window, 0, Column.OUTCOME)
    assert text(window, "statusLabel") == "Idle"
    assert is_on(window, "startAction")


def test_a_run_that_somebody_else_ends_while_its_row_is_selected(
    database: str, server: CommandServer, ready: Ready, connect: Connect, qtbot: QtBot
) -> None:
    window = ready(database, server)
    run_id = running_one(window, qtbot)
    assert window.page.table.select_run(run_id)
    other = connect(database, server)
    assert other.controller.stop_run(run_id)["success"]
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)
    assert selected(window) == run_id
    assert "was stopped by" in text(window, "messageLabel")
    assert is_on(window, "startAction")


def test_a_change_of_another_program_is_shown_at_once(
    database: str, server: CommandServer, ready: Ready, qtbot: QtBot
) -> None:
    window = ready(database, server)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO pipeline_runs (run_id, status, start_time) "
            "VALUES ('theirs-1', 'running', now() AT TIME ZONE 'UTC')"
        )
    qtbot.waitUntil(lambda: "theirs-1" in text(window, "statusLabel"), timeout=5000)  # the fallback takes 30 s
    assert not is_on(window, "startAction")
    assert not is_on(window, "stopAction")
    assert is_on(window, "releaseAction")
    session(window).operations.release("theirs-1", "theirs-1")
    qtbot.waitUntil(lambda: is_on(window, "startAction"), timeout=SECONDS)
    assert cell(window, 0, Column.STATUS) == "failed"


def test_a_database_killed_and_back(
    own_postgres: PostgresServer, own_database: str, server: CommandServer, ready: Ready, qtbot: QtBot
) -> None:
    window = ready(own_database, server)
    running_one(window, qtbot)
    for process in processes_of(own_postgres):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until(lambda: not own_postgres.postgres.is_running(), what="the end of PostgreSQL")
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Unknown", timeout=SECONDS)
    assert window.page.database_banner.isVisible()
    assert "“job” was running then" in text(window, "databaseBannerLabel")
    assert not is_on(window, "stopAction")
    assert cell(window, 0, Column.STATUS) == "unknown"
    own_postgres.postgres.start()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · job", timeout=SECONDS)
    assert not window.page.database_banner.isVisible()
    assert "The database answers again" in text(window, "messageLabel")
    qtbot.waitUntil(lambda: session(window).is_live, timeout=SECONDS)
    click(window, "stopAction")
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)


def test_a_database_migrated_further_under_it(
    database: str, server: CommandServer, ready: Ready, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ready(database, server)
    running_one(window, qtbot)
    monkeypatch.setattr(store_session, "CHECK_AGAIN_SECONDS", 0.0)
    migrate_further(database, newest_version(), monkeypatch)
    window.actions_.refresh.trigger()
    qtbot.waitUntil(window.page.database_banner.isVisible, timeout=SECONDS)
    assert "shows the runs and changes nothing. Update this program." in text(window, "databaseBannerLabel")
    assert text(window, "statusLabel") == "Running · job"
    assert not is_on(window, "stopAction")
    assert "Update this program" in action(window, "stopAction").toolTip()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM pipeline_migrations WHERE number > %s", (newest_version(),))
    window.actions_.refresh.trigger()
    qtbot.waitUntil(lambda: is_on(window, "stopAction"), timeout=SECONDS)
    click(window, "stopAction")
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)


def test_a_command_server_killed_and_back(database: str, own_server: CommandServer, ready: Ready, qtbot: QtBot) -> None:
    window = ready(database, own_server)
    running_one(window, qtbot)
    own_server.kill()
    qtbot.waitUntil(window.page.spark_banner.isVisible, timeout=SECONDS)
    assert "“job” may be going on" in text(window, "sparkBannerLabel")
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Lost contact · job", timeout=SECONDS)
    assert cell(window, 0, Column.STATUS) == "lost contact"
    own_server.start()
    qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · job", timeout=SECONDS)
    qtbot.waitUntil(lambda: not window.page.spark_banner.isVisible(), timeout=SECONDS)
    assert "The Spark server answers again" in text(window, "messageLabel")
    click(window, "stopAction")
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)


def test_a_stop_without_spark_is_recorded_and_carried_out_later(
    database: str, own_server: CommandServer, ready: Ready, qtbot: QtBot
) -> None:
    window = ready(database, own_server)
    running_one(window, qtbot)
    own_server.kill()
    qtbot.waitUntil(window.page.spark_banner.isVisible, timeout=SECONDS)
    click(window, "stopAction")
    qtbot.waitUntil(lambda: is_on(window, "abandonAction"), timeout=SECONDS)
    qtbot.waitUntil(lambda: "it is not confirmed" in text(window, "messageLabel"), timeout=SECONDS)
    own_server.start()
    qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)


def test_while_both_servers_hang_the_window_paints_and_closes(
    own_postgres: PostgresServer, own_database: str, own_server: CommandServer, ready: Ready, qtbot: QtBot
) -> None:
    window = ready(own_database, own_server)
    running_one(window, qtbot)
    stopped = [*processes_of(own_postgres), psutil.Process(pid_of(own_server))]
    for process in stopped:
        process.suspend()
    try:
        click(window, "stopAction")
        pauses = Pauses()
        moved = [0]

        def move() -> None:
            moved[0] += 1
            window.resize(900 + moved[0] % 100, 600)
            window.repaint()
            if moved[0] % 20 == 0:
                QTest.keyClick(window, Qt.Key.Key_F5)

        mover = QTimer(window)
        mover.timeout.connect(move)
        mover.start(20)
        qtbot.waitUntil(lambda: text(window, "statusLabel") == "Unknown", timeout=SECONDS)
        qtbot.wait(1500)
        mover.stop()
        assert moved[0] > 50
        assert pauses.longest < 500, "something waited on the GUI thread"
        began = time.monotonic()
        window.close_now()
        assert time.monotonic() - began < 0.5
        assert not window.isVisible()
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


@pytest.mark.spark
def test_a_real_spark_stream_is_started_watched_and_stopped(
    database: str, tmp_path: Path, ready: Ready, qtbot: QtBot
) -> None:
    with command_server(tmp_path, real_spark=True, allow=[resource("pipelines"), tmp_path / "apps"]) as server:
        window = ready(database, server)
        window.box.setCurrentText("stream_events")
        click(window, "startAction")
        qtbot.waitUntil(lambda: text(window, "statusLabel") == "Running · stream_events", timeout=SECONDS)
        qtbot.waitUntil(lambda: "stream batch" in text(window, "progressLabel"), timeout=120_000)
        assert "rows/s" in cell(window, 0, Column.OUTCOME)
        click(window, "stopAction")
        qtbot.waitUntil(lambda: cell(window, 0, Column.STATUS) == "stopped", timeout=SECONDS)


class Pauses:
    """The longest time, in milliseconds, in which the event loop did not come round."""

    def __init__(self) -> None:
        self.longest = 0
        self._since = QElapsedTimer()
        self._since.start()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._round)
        self._timer.start(5)

    def _round(self) -> None:
        self.longest = max(self.longest, self._since.restart())


def pid_of(server: CommandServer) -> int:
    """The command server's process."""
    assert server.process is not None
    return server.process.pid


def processes_of(server: PostgresServer) -> list[psutil.Process]:
    """The PostgreSQL server's processes, its parent first."""
    with psycopg.connect(server.url_of("postgres"), connect_timeout=10) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        parent = psutil.Process(row[0]).parent()
    assert parent is not None
    assert parent.pid != os.getpid()
    return [parent, *parent.children(recursive=True)]
