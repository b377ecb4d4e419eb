"""Schedules over HTTP: changed only by who has seen what is there, and never by a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.service.conftest import VIEWER_TOKEN
from tests.service.harness import Service
from tests.service.test_api import code_of

SCHEDULES = "/api/pipeline/schedules"
BODY: dict[str, Any] = {"configuration": "flights", "cron": "0 2 29 2 *", "zone": "Europe/Berlin"}
NEW = {"If-None-Match": "*"}


@pytest.fixture(autouse=True)
def none_saved(open_service: Service) -> Iterator[None]:
    """Leave no schedule behind."""
    yield
    open_service.execute("DELETE FROM pipeline_schedules")


def at(name: str) -> str:
    """Its address."""
    return f"{SCHEDULES}/{quote(name, safe='')}"


def ask(service: Service, method: str, name: str, body: dict[str, Any] | None = None, **if_match: str) -> Any:
    """A change, based on an ETag where one is given."""
    headers = {"If-Match": if_match["seen"]} if "seen" in if_match else {}
    return service.request(method, at(name), json=body, headers=headers)


def saved(service: Service, name: str = "nightly", **more: Any) -> str:
    """Save a new one; its ETag."""
    answer = service.request("POST", SCHEDULES, json={"name": name, **BODY, **more})
    assert answer.status_code == 201, answer.text
    return answer.headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("name", ["nightly", "jede Nacht", "a/b", "ä%20"])
def test_a_new_one_is_where_its_location_says(service: Service, method: str, name: str) -> None:
    answer: requests.Response
    if method == "POST":
        answer = service.request("POST", SCHEDULES, json={"name": name, **BODY})
    else:
        answer = service.request("PUT", at(name), json=BODY, headers=NEW)
    assert answer.status_code == 201, answer.text
    found = service.get(answer.headers["Location"])
    assert found.headers["ETag"] == answer.headers["ETag"]
    assert found.json() == answer.json()
    assert (found.json()["name"], found.json()["cron"], found.json()["revision"]) == (name, "0 2 29 2 *", 1)
    assert (found.json()["is_enabled"], len(found.json()["next"]), found.json()["decided"]) == (True, 5, [])
    again = service.get(answer.headers["Location"], headers={"If-None-Match": found.headers["ETag"]})
    assert again.status_code == 304
    assert [one["name"] for one in service.json(SCHEDULES)["schedules"]] == [name]


def test_some_of_it_is_changed_and_the_rest_stays(service: Service) -> None:
    seen = saved(service, when_busy="wait", retries=2)
    answer = ask(service, "PATCH", "nightly", {"every_minutes": 30, "retries": None}, seen=seen)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["cron"], changed["every_minutes"], changed["when_busy"]) == (None, 30, "wait")
    assert (changed["retries"], changed["revision"]) == (0, 2)
    paused = ask(service, "PATCH", "nightly", {"is_enabled": False}, seen=answer.headers["ETag"])
    assert (paused.json()["is_enabled"], paused.json()["next"]) == (False, [])


def test_all_of_it_is_said_anew(service: Service) -> None:
    seen = saved(service, when_busy="wait", retries=2)
    answer = ask(service, "PUT", "nightly", {"configuration": "flights", "every_minutes": 5}, seen=seen)
    said = answer.json()
    assert (said["name"], said["cron"], said["zone"], said["when_busy"]) == ("nightly", None, "UTC", "skip")
    assert (said["every_minutes"], said["retries"], said["revision"]) == (5, 0, 2)


def test_who_comes_second_is_told_and_nothing_is_overwritten(service: Service) -> None:
    seen = saved(service)
    first = ask(service, "PATCH", "nightly", {"retries": 1}, seen=seen)
    for method, body in (("PATCH", {"retries": 9}), ("PUT", BODY), ("DELETE", None)):
        second = ask(service, method, "nightly", body, seen=seen)
        assert code_of(second, 412) == "changed"
        assert "changed meanwhile by" in second.json()["detail"]
    assert service.json(at("nightly"))["retries"] == 1
    gone = ask(service, "DELETE", "nightly", seen=first.headers["ETag"])
    assert (gone.status_code, gone.text) == (204, "")
    assert code_of(service.get(at("nightly")), 404) == "not-found"
    late = ask(service, "PATCH", "nightly", {"retries": 1}, seen=first.headers["ETag"])
    assert code_of(late, 412) == "changed"
    assert "deleted" in late.json()["detail"]


def test_what_is_only_shown_beside_it_makes_no_change_void(service: Service) -> None:
    seen = saved(service)
    service.execute(
        "INSERT INTO pipeline_schedule_firings (schedule_id, due, outcome, sentence) "
        "SELECT schedule_id, '2024-02-29 01:00', 'missed', 'x' FROM pipeline_schedules"
    )
    found = service.get(at("nightly"), headers={"If-None-Match": seen})
    assert (found.status_code, len(found.json()["decided"])) == (200, 1)
    assert ask(service, "PATCH", "nightly", {"retries": 1}, seen=seen).status_code == 200


def test_a_change_says_what_it_is_based_on(service: Service) -> None:
    seen = saved(service)
    for method, body in (("PUT", BODY), ("PATCH", {"retries": 1}), ("DELETE", None)):
        assert code_of(ask(service, method, "nightly", body), 428) == "precondition-required"
        assert code_of(ask(service, method, "nightly", body, seen='"x"'), 422) == "invalid"
    weekly = saved(service, "weekly")
    assert code_of(ask(service, "PATCH", "nightly", {"retries": 1}, seen=weekly), 412) == "changed"
    renamed = ask(service, "PATCH", "nightly", {"name": "monthly"}, seen=seen)
    assert renamed.json()["name"] == "monthly"
    told = ask(service, "PATCH", "nightly", {"retries": 1}, seen=renamed.headers["ETag"])
    assert code_of(told, 412) == "changed"
    assert "renamed to “monthly”" in told.json()["detail"]


def test_a_name_is_taken_once(service: Service) -> None:
    saved(service)
    weekly = saved(service, "weekly")
    assert code_of(service.request("POST", SCHEDULES, json={"name": "NIGHTLY", **BODY}), 409) == "name-taken"
    assert code_of(service.request("PUT", at("nightly"), json=BODY, headers=NEW), 409) == "name-taken"
    assert code_of(ask(service, "PATCH", "weekly", {"name": "Nightly"}, seen=weekly), 409) == "name-taken"


def test_what_can_not_be_saved_names_its_field(service: Service) -> None:
    seen = saved(service)
    for body, field in (
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"zone": "Moon"}, "zone"),
        ({"configuration": "nope"}, "configuration"),
        ({"retries": 101}, "retries"),
        ({"retry_delay_seconds": -1}, "retry_delay_seconds"),
        ({"is_enabled": "no"}, "is_enabled"),
        ({"every": 5}, "every"),
        ({"starts_at": "soon"}, "starts_at"),
    ):
        for answer in (
            service.request("POST", SCHEDULES, json={"name": "other", **BODY, **body}),
            ask(service, "PATCH", "nightly", body, seen=seen),
        ):
            assert code_of(answer, 422) == "invalid"
            assert answer.json()["field"] == field
    answer = service.request("PUT", at("other"), json={**BODY, "name": "another"}, headers=NEW)
    assert (code_of(answer, 422), answer.json()["field"]) == ("invalid", "name")
    assert [one["name"] for one in service.json(SCHEDULES)["schedules"]] == ["nightly"]
    assert service.json(at("nightly"))["revision"] == 1


def test_a_viewer_reads_and_changes_nothing(guarded: Service) -> None:
    seen = saved(guarded)
    guarded.token = VIEWER_TOKEN
    assert guarded.json(at("nightly"))["name"] == "nightly"
    assert code_of(guarded.request("POST", SCHEDULES, json={"name": "other", **BODY}), 403) == "forbidden"
    for method, body in (("PUT", BODY), ("PATCH", {"retries": 1}), ("DELETE", None)):
        assert code_of(ask(guarded, method, "nightly", body, seen=seen), 403) == "forbidden"


def test_it_is_recorded_who_changed_it(guarded: Service) -> None:
    answer = guarded.request(
        "POST", SCHEDULES, json={"name": "nightly", **BODY}, headers={"X-Operator-Name": "ana"}
    )  # fmt: skip
    assert answer.json()["changed_by"].startswith("ana@")
    assert any(entry.get("action") == "save a schedule" and entry["user"] == "ana" for entry in guarded.entries())


def test_what_can_be_done_with_an_address_is_said(service: Service) -> None:
    answer = service.request("POST", at("nightly"))
    assert code_of(answer, 405) == "method-not-allowed"
    assert {"GET", "PUT", "PATCH", "DELETE"} <= set(answer.headers["Allow"].split(", "))
