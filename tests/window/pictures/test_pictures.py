"""The past of a pipeline in a picture: what keys, mouse and a screen reader get of it, and when it is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.pipeline.past_runs import PastRun, PastRuns
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.pictures.duration_bars import DurationBars
from pipeline_gui.window.pictures.history_view import HistoryView
from pipeline_gui.window.pictures.rate_lines import RateLines, _parts, rates_text
from pipeline_gui.window.pictures.rate_log import KEPT, RateLog, Rates
from pipeline_gui.window.pictures.scale import duration_step, number_step, short_duration, short_number
from tests.window.finding import found
from tests.window.stand_in import idle, running

STATUSES = [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.STOPPED]


def past(count: int, pipeline: str = "flights", **durations: float | None) -> PastRuns:
    runs = []
    for number in range(count):
        run_id = f"{pipeline}-{number}"
        seconds = durations.get(f"r{number}", 60.0 + number)
        runs.append(PastRun(run_id, STATUSES[number % 3], datetime(2026, 11, 20, tzinfo=UTC), seconds))
    return PastRuns(pipeline, tuple(runs))


@pytest.fixture
def bars(qapp: QApplication, qtbot: QtBot) -> Iterator[DurationBars]:
    made = DurationBars()
    made.resize(600, 200)
    made.show_runs(past(9))
    made.show()
    qtbot.waitExposed(made)
    yield made
    shiboken6.delete(made)


def test_arrow_keys_go_from_bar_to_bar_and_say_each(bars: DurationBars) -> None:
    wanted: list[str] = []
    bars.wanted.connect(wanted.append)
    assert "Of the last 9 runs" in bars.accessibleDescription()
    QTest.keyClick(bars, Qt.Key.Key_Left)  # the newest first
    assert bars.pointed_run is not None
    assert bars.pointed_run.run_id == "flights-8"
    QTest.keyClick(bars, Qt.Key.Key_Left)
    assert bars.accessibleDescription().startswith("failed · 1 min 7 s · started ")
    for key, run_id in (("Home", 0), ("Left", 0), ("Right", 1), ("End", 8), ("Right", 8)):
        QTest.keyClick(bars, getattr(Qt.Key, f"Key_{key}"))
        assert bars.pointed_run.run_id == f"flights-{run_id}"
    QTest.keyClick(bars, Qt.Key.Key_Return)
    assert wanted == ["flights-8"]


def test_the_mouse_points_and_a_double_click_wants_the_run(bars: DurationBars) -> None:
    wanted: list[str] = []
    bars.wanted.connect(wanted.append)
    first = bars._bar(0, bars._field(), 70.0).center().toPoint()
    QTest.mouseMove(bars, QPoint(first.x(), 8))  # above the bar's end
    assert bars.pointed_run is not None
    assert bars.pointed_run.run_id == "flights-0"
    QTest.mouseDClick(bars, Qt.MouseButton.LeftButton, pos=first)
    assert wanted == ["flights-0"]
    QTest.mouseMove(bars, QPoint(2, 100))  # on the axis
    assert bars.pointed_run is None


def test_a_bar_that_is_looked_at_stays_the_one_when_runs_come(bars: DurationBars) -> None:
    QTest.keyClick(bars, Qt.Key.Key_Home)
    QTest.keyClick(bars, Qt.Key.Key_Right)
    bars.show_runs(PastRuns("flights", past(12).runs[1:]))
    assert bars.pointed_run is not None
    assert bars.pointed_run.run_id == "flights-1"
    bars.show_runs(PastRuns("flights", past(12).runs[2:]))
    assert bars.pointed_run is None


def test_one_run_that_hung_does_not_make_the_others_flat(bars: DurationBars) -> None:
    bars.show_runs(past(40, r5=1e9, r7=None))
    field = bars._field()
    assert bars._bar(0, field, bars._top).height() > field.height() / 8
    assert bars._bar(5, field, bars._top).height() == field.height()


@pytest.mark.parametrize("runs", [past(0), past(1), past(60), past(3, r0=0.0, r1=None, r2=0.0)])
def test_anything_can_be_painted(bars: DurationBars, runs: PastRuns) -> None:
    bars.show_runs(runs)
    for size in ((600, 200), (240, 120), (60, 40)):
        bars.resize(*size)
        assert not bars.grab().isNull()


def test_statuses_are_told_apart_without_colour(bars: DurationBars) -> None:
    """The same bar in each status, in grey: no two look alike."""
    images = []
    for status in STATUSES:
        bars.show_runs(PastRuns("p", (PastRun("r", status, None, 60.0),)))
        images.append(bars.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8))
    shares = [_dark_share(image) for image in images]
    assert len({round(share, 2) for share in shares}) == 3, shares


def _dark_share(image: QImage) -> float:
    """The share of dark points within the bar."""
    middle = image.width() // 2 + 30
    points = [(x, y) for x in range(middle - 12, middle + 12) for y in range(60, 150)]
    return sum(image.pixelColor(x, y).lightness() < 160 for x, y in points) / len(points)


def test_it_is_read_when_seen_once_for_many_changes_and_again_after_a_failure(qtbot: QtBot, gateway: Gateway) -> None:
    asked: list[str] = []
    go = threading.Event()
    fails = threading.Event()

    def read(pipeline: str, limit: int) -> PastRuns:
        asked.append(pipeline)
        assert go.wait(10)
        if fails.is_set():
            raise StoreUnavailable("The database does not answer.")
        return past(5, pipeline)

    view = HistoryView(gateway, read)
    view._rest.setInterval(1)
    view.show_pipeline("flights")
    view.look_again()
    assert asked == []  # nobody looks
    view.show()
    qtbot.waitUntil(lambda: asked == ["flights"])
    for _ in range(5):
        view.look_again()
    view.show_pipeline("other")  # while the first is being read
    go.set()
    summary = found(view, type(view._summary), "historySummary")
    qtbot.waitUntil(lambda: summary.text().startswith("Of the last 5 runs"))
    assert asked == ["flights", "other"]
    fails.set()
    view.look_again()
    qtbot.waitUntil(lambda: summary.text() == "Its past can't be read now: The database does not answer.")
    fails.clear()  # and nobody asks for it: it looks again by itself
    qtbot.waitUntil(lambda: summary.text().startswith("Of the last 5 runs"))
    view.hide()
    count = len(asked)
    view.look_again()
    assert len(asked) == count
    view.show_pipeline(None)
    assert summary.text() == "Select a run to see the past of its pipeline."
    shiboken6.delete(view)


def test_rates_are_those_of_one_run_and_bounded() -> None:
    log = RateLog()
    log.note(idle(), 0.0)
    log.note(running("a", progress={"text": "job 3"}), 1.0)  # a batch job has none
    assert log.of("a") == ()
    for second in range(KEPT + 5):
        log.note(
            running("a", progress={"text": "", "input_rows_per_second": 10.0, "processed_rows_per_second": 9.0}),
            float(second),
        )
    assert len(log.of("a")) == KEPT
    assert log.of("a")[0].at == 5.0
    log.note(idle(), 9e9)
    assert len(log.of("a")) == KEPT  # it has ended, and can still be looked at
    log.note(running("b", progress=None), 9e9)
    assert log.of("a") == log.of("b") == log.of(None) == ()


def test_where_nothing_was_known_no_line_is_drawn() -> None:
    rates = [Rates(0, 1, 1), Rates(2, None, 2), Rates(4, 3, 3), Rates(500, 4, 4), Rates(502, 5, 5)]
    assert _parts(rates, lambda one: one.input) == [[(0, 1)], [(4, 3)], [(500, 4), (502, 5)]]
    assert rates_text(rates) == "5 rows per second come in, 5 rows per second are processed; seen for 8.4 min."


@pytest.mark.parametrize("rates", [[], [Rates(1, 0, 0)], [Rates(n, n * 1e5, None) for n in range(400)]])
def test_any_rates_can_be_painted(qapp: QApplication, rates: list[Rates]) -> None:
    lines = RateLines()
    lines.resize(500, 120)
    lines.show_rates(rates)
    assert not lines.grab().isNull()
    shiboken6.delete(lines)


@pytest.mark.parametrize("largest", [0.001, 0.9, 1, 7, 60, 61, 1e3, 86_399, 1e6, 3e8])
def test_an_axis_has_few_lines_and_reaches_the_top(largest: float) -> None:
    assert largest <= duration_step(largest, 4) * 4
    assert duration_step(largest, 4) == 1 or duration_step(largest, 4) * 4 < largest * 4
    assert largest <= number_step(largest, 3) * 3 * 1.0001
    assert number_step(largest, 3) * 3 <= largest * 2.6


def test_short_texts() -> None:
    texts = [short_duration(seconds) for seconds in (0, 0.5, 90, 900, 5400, 172_800)]
    assert texts == ["0 s", "0.5 s", "1.5 min", "15 min", "1.5 h", "2 d"]
    assert [short_number(number) for number in (0, 950, 12_000, 1.5e6, 2e9)] == ["0", "950", "12k", "1.5M", "2G"]


def test_the_theme_is_followed(qtbot: QtBot, gateway: Gateway) -> None:
    from tests.window.screenshots import dark_palette

    view = HistoryView(gateway, lambda pipeline, limit: past(5, pipeline))
    view.show()
    before = view._pointed.palette().color(QPalette.ColorRole.WindowText)
    view.setPalette(dark_palette())
    assert view._pointed.palette().color(QPalette.ColorRole.WindowText) != before
    shiboken6.delete(view)
