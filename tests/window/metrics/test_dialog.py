"""The figures of pipelines in the window, by clicks and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QTableWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.pipeline.metrics import DayMetrics, Period, PipelineMetrics, Starter
from pipeline_gui.store.store import PostgresStore, open_store
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.metrics.day_bars import DayBars
from pipeline_gui.window.metrics.dialog import MetricsDialog
from tests.store.test_metrics import add
from tests.window.conftest import OpenWindow
from tests.window.finding import action, found, has_read, text
from tests.window.stand_in import StandInBackend, StandInMetrics

TODAY = datetime.now(UTC).date()


def pipeline(name: str, completed: int, failed: int = 0) -> PipelineMetrics:
    now, before = Period(completed, failed, 0, 60.0, 120.0), Period(completed, 0, 0, 30.0, 60.0)
    return PipelineMetrics(name, now, before, 200.0, "r-longest", None, None, (Starter("ana@ops-3", completed),))


def days(*counts: int) -> list[DayMetrics]:
    """Days up to today, the oldest first."""
    begin = TODAY - timedelta(days=len(counts) - 1)
    return [DayMetrics(begin + timedelta(days=n), count, 1, 1, 60.0) for n, count in enumerate(counts) if count]


@pytest.fixture
def metrics() -> StandInMetrics:
    made = StandInMetrics()
    made.pipelines = (pipeline("flights", 30, 10), pipeline("events", 5))
    made.days = days(3, 0, 2)
    return made


@pytest.fixture
def dialog(metrics: StandInMetrics, gateway: Gateway, qtbot: QtBot) -> Iterator[MetricsDialog]:
    made = MetricsDialog(gateway, metrics)
    made.show()
    qtbot.waitUntil(lambda: table(made).rowCount() == 2)
    yield made
    if shiboken6.isValid(made):
        shiboken6.delete(made)


def table(dialog: MetricsDialog) -> QTableWidget:
    return found(dialog, QTableWidget, "metricsTable")


def row(dialog: MetricsDialog, number: int) -> list[str]:
    shown = table(dialog)
    items = [shown.item(number, column) for column in range(shown.columnCount())]
    return [item.text() if item else "" for item in items]


def test_each_pipeline_has_a_row_and_the_first_is_shown(dialog: MetricsDialog, qtbot: QtBot) -> None:
    assert row(dialog, 0)[:6] == ["flights", "40", "75 %", "1 min 0 s", "2 min 0 s", "3 min 20 s"]
    assert row(dialog, 0)[6:8] == ["none in 180 days", "ana@ops-3 (30)"]
    assert "10 more runs, success down 25 %, 100 % longer" in row(dialog, 0)[8]
    assert dialog.chosen == "flights"
    assert "r-longest" in text(dialog, "metricsFacts")
    assert text(dialog, "metricsMessage") == ""


def test_another_period_and_another_pipeline_are_read(
    dialog: MetricsDialog, metrics: StandInMetrics, qtbot: QtBot
) -> None:
    assert metrics.asked[0] == (30, None)
    QTest.keyClick(found(dialog, QComboBox, "metricsPeriod"), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: (90, "flights") in metrics.asked)
    table(dialog).setFocus()
    QTest.keyClick(table(dialog), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: (90, "events") in metrics.asked)
    qtbot.waitUntil(lambda: "“events”" in text(dialog, "metricsFacts"))
    assert dialog.chosen == "events"


def test_the_chosen_one_stays_wherever_it_is(dialog: MetricsDialog, metrics: StandInMetrics, qtbot: QtBot) -> None:
    QTest.keyClick(table(dialog), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "“events”" in text(dialog, "metricsFacts"))
    metrics.pipelines = (pipeline("new", 90), pipeline("events", 50), pipeline("flights", 30))
    dialog.read()
    qtbot.waitUntil(lambda: row(dialog, 0)[0] == "new")
    assert dialog.chosen == "events"
    metrics.pipelines = ()
    dialog.read()
    qtbot.waitUntil(lambda: table(dialog).rowCount() == 0)
    assert "No run has ended within 60 days." in text(dialog, "metricsMessage")
    assert text(dialog, "metricsFacts") == ""


def test_days_that_are_still_counted_are_said_and_waited_for(
    dialog: MetricsDialog, metrics: StandInMetrics, qtbot: QtBot
) -> None:
    metrics.uncounted = 2
    dialog.read()
    qtbot.waitUntil(lambda: "2 days are still to be counted" in text(dialog, "metricsMessage"))
    metrics.uncounted = 0
    qtbot.waitUntil(lambda: text(dialog, "metricsMessage") == "")


def test_a_database_that_is_away_is_said_and_what_was_shown_stays(
    dialog: MetricsDialog, metrics: StandInMetrics, qtbot: QtBot
) -> None:
    metrics.raises = StoreUnavailable("PostgreSQL at x does not answer.")
    dialog.read()
    qtbot.waitUntil(lambda: "does not answer" in text(dialog, "metricsMessage"))
    assert table(dialog).rowCount() == 2


# --- the picture ----------------------------------------------------------------------------------------------------


@pytest.fixture
def bars(qtbot: QtBot) -> DayBars:
    made = DayBars()
    qtbot.addWidget(made)
    made.resize(600, 240)
    made.show_days(days(3, 0, 2), 7, TODAY)
    return made


def test_keys_and_the_mouse_go_from_day_to_day(bars: DayBars) -> None:
    def pointed() -> date | None:
        return bars.pointed_day.day if bars.pointed_day else None

    QTest.keyClick(bars, Qt.Key.Key_Left)
    assert pointed() == TODAY
    assert bars.accessibleDescription() == f"{TODAY} · 2 completed · 1 failed · 1 stopped · half within 1 min 0 s"
    QTest.keyClick(bars, Qt.Key.Key_Left)
    assert bars.accessibleDescription().endswith("no run ended")
    QTest.keyClick(bars, Qt.Key.Key_Home)
    assert pointed() == TODAY - timedelta(days=6)
    QTest.keyClick(bars, Qt.Key.Key_End)
    assert pointed() == TODAY
    bars.show_days(days(1, 1, 1, 1), 30, TODAY)
    assert pointed() == TODAY
    QTest.mouseMove(bars, QPoint(1, 1))
    bars.show_days([], 7, TODAY)
    QTest.keyClick(bars, Qt.Key.Key_Left)
    assert pointed() is None


def test_how_runs_ended_is_told_apart_without_colour(bars: DayBars) -> None:
    """Three days that ended in one way each differ where all colours are one."""

    def picture(completed: int, failed: int, stopped: int) -> QImage:
        bars.show_days([DayMetrics(TODAY, completed, failed, stopped, None)], 7, TODAY)
        gray = bars.grab().toImage().convertToFormat(QImage.Format.Format_Mono)
        return gray.copy()

    kinds = [picture(9, 0, 0), picture(0, 9, 0), picture(0, 0, 9)]
    assert kinds[0] != kinds[1] != kinds[2] != kinds[0]


# --- from the window ------------------------------------------------------------------------------------------------


def test_the_window_opens_it_once(open_window: OpenWindow, backend: StandInBackend, qtbot: QtBot) -> None:
    backend.metrics.pipelines = (pipeline("flights", 1),)
    window = open_window(backend)
    qtbot.waitUntil(lambda: has_read(window))
    assert backend.metrics.asked == []
    for _ in range(2):
        action(window, "metricsAction").trigger()
    assert len(window.findChildren(MetricsDialog)) == 1
    dialog = found(window, MetricsDialog)
    qtbot.waitUntil(lambda: table(dialog).rowCount() == 1)
    dialog.close()


def test_on_a_real_database(database: str, gateway: Gateway, qtbot: QtBot, real: PostgresStore) -> None:
    dialog = MetricsDialog(gateway, real.metrics)
    dialog.show()
    qtbot.waitUntil(lambda: table(dialog).rowCount() == 1)
    assert row(dialog, 0)[:3] == ["flights", "2", "50 %"]
    shiboken6.delete(dialog)


@pytest.fixture
def real(database: str) -> Iterator[PostgresStore]:
    import psycopg

    store = open_store(database, application_name="tests", max_connections=2)
    with psycopg.connect(database, autocommit=True) as connection:

        def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            connection.execute(statement, values)
            return []

        execute: Callable[..., list[tuple[Any, ...]]] = run
        add(execute, "r1", 0, 10)
        add(execute, "r2", 1, 10, "failed")
    yield store
    store.close()
