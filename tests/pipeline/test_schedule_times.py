"""The times of a schedule: zones, clocks that are set, leap days, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.schedule import Plan
from pipeline_gui.schedules.checks import checked_schedule


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(plan: Plan, after: str, count: int) -> list[str]:
    moments = islice(plan.after(utc(after), utc("2026-01-01")), count)
    return [moment.strftime("%m-%d %H:%M") for moment in moments]


@pytest.mark.parametrize(
    ("zone", "cron", "after", "expected"),
    [
        # 02:30 does not come on the day that clocks go forward: right after the gap, once.
        ("Europe/Berlin", "30 2 * * *", "2026-03-28", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("America/New_York", "30 2 * * *", "2026-03-07", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        # It comes twice when they go back: the first time.
        ("Europe/Berlin", "30 2 * * *", "2026-10-24", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("America/New_York", "30 1 * * *", "2026-10-31", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("Europe/Berlin", "0,30 2 29 3 *", "2026-03-28", ["03-29 01:00"]),  # both fall together
        # What comes every hour goes by the time that passes.
        ("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:15", ["03-29 00:30", "03-29 01:00", "03-29 01:30"]),
        ("Europe/Berlin", "*/30 * * * *", "2026-10-25T00:15", ["10-25 00:30", "10-25 01:00", "10-25 01:30"]),
        ("UTC", "0 0 29 2 *", "2026-01-01", ["02-29 00:00"]),
        ("UTC", "59 23 31 12 *", "2026-12-31T23:58", ["12-31 23:59", "12-31 23:59"]),
    ],
)
def test_cron_in_a_zone(zone: str, cron: str, after: str, expected: list[str]) -> None:
    assert times(Plan(cron=cron, zone=zone), after, len(expected)) == expected


@pytest.mark.parametrize("plan", [{"every_minutes": 525_600}, {"cron": "0 0 * * *", "zone": "Asia/Tokyo"}])
def test_the_times_end_with_the_dates(plan: dict[str, Any]) -> None:
    found = list(Plan(**plan, starts_at=utc("9999-12-30T12:00")).after(utc("2026-01-01"), utc("2026-01-01")))
    assert 1 <= len(found) <= 2
    assert (
        list(Plan(**plan, starts_at=utc("9999-12-31T23:59:59")).after(utc("2026-01-01"), utc("2026-01-01")))[1:] == []
    )


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00"])
def test_a_moment_that_has_no_date_in_utc_is_refused(moment: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="years 1 to 9999"):
        checked_schedule({"name": "s", "configuration": "app", "every_minutes": 1, "starts_at": moment})


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/20 * * * *", "0,30 1-3 * * *", "15 */6 * * 1-5"])
def test_wherever_one_begins_the_times_are_the_same_and_ascend(zone: str, cron: str) -> None:
    plan = Plan(cron=cron, zone=zone)
    for begin in (utc("2026-03-27"), utc("2026-10-23"), utc("2026-04-03")):
        end = begin + timedelta(days=4)
        whole = [time for time in islice(plan.after(begin, begin), 400) if time <= end]
        assert whole == sorted(set(whole))
        for minutes in range(0, 4 * 1440, 35):
            moment = begin + timedelta(minutes=minutes)
            following = next(plan.after(moment, begin))
            later = [time for time in whole if time > moment]
            assert following == later[0] if later else following > end, moment


def test_every_so_many_minutes_is_counted_from_the_start_whatever_the_clocks_are_set_to() -> None:
    plan = Plan(every_minutes=90, zone="Europe/Berlin", starts_at=utc("2026-03-28T22:10"))
    assert times(plan, "2026-03-28T20:00", 4) == ["03-28 22:10", "03-28 23:40", "03-29 01:10", "03-29 02:40"]
    assert times(plan, "2026-03-29T01:10", 1) == ["03-29 02:40"]
    made = Plan(every_minutes=7)
    assert next(made.after(utc("2026-01-01T00:00:30"), utc("2026-01-01T00:00:30"))) == utc("2026-01-01T00:07")


def test_between_its_start_and_its_end() -> None:
    plan = Plan(cron="0 * * * *", starts_at=utc("2026-05-01T10:00"), ends_at=utc("2026-05-01T12:00"))
    assert times(plan, "2026-04-01", 9) == ["05-01 10:00", "05-01 11:00", "05-01 12:00"]
    assert times(plan, "2026-05-01T12:00", 9) == []


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({}, "cron", "either"),
        ({"cron": "0 2 * * *", "every_minutes": 5}, "cron", "either"),
        ({"cron": "0 2 * *"}, "cron", "five fields"),
        ({"cron": "* 0 2 * * *"}, "cron", "five fields"),
        ({"cron": "61 2 * * *"}, "cron", "minute"),
        ({"cron": "0 0 30 2 *"}, "cron", "day"),
        ({"every_minutes": 0}, "every_minutes", "from 1"),
        ({"every_minutes": True}, "every_minutes", "whole"),
        ({"every_minutes": 5, "zone": "Mars/Olympus"}, "zone", "zone"),
        ({"every_minutes": 5, "zone": "../../etc/passwd"}, "zone", "zone"),
        ({"every_minutes": 5, "starts_at": "soon"}, "starts_at", "moment"),
        ({"every_minutes": 5, "starts_at": "2026-02-01", "ends_at": "2026-01-01"}, "ends_at", "before"),
        ({"every_minutes": 5, "when_busy": "kill"}, "when_busy", "skip, wait or replace"),
        ({"every_minutes": 5, "catch_up_seconds": float("nan")}, "catch_up_seconds", "from 0"),
        ({"every_minutes": 5, "is_enabled": "yes"}, "is_enabled", "true or false"),
        ({"every_minutes": 5, "name": " "}, "name", "line of text"),
        ({"every_minutes": 5, "configuration": None}, "configuration", "line of text"),
        ({"every_minute": 5}, "every_minute", "every_minutes"),
    ],
)
def test_what_is_wrong_is_refused_and_named(values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=words) as caught:
        checked_schedule({"name": "n", "configuration": "c", **values})
    assert caught.value.field == field


def test_a_moment_without_an_offset_is_meant_in_the_zone() -> None:
    values = checked_schedule(
        {"name": "n", "configuration": "c", "cron": "0 2 * * *", "zone": "Europe/Berlin", "starts_at": "2026-12-24"}
    )
    assert values["starts_at"].astimezone(UTC) == utc("2026-12-23T23:00")
