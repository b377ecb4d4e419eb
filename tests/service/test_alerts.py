"""Alerts over HTTP: changed only by who has seen what is there, and tried through the service itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.alerts.hooks import hook
from tests.command_server.harness import CommandServer
from tests.service.conftest import VIEWER_TOKEN
from tests.service.harness import Service, running_service
from tests.service.test_api import code_of
from tests.waiting import wait_until

ALERTS = "/api/pipeline/alerts"
BODY: dict[str, Any] = {"condition": "failed", "receiver": "ops", "pipeline": "flights"}
NEW = {"If-None-Match": "*"}


@pytest.fixture(autouse=True)
def none_saved(open_service: Service) -> Iterator[None]:
    """Begin once the service has said what it delivers, a moment after it answers; leave nothing behind."""
    told = "SELECT trouble FROM pipeline_alert_services WHERE strpos(trouble, %s) > 0"
    wait_until(lambda: open_service.execute(told, str(open_service.folder)), 20, "what the service delivers")
    yield
    open_service.execute("DELETE FROM pipeline_alerts")
    open_service.execute("DELETE FROM pipeline_alert_messages")
    open_service.execute("DELETE FROM pipeline_alert_services WHERE receivers <> '[]'")  # killed, they stay for minutes


def at(name: str) -> str:
    """Its address."""
    return f"{ALERTS}/{quote(name, safe='')}"


def put(service: Service, name: str, body: dict[str, Any], **headers: str) -> requests.Response:
    """PUT; underscores in the names of headers become hyphens."""
    given = {header.replace("_", "-"): value for header, value in headers.items()}
    return service.request("PUT", at(name), json=body, headers=given or NEW)


def saved(service: Service, name: str = "nightly", **more: Any) -> str:
    """Save a new one; its ETag."""
    answer = put(service, name, {**BODY, **more})
    assert answer.status_code == 201, answer.text
    return answer.headers["ETag"]


@pytest.mark.parametrize("name", ["nightly", "jede Nacht", "a/b"])
def test_a_new_one_is_where_its_location_says(service: Service, name: str) -> None:
    answer = put(service, name, BODY)
    assert answer.status_code == 201, answer.text
    found = service.get(answer.headers["Location"])
    assert found.headers["ETag"] == answer.headers["ETag"]
    assert found.json() == answer.json()
    assert (found.json()["name"], found.json()["revision"], found.json()["messages"]) == (name, 1, [])
    listed = service.json(ALERTS)
    assert [alert["name"] for alert in listed["alerts"]] == [name]
    assert listed["receivers"] == []
    assert "can't use its receivers: there is no file" in listed["alerts"][0]["not_delivered_because"]


def test_who_comes_second_changes_nothing(service: Service) -> None:
    seen = saved(service)
    first = put(service, "nightly", {**BODY, "condition": "ended"}, If_Match=seen)
    assert first.status_code == 200, first.text
    assert code_of(put(service, "nightly", BODY, If_Match=seen), 412) == "changed"
    assert code_of(service.request("DELETE", at("nightly"), headers={"If-Match": seen}), 412) == "changed"
    assert service.json(at("nightly"))["condition"] == "ended"
    renamed = put(service, "nightly", {**BODY, "name": "weekly"}, If_Match=first.headers["ETag"])
    assert renamed.json()["name"] == "weekly"
    saved(service)
    assert code_of(put(service, "nightly", BODY, If_Match=renamed.headers["ETag"]), 412) == "changed"
    gone = service.request("DELETE", at("weekly"), headers={"If-Match": renamed.headers["ETag"]})
    assert (gone.status_code, gone.text) == (204, "")
    assert code_of(service.get(at("weekly")), 404) == "not-found"


def test_a_change_is_whole_and_says_what_it_is_based_on(service: Service) -> None:
    seen = saved(service, condition="limit", minutes=5)
    assert code_of(service.request("PUT", at("nightly"), json=BODY), 428) == "precondition-required"
    assert code_of(service.request("DELETE", at("nightly")), 428) == "precondition-required"
    assert code_of(put(service, "nightly", BODY, If_Match='"x"'), 422) == "invalid"
    assert code_of(put(service, "NIGHTLY", BODY), 409) == "name-taken"
    assert code_of(put(service, "nope", BODY, If_Match=seen), 404) == "not-found"
    changed = put(service, "nightly", {"condition": "ended", "receiver": "ops"}, If_Match=seen)
    assert (changed.json()["minutes"], changed.json()["pipeline"]) == (None, None)


def test_what_can_not_be_saved_names_its_field(service: Service) -> None:
    for body, field in (
        ({**BODY, "receiver": "https://hooks.example/s3cret"}, "receiver"),
        ({**BODY, "condition": "sometimes"}, "condition"),
        ({**BODY, "minutes": 5}, "minutes"),
        ({**BODY, "name": "other"}, "name"),
        ({**BODY, "reciever": "x"}, "reciever"),
    ):
        answer = put(service, "nightly", body)
        assert code_of(answer, 422) == "invalid"
        assert answer.json()["field"] == field
        assert "s3cret" not in answer.text
    assert service.json(ALERTS)["alerts"] == []


def test_a_viewer_reads_and_neither_changes_nor_tries(guarded: Service) -> None:
    seen = saved(guarded)
    guarded.token = VIEWER_TOKEN
    assert guarded.json(at("nightly"))["name"] == "nightly"
    assert guarded.json("/api/pipeline/alert-messages") == {"messages": []}
    assert code_of(put(guarded, "nightly", BODY, If_Match=seen), 403) == "forbidden"
    assert code_of(guarded.post(f"{at('nightly')}/test"), 403) == "forbidden"


def test_what_it_told_is_there(service: Service) -> None:
    saved(service)
    service.execute(
        "INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, run_id, facts) "
        """SELECT alert_id, name, receiver, condition, 'run r1', 'r1', '{"status": "failed", "pipeline": "flights"}' """
        "FROM pipeline_alerts"
    )
    [told] = service.json(at("nightly"))["messages"]
    assert (told["run_id"], told["state"], told["sentence"]) == ("r1", "waiting", "“flights” failed.")
    assert service.json("/api/pipeline/alert-messages")["messages"] == [told]


def test_a_test_says_what_the_receiver_answered(
    tmp_path: Path, session_database: str, spark_server: CommandServer
) -> None:
    file = tmp_path / "receivers.toml"
    with hook() as hooked:
        file.write_text(f'[receivers.ops]\nkind = "webhook"\nurl = "{hooked.url}"\nreach = "any"\n')
        file.chmod(0o600)
        with running_service(tmp_path / "s", session_database, spark_server, "--receivers-file", str(file)) as service:
            saved(service)
            assert service.post(f"{at('nightly')}/test").json() == {
                "success": True, "message": "127.0.0.1 answered 200 OK: thanks",
            }  # fmt: skip
            assert hooked.received[0].body["kind"] == "test"
            hooked.mood = "500"
            tried = service.post(f"{at('nightly')}/test").json()
            assert (tried["success"], "answered 500" in tried["message"]) == (False, True)
            assert {"name": "ops", "kind": "webhook"} in service.json(ALERTS)["receivers"]
            assert code_of(service.post(f"{at('nope')}/test"), 404) == "not-found"
