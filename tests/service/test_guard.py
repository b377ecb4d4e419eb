"""Who may ask what: everything is closed until somebody opens it, and a request says where it comes from."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fastapi.routing import APIRoute

from pipeline_gui.service.access import Access, Identity, Role, clean_name
from pipeline_gui.service.app import create_app
from pipeline_gui.service.guard import PUBLIC
from pipeline_gui.service.origins import Addresses, is_foreign
from tests.service.conftest import OPERATOR_TOKEN, VIEWER_TOKEN
from tests.service.harness import Service
from tests.service.test_api import START, STATUS, STOP, code_of


def every_route() -> Iterator[tuple[str, str]]:
    """The method and path of every route of the application."""

    class Anything:
        def __getattr__(self, name: str) -> Any:
            return Anything()

        def __call__(self, *arguments: Any, **options: Any) -> Any:
            return Anything()

    for route in create_app(Anything()).routes:  # type: ignore[arg-type]
        assert isinstance(route, APIRoute), f"{route} is not of the kind that this test knows"
        for method in route.methods or ():
            yield method, re.sub(r"\{\w+\}", "some-run", route.path)


ROUTES = sorted(every_route())


def test_the_walk_sees_the_routes() -> None:
    assert {("POST", START), ("POST", STOP), ("GET", "/"), ("GET", "/openapi.json"), ("POST", "/logout")} <= set(ROUTES)
    assert set(ROUTES) >= PUBLIC


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", [None, "wrong-token-0123456789", VIEWER_TOKEN + "x", ""])
def test_every_route_is_closed_to_those_who_are_not_known(
    guarded: Service, method: str, path: str, token: str | None
) -> None:
    guarded.token = token
    answer = guarded.request(method, path)
    if (method, path) in PUBLIC:
        assert answer.status_code != 401 or path == "/login"
        assert "flights" not in answer.text
    else:
        assert code_of(answer, 401) == "unauthenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_viewer_only_looks(guarded: Service, method: str, path: str) -> None:
    guarded.token = VIEWER_TOKEN
    answer = guarded.request(method, path, stream=True)
    with answer:
        if method == "GET":
            assert answer.status_code in (200, 303, 404, 422)  # the last where something must be said in the address
        elif path not in ("/login", "/logout"):
            assert code_of(answer, 403) == "forbidden"


def test_an_address_that_is_none_is_closed_too(guarded: Service) -> None:
    guarded.token = None
    for path in ("/nothing", "/docs", "/redoc", "/static/x", "//healthz", "/healthz/", "/%68ealthz", "/x/healthz"):
        raw = guarded.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b" 401 " in raw.splitlines()[0]
    assert code_of(guarded.request("TRACE", "/healthz"), 401) == "unauthenticated"
    assert code_of(guarded.request("DELETE", "/healthz"), 401) == "unauthenticated"


def test_the_tokens_open(guarded: Service) -> None:
    assert guarded.get(STATUS).status_code == 200
    run_id = guarded.start_run()
    guarded.token = VIEWER_TOKEN
    assert guarded.json(STATUS)["run_id"] == run_id
    assert guarded.json(STATUS)["started_by"] == "operator@127.0.0.1"
    assert code_of(guarded.post(STOP), 403) == "forbidden"
    assert guarded.json(STATUS)["is_running"]


def test_a_program_says_for_whom_it_acts(guarded: Service) -> None:
    answer = guarded.post(START, json=guarded.config(), headers={"X-Operator-Name": "ana"})
    run_id = answer.json()["run_id"]
    events = guarded.json(f"/api/pipeline/runs/{run_id}/events")["events"]
    assert events[0]["actor"] == "ana@127.0.0.1"
    guarded.post(STOP, json={"run_id": run_id, "grace_seconds": 0}, headers={"X-Operator-Name": "<b>x</b>"})
    events = guarded.json(f"/api/pipeline/runs/{run_id}/events")["events"]
    assert events[1]["actor"] == "operator@127.0.0.1"


@pytest.mark.parametrize("value", ["Basic " + OPERATOR_TOKEN, OPERATOR_TOKEN, "Bearer", "Bearer x, Bearer y"])
def test_odd_credentials_are_none(guarded: Service, value: str) -> None:
    assert code_of(guarded.get(STATUS, headers={"Authorization": value}), 401) == "unauthenticated"


# --- the login --------------------------------------------------------------------------------------------------------


def log_in(service: Service, token: str = OPERATOR_TOKEN, **more: str) -> requests.Response:
    """Send the form, as the page does."""
    service.token = None
    headers = {"Origin": service.url}
    return service.post("/login", data={"token": token, **more}, headers=headers)


def test_a_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get(guarded: Service) -> None:
    answer = log_in(guarded, name="ana")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"pipeline-gui-{guarded.port}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert OPERATOR_TOKEN not in cookie
    jar = {"Cookie": cookie.partition(";")[0]}
    page = guarded.get("/", headers=jar)
    assert page.status_code == 200
    own = {**jar, "Origin": guarded.url}
    answer = guarded.post(START, json=guarded.config(), headers=own)
    assert answer.status_code == 201
    events = guarded.json(f"/api/pipeline/runs/{answer.json()['run_id']}/events", headers=jar)["events"]
    assert events[0]["actor"] == "ana@127.0.0.1"


def test_a_cookie_alone_does_not_act(guarded: Service) -> None:
    jar = {"Cookie": log_in(guarded).headers["Set-Cookie"].partition(";")[0]}
    assert guarded.get(STATUS, headers=jar).status_code == 200
    assert code_of(guarded.post(START, json=guarded.config(), headers=jar), 403) == "foreign-origin"
    assert code_of(guarded.post(STOP, headers={**jar, "Origin": "http://evil.example"}), 403) == "foreign-origin"


def test_a_viewers_login_does_not_act(guarded: Service) -> None:
    jar = {"Cookie": log_in(guarded, VIEWER_TOKEN).headers["Set-Cookie"].partition(";")[0], "Origin": guarded.url}
    assert guarded.get("/", headers=jar).status_code == 200
    assert code_of(guarded.post(STOP, headers=jar), 403) == "forbidden"


def test_a_login_that_was_left_is_void_for_every_copy(guarded: Service) -> None:
    jar = {"Cookie": log_in(guarded).headers["Set-Cookie"].partition(";")[0]}
    answer = guarded.post("/logout", headers={**jar, "Origin": guarded.url})
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert code_of(guarded.get(STATUS, headers=jar), 401) == "unauthenticated"


def test_without_a_login_the_page_leads_to_it(guarded: Service) -> None:
    guarded.token = None
    answer = guarded.get("/", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    form = guarded.get("/login")
    assert 'type="password"' in form.text
    assert "script-src 'sha256-" in form.headers["Content-Security-Policy"]


def test_a_login_with_a_wrong_token_says_so_and_nothing_else(guarded: Service) -> None:
    answer = log_in(guarded, "<script>alert(1)</script>-0123456789")
    assert answer.status_code == 401
    assert "not known" in answer.text
    assert "alert(1)" not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert log_in(guarded, name="<b>").status_code == 422
    foreign = guarded.post("/login", data={"token": OPERATOR_TOKEN}, headers={"Origin": "https://evil.example"})
    assert code_of(foreign, 403) == "foreign-origin"
    assert code_of(guarded.post("/login", data="x" * 9000, headers=_FORM), 413) == "too-large"
    assert code_of(guarded.post("/login", json={"token": OPERATOR_TOKEN}), 415) == "unsupported-media-type"


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_no_token_is_ever_logged(guarded: Service) -> None:
    log_in(guarded, "wrong-token-9876543210")
    guarded.token = OPERATOR_TOKEN
    guarded.get(f"{STATUS}?token={OPERATOR_TOKEN}")
    assert any("login failed" in entry["message"] for entry in guarded.entries())
    for secret in (OPERATOR_TOKEN, VIEWER_TOKEN, "wrong-token-9876543210"):
        assert secret not in guarded.log


def test_a_session_is_signed_and_lasts_as_long_as_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access("operators-token-1", None, "me")
    cookie = access.make_session(Identity(Role.OPERATOR, "ana"))
    assert access.by_session(cookie) == Identity(Role.OPERATOR, "ana", by_cookie=True)
    head, _, signature = cookie.partition(".")
    for forged in (head, f"{head}.", f"{head[:-4]}AAAA.{signature}", f".{signature}", "", ".", "é.é"):
        assert access.by_session(forged) is None
    assert Access("operators-token-2", None, "me").by_session(cookie) is None
    assert Access("operators-token-1", "viewer", "me").by_session(cookie) is None
    monkeypatch.setattr("pipeline_gui.service.access.time.time", lambda: 1e11)
    assert access.by_session(cookie) is None


@pytest.mark.parametrize("name", ["", " ", "a\nb", "<b>", "x" * 64, "-a", "a@b", "a;b"])
def test_what_is_no_name_is_not_recorded(name: str) -> None:
    assert clean_name(name) is None
    assert clean_name(" Ana María-2 ") == "Ana María-2"


# --- where a request comes from ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost:{}", "127.0.0.1:{}", "127.8.8.8", "[::1]:{}", "LOCALHOST", "localhost."])
def test_loopback_names_are_ours(service: Service, host: str) -> None:
    assert service.get(STATUS, headers={"Host": host.format(service.port)}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "10.0.0.1", "", "localhost:x", "a@localhost", "localhost/x", "::1"],
)
def test_any_other_host_is_not(service: Service, host: str) -> None:
    head = f"GET {STATUS} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert b" 421 " in service.raw(head).splitlines()[0]


def test_no_host_or_two_are_none(service: Service) -> None:
    assert b" 421 " in service.raw(f"GET {STATUS} HTTP/1.0\r\n\r\n".encode()).splitlines()[0]
    twice = f"GET {STATUS} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".encode()
    assert b" 400 " in service.raw(twice).splitlines()[0]
    whole = f"GET http://evil.example{STATUS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert b" 404 " in service.raw(whole).splitlines()[0]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost:1",
        "https://localhost:{}",
        "http://127.0.0.1:{}",
        "",
        "localhost",
    ],
)
def test_a_foreign_origin_is_refused_whatever_it_asks(service: Service, origin: str) -> None:
    headers = {"Host": f"localhost:{service.port}", "Origin": origin.format(service.port)}
    for method, path in (("GET", STATUS), ("POST", START), ("POST", STOP), ("OPTIONS", START), ("GET", "/")):
        answer = service.request(method, path, headers=headers)
        assert code_of(answer, 403) == "foreign-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_our_own_origin_is_not_foreign(service: Service) -> None:
    headers = {"Origin": service.url}
    assert service.get(STATUS, headers=headers).status_code == 200
    assert code_of(service.post(STOP, headers=headers), 409) == "idle"


def addresses(**options: Any) -> Addresses:
    """Addresses of a service."""
    return Addresses(**{"loopback_only": False, "names": ["pipelines.example"], "is_secure": True, **options})


@pytest.mark.parametrize(
    ("method", "headers", "foreign"),
    [
        ("GET", {}, False),
        ("POST", {}, False),
        ("GET", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, False),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, True),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}, True),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, True),
        ("POST", {"referer": "https://evil.example/x"}, True),
        ("POST", {"referer": "https://pipelines.example/"}, False),
        ("POST", {"referer": "http://[x"}, True),
        ("GET", {"referer": "https://evil.example/x"}, False),
        ("POST", {"origin": "https://pipelines.example"}, False),
        ("POST", {"origin": "https://pipelines.example:443"}, False),
        ("POST", {"origin": "https://pipelines.example/"}, True),
        ("POST", {"origin": "https://u@pipelines.example"}, True),
        ("POST", {"origin": "http://pipelines.example"}, True),
        ("POST", {"origin": "https://pipelines.example:8443"}, True),
        ("POST", {"origin": "https://pipelines.example, https://pipelines.example"}, True),
        ("POST", {"origin": "https://[x"}, True),
    ],
)
def test_what_is_foreign(method: str, headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(method, headers, "pipelines.example", addresses()) is foreign


def test_a_service_for_others_answers_to_its_names_and_its_own_address() -> None:
    known = addresses()
    assert known.is_ours("pipelines.example", "10.0.0.5")
    assert known.is_ours("Pipelines.Example.:443", "10.0.0.5")
    assert known.is_ours("10.0.0.5:8997", "10.0.0.5")
    assert known.is_ours("[fd00::5]:8997", "fd00::5")
    assert known.is_ours(f"{socket.gethostname()}:8997", "10.0.0.5")
    for host in ("10.0.0.6", "evil.example", "localhost", "127.0.0.1", "pipelines.example.evil.example", ""):
        assert not known.is_ours(host, "10.0.0.5")
