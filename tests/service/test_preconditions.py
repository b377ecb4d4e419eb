"""Configurations, schedules and alerts take If-Match and If-None-Match alike, and their ETags are of what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.service.harness import Service
from tests.service.test_api import code_of

BODIES: dict[str, dict[str, Any]] = {
    "configurations": {"file": "/srv/n.py"},
    "schedules": {"configuration": "flights", "cron": "0 2 29 2 *"},
    "alerts": {"condition": "failed", "receiver": "ops", "pipeline": "flights"},
}


class Collection:
    """One of the three, as a client sees it."""

    def __init__(self, service: Service, kind: str) -> None:
        self._service = service
        self._at = f"/api/pipeline/{kind}"
        self._body = BODIES[kind]

    def get(self, name: str, if_none_match: str) -> requests.Response:
        """GET, unless it is known."""
        return self._service.get(f"{self._at}/{name}", headers={"If-None-Match": if_none_match})

    def put(self, name: str, if_match: str | None = None, new_name: str | None = None) -> requests.Response:
        """PUT, based on an ETag; without one, a new one."""
        given = {"If-None-Match": "*"} if if_match is None else {"If-Match": if_match}
        body = {**self._body, "name": new_name or name}
        return self._service.request("PUT", f"{self._at}/{name}", json=body, headers=given)

    def delete(self, name: str, if_match: str) -> requests.Response:
        """DELETE, based on an ETag."""
        return self._service.request("DELETE", f"{self._at}/{name}", headers={"If-Match": if_match})

    def saved(self, name: str) -> str:
        """Save a new one; its ETag."""
        answer = self.put(name)
        assert answer.status_code == 201, answer.text
        return answer.headers["ETag"]


@pytest.fixture(params=BODIES)
def collection(service: Service, open_service: Service, request: pytest.FixtureRequest) -> Iterator[Collection]:
    """Each of them; nothing is left behind."""
    yield Collection(service, request.param)
    open_service.execute(f"DELETE FROM pipeline_{request.param}")


def test_what_is_known_is_not_sent_again(collection: Collection) -> None:
    seen = collection.saved("nightly")
    for known in (seen, f'"x", {seen}', f"W/{seen}", "*"):
        answer = collection.get("nightly", known)
        assert (answer.status_code, answer.text) == (304, "")
        assert answer.headers["ETag"] == seen
    for other in ('"x"', seen.replace("-", "0-", 1), seen.strip('"')):
        assert collection.get("nightly", other).status_code == 200
    changed = collection.put("nightly", seen, new_name="Nightly").headers["ETag"]
    answer = collection.get("nightly", seen)
    assert (answer.status_code, answer.headers["ETag"]) == (200, changed)


def test_a_new_one_takes_no_place_that_is_taken(collection: Collection) -> None:
    collection.saved("nightly")
    assert code_of(collection.put("nightly"), 409) == "name-taken"
    assert code_of(collection.put("NIGHTLY"), 409) == "name-taken"


def test_what_is_there_no_more_is_not_changed(collection: Collection) -> None:
    seen = collection.saved("nightly")
    assert collection.delete("nightly", seen).status_code == 204
    for late in (collection.put("nightly", seen), collection.delete("nightly", seen)):
        assert code_of(late, 412) == "changed"
        assert "deleted" in late.json()["detail"]


def test_what_has_another_name_by_now_is_not_changed_under_its_old_one(collection: Collection) -> None:
    seen = collection.saved("nightly")
    renamed = collection.put("nightly", seen, new_name="weekly").headers["ETag"]
    for tag in (seen, renamed):
        for late in (collection.put("nightly", tag), collection.delete("nightly", tag)):
            assert code_of(late, 412) == "changed"


def test_what_never_was_there_is_not_found(collection: Collection) -> None:
    seen = collection.saved("nightly")
    for wrong in (collection.put("nope", seen), collection.delete("nope", seen)):
        assert code_of(wrong, 404) == "not-found"


def test_another_one_of_the_name_is_not_changed(collection: Collection) -> None:
    seen, weekly = collection.saved("nightly"), collection.saved("weekly")
    for wrong in (collection.put("nightly", weekly), collection.delete("nightly", weekly)):
        assert code_of(wrong, 412) == "changed"
        assert "is another" in wrong.json()["detail"]
    collection.delete("nightly", seen)
    collection.saved("nightly")
    for late in (collection.put("nightly", seen), collection.delete("nightly", seen)):
        assert code_of(late, 412) == "changed"


def test_what_an_alert_told_makes_its_answer_another_and_no_change_void(
    service: Service, open_service: Service
) -> None:
    alerts = Collection(service, "alerts")
    seen = alerts.saved("nightly")
    service.execute(
        "INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, run_id, facts) "
        """SELECT alert_id, name, receiver, condition, 'run r1', 'r1', '{"status": "failed", "pipeline": "flights"}' """
        "FROM pipeline_alerts"
    )
    found = alerts.get("nightly", seen)
    assert (found.status_code, len(found.json()["messages"])) == (200, 1)
    assert alerts.put("nightly", seen).status_code == 200
    open_service.execute("DELETE FROM pipeline_alerts")
    open_service.execute("DELETE FROM pipeline_alert_messages")
