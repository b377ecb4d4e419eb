"""Saved configurations over HTTP: changed only by who has seen what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.service.conftest import VIEWER_TOKEN
from tests.service.harness import Service
from tests.service.test_api import code_of

CONFIGURATIONS = "/api/pipeline/configurations"
BODY: dict[str, Any] = {"file": "/srv/n.py", "args": ["a"], "conf": {"spark.password": "${secret:P}"}}
NEW = {"If-None-Match": "*"}


@pytest.fixture(autouse=True)
def none_saved(open_service: Service) -> Iterator[None]:
    """Leave no configuration behind."""
    yield
    open_service.execute("DELETE FROM pipeline_configurations")


def at(name: str) -> str:
    """Its address."""
    return f"{CONFIGURATIONS}/{quote(name, safe='')}"


def put(service: Service, name: str, body: dict[str, Any], **headers: str) -> requests.Response:
    """PUT; underscores in the names of headers become hyphens."""
    given = {header.replace("_", "-"): value for header, value in headers.items()}
    return service.request("PUT", at(name), json=body, headers=given or NEW)


def saved(service: Service, name: str = "nightly", **more: Any) -> str:
    """Save a new one; its ETag."""
    answer = put(service, name, {**BODY, **more})
    assert answer.status_code == 201, answer.text
    return answer.headers["ETag"]


@pytest.mark.parametrize("name", ["nightly", "jede Nacht", "a/b", "ä%20"])
def test_a_new_one_is_where_its_location_says(service: Service, name: str) -> None:
    answer = put(service, name, BODY)
    assert answer.status_code == 201, answer.text
    found = service.get(answer.headers["Location"])
    assert found.headers["ETag"] == answer.headers["ETag"]
    assert found.json() == answer.json()
    assert found.json()["configuration"] == {"name": name, **BODY}
    assert "spark.password=${secret:P}" in found.json()["command"]
    listed = service.json(CONFIGURATIONS)
    assert name in listed["configurations"]
    assert next(entry for entry in listed["entries"] if entry["name"] == name)["revision"] == 1
    not_modified = service.get(answer.headers["Location"], headers={"If-None-Match": found.headers["ETag"]})
    assert not_modified.status_code == 304


def test_who_comes_second_is_told_what_changed(service: Service) -> None:
    seen = saved(service)
    first = put(service, "nightly", {**BODY, "args": ["b"]}, If_Match=seen)
    assert first.status_code == 200, first.text
    second = put(service, "nightly", {**BODY, "driver_memory": "2g"}, If_Match=seen)
    assert code_of(second, 412) == "changed"
    told = second.json()
    assert told["revision"] == 2
    (change,) = told["changes"]
    assert (change["field"], change["before"], change["after"]) == ("args", "[a]", "[b]")
    assert "Nothing was overwritten" in told["detail"]
    assert code_of(service.request("DELETE", at("nightly"), headers={"If-Match": seen}), 412) == "changed"
    assert service.json(at("nightly"))["configuration"]["args"] == ["b"]
    gone = service.request("DELETE", at("nightly"), headers={"If-Match": first.headers["ETag"]})
    assert (gone.status_code, gone.text) == (204, "")
    assert code_of(service.get(at("nightly")), 404) == "not-found"
    late = put(service, "nightly", BODY, If_Match=first.headers["ETag"])
    assert code_of(late, 412) == "changed"
    assert "deleted by" in late.json()["detail"]
    assert late.json()["revision"] is None


def test_a_change_says_what_it_is_based_on(service: Service) -> None:
    seen = saved(service)
    bare = service.request("PUT", at("nightly"), json=BODY)
    assert code_of(bare, 428) == "precondition-required"
    assert code_of(service.request("DELETE", at("nightly")), 428) == "precondition-required"
    assert code_of(put(service, "nightly", BODY, If_Match='"x"'), 422) == "invalid"
    assert code_of(put(service, "NIGHTLY", BODY), 409) == "name-taken"
    assert code_of(put(service, "flights", BODY), 409) == "name-taken"
    assert code_of(put(service, "flights", BODY, If_Match=seen), 422) == "invalid"
    weekly = saved(service, "weekly")
    assert code_of(put(service, "nightly", BODY, If_Match=weekly), 412) == "changed"
    assert code_of(put(service, "nightly", {**BODY, "name": "Weekly"}, If_Match=seen), 409) == "name-taken"
    renamed = put(service, "nightly", {**BODY, "name": "monthly"}, If_Match=seen)
    assert renamed.json()["name"] == "monthly"
    assert code_of(put(service, "nightly", BODY, If_Match=seen), 412) == "changed"


def test_what_can_not_be_saved_names_its_field(service: Service) -> None:
    for body, field in (
        ({**BODY, "conf": {"spark.password": "hunter2"}}, "conf"),
        ({**BODY, "driver_memory": "much"}, "driver_memory"),
        ({"args": []}, "file"),
        ({**BODY, "name": "other"}, "name"),
    ):
        answer = put(service, "nightly", body)
        assert code_of(answer, 422) == "invalid"
        assert answer.json()["field"] == field
        assert "hunter2" not in answer.text
    assert "hunter2" not in service.log


def test_a_viewer_reads_and_changes_nothing(guarded: Service) -> None:
    seen = saved(guarded)
    guarded.token = VIEWER_TOKEN
    assert guarded.json(at("nightly"))["name"] == "nightly"
    assert code_of(put(guarded, "other", BODY), 403) == "forbidden"
    assert code_of(put(guarded, "nightly", BODY, If_Match=seen), 403) == "forbidden"
    assert code_of(guarded.request("DELETE", at("nightly"), headers={"If-Match": seen}), 403) == "forbidden"


def test_it_is_recorded_who_changed_it(guarded: Service) -> None:
    answer = guarded.request("PUT", at("nightly"), json=BODY, headers={**NEW, "X-Operator-Name": "ana"})
    assert answer.json()["changed_by"].startswith("ana@")
    assert any(entry.get("action") == "save a configuration" and entry["user"] == "ana" for entry in guarded.entries())


def test_what_can_be_done_with_an_address_is_said(service: Service) -> None:
    answer = service.request("PATCH", at("nightly"))
    assert code_of(answer, 405) == "method-not-allowed"
    assert {"GET", "PUT", "DELETE"} <= set(answer.headers["Allow"].split(", "))
