"""Moments and durations as people read them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from pipeline_gui.window.times import clock_text, local_text, moment_tooltip, parse_moment

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone whose distance to UTC is no whole number of hours."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00"),
        (764.9, "00:12:44"),
        (86_399, "23:59:59"),
        (2 * 86_400 + 3 * 3600 + 245, "2 d 03:04:05"),
        (-3, "00:00:00"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_a_duration_is_a_clock(seconds: float | None, text: str) -> None:
    assert clock_text(seconds) == text


def test_a_true_duration_is_rounded() -> None:
    assert clock_text(10.6, to_nearest=True) == "00:00:11"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 23, 8, 32, 11, tzinfo=UTC), "14:02:11"),
        (datetime(2026, 11, 22, 18, 29, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 11, 22, 18, 30, 0, tzinfo=UTC), "00:00:00"),
        (datetime(2026, 3, 1, 10, 0, tzinfo=UTC), "1 Mar 15:30"),
        (datetime(2024, 3, 1, 10, 0, tzinfo=UTC), "2024-03-01 15:30"),
        (datetime(2026, 11, 24, 10, 0, tzinfo=UTC), "24 Nov 15:30"),
        (None, "–"),
    ],
)
def test_a_moment_is_local_and_short(moment: datetime | None, text: str) -> None:
    assert local_text(moment, TODAY) == text


def test_hovering_says_utc_as_well() -> None:
    said = moment_tooltip(datetime(2026, 11, 23, 8, 32, 11, tzinfo=UTC))
    assert "14:02:11 IST" in said
    assert "08:32:11 UTC" in said


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_shown_too(moment: datetime) -> None:
    assert str(moment.year) in local_text(moment, TODAY)
    assert "UTC" in moment_tooltip(moment)


@pytest.mark.parametrize("text", [None, "", "infinity", "yesterday"])
def test_what_is_no_moment_is_none(text: str | None) -> None:
    assert parse_moment(text) is None


def test_a_moment_of_an_answer_is_read() -> None:
    assert parse_moment("2026-11-23T16:01:22.123456Z") == datetime(2026, 11, 23, 16, 1, 22, 123456, tzinfo=UTC)
