"""Schedules over HTTP."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.service.harness import Service
from tests.service.test_api import code_of
from tests.waiting import wait_until

SCHEDULES = "/api/pipeline/schedules"


@pytest.fixture
def nightly(open_service: Service) -> Iterator[str]:
    """A schedule that is not due."""
    open_service.execute(
        "INSERT INTO pipeline_schedules (name, name_key, configuration, cron, zone) "
        "VALUES ('Jede Nacht', 'jede nacht', 'flights', '0 2 29 2 *', 'Europe/Berlin')"
    )
    yield "Jede%20Nacht"
    open_service.execute("DELETE FROM pipeline_schedules")


def test_they_are_listed_with_their_next_times(service: Service, nightly: str) -> None:
    [found] = service.json(SCHEDULES)["schedules"]
    assert (found["name"], found["cron"], found["zone"]) == ("Jede Nacht", "0 2 29 2 *", "Europe/Berlin")
    assert [time[4:16] for time in found["next"]] == ["-02-29T01:00"] * 5
    services = wait_until(lambda: service.json(SCHEDULES)["services"], what="the word of the service itself")
    assert {one["host"] for one in services} == {socket.gethostname()}
    etag = service.get(SCHEDULES).headers["ETag"]
    assert service.get(SCHEDULES, headers={"If-None-Match": etag}).status_code == 304


def test_one_says_what_became_of_its_times(service: Service, nightly: str) -> None:
    service.execute(
        "INSERT INTO pipeline_schedule_firings (schedule_id, due, outcome, sentence) "
        "SELECT schedule_id, '2024-02-29 01:00', 'skipped', '“etl” was running.' FROM pipeline_schedules"
    )
    service.execute(
        "INSERT INTO pipeline_schedule_firings (schedule_id, due, attempt, outcome, retry_of, sentence) "
        "SELECT schedule_id, '2024-02-29 01:00', 2, 'gave_up', 'r1', 'It failed.' FROM pipeline_schedules"
    )
    found = service.json(f"{SCHEDULES}/{nightly}")
    assert (found["retries"], found["retry_delay_seconds"]) == (0, 60)
    gave_up, decided = found["decided"]
    assert (gave_up["attempt"], gave_up["outcome"], gave_up["retry_of"]) == (2, "gave_up", "r1")
    assert (decided["attempt"], decided["retry_of"]) == (1, None)
    assert (decided["due"], decided["outcome"]) == ("2024-02-29T01:00:00.000000Z", "skipped")
    assert decided["sentence"] == "“etl” was running."
    assert found["revision"] == 1


@pytest.mark.parametrize("name", ["nope", "%00", "%FF", "a%2Fb", "x" * 5000])
def test_one_that_is_not_there(service: Service, name: str) -> None:
    answer = service.get(f"{SCHEDULES}/{name}")
    assert code_of(answer, 404) == "not-found"
