"""The next times of a schedule over HTTP, before it is saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.service.conftest import VIEWER_TOKEN
from tests.service.harness import Service
from tests.service.test_api import code_of

TIMES = "/api/pipeline/schedule-times"


def test_the_next_five_are_those_of_one_that_is_saved(service: Service) -> None:
    plan = {"cron": "0 2 29 2 *", "zone": "Europe/Berlin"}
    answer = service.get(TIMES, params=plan)
    assert [time[4:16] for time in answer.json()["next"]] == ["-02-29T01:00"] * 5
    saved = service.request("POST", "/api/pipeline/schedules", json={"name": "s", "configuration": "flights", **plan})
    assert saved.json()["next"] == answer.json()["next"]
    service.execute("DELETE FROM pipeline_schedules")
    again = service.get(TIMES, params=plan, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_minutes_begin_and_end_where_that_is_said(service: Service) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    said = {"every_minutes": "30", "starts_at": begin.isoformat(), "ends_at": (begin + timedelta(hours=1)).isoformat()}
    found = [datetime.fromisoformat(time) for time in service.get(TIMES, params=said).json()["next"]]
    assert found == [begin, begin + timedelta(minutes=30), begin + timedelta(minutes=60)]
    past = service.get(TIMES, params={"cron": "0 2 * * *", "ends_at": "2020-01-01"})
    assert past.json() == {"next": []}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "cron"),
        ({"cron": "0 2 * * *", "every_minutes": "5"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"every_minutes": "0"}, "every_minutes"),
        ({"every_minutes": "often"}, "every_minutes"),
        ({"every_minutes": "5", "zone": "Mars/Olympus\0"}, "zone"),
        ({"every_minutes": "5", "starts_at": "soon"}, "starts_at"),
        ({"every_minutes": "5", "starts_at": "2027-01-02", "ends_at": "2027-01-01"}, "ends_at"),
    ],
)
def test_what_is_wrong_is_named(service: Service, said: dict[str, str], field: str) -> None:
    answer = service.get(TIMES, params=said)
    assert code_of(answer, 422) == "invalid"
    assert answer.json()["field"] == field


def test_who_may_look_may_ask_and_nobody_else(guarded: Service) -> None:
    guarded.token = VIEWER_TOKEN
    assert len(guarded.json(f"{TIMES}?every_minutes=5")["next"]) == 5
    guarded.token = None
    assert code_of(guarded.get(TIMES, params={"every_minutes": "5"}), 401) == "unauthenticated"
