"""The way to the driver's own UI: found, verified, read-only."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline_gui.command_server.sockets import _connectable
from tests.command_server.harness import SLEEP, CommandServer
from tests.waiting import wait_until


def with_ui(server: CommandServer, name: str, kind: str = "plain", source: str = SLEEP) -> dict[str, Any]:
    """A batch whose stand-in driver serves a UI, once the server knows it."""
    server.submit(source, name=name, conf={"spark.stand_in.ui": kind})

    def known() -> dict[str, Any] | None:
        batch = server.batch(name)
        return batch if batch["appInfo"]["sparkUiUrl"] and batch["appId"] else None

    found = wait_until(known, 10)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def batch(server: CommandServer) -> Iterator[dict[str, Any]]:
    """A batch with a UI."""
    yield with_ui(server, "ui")
    server.delete("/batches/ui?grace=0")


def test_the_batch_names_its_ui_and_application(server: CommandServer, batch: dict[str, Any]) -> None:
    assert batch["appId"] == "local-1790000000000"
    assert batch["appInfo"]["sparkUiUrl"] == f"{server.url}/batches/{batch['id']}/ui/"
    assert batch["appInfo"]["driverUiPort"] > 0
    assert batch["appInfo"]["driverUiHost"] == "127.0.0.1"


def test_the_ui_is_passed_on_without_its_cookies(server: CommandServer, batch: dict[str, Any]) -> None:
    answer = server.get("/batches/ui/ui/echo/a b?x=1&y=%20", headers={"Cookie": "mine=1"})

    assert answer.status_code == 200
    assert answer.json()["path"] == "/echo/a%20b?x=1&y=%20"
    passed = {key.lower() for key in answer.json()["headers"]}
    assert not passed & {"authorization", "cookie"}
    assert answer.json()["headers"]["X-Forwarded-Context"] == f"/batches/{batch['id']}/ui"
    assert "Set-Cookie" not in answer.headers
    assert server.get("/batches/ui/ui/no").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_but_get_is_passed_on(server: CommandServer, batch: dict[str, Any], method: str) -> None:
    assert server.request(method, "/batches/ui/ui/echo").status_code == 405


@pytest.mark.parametrize(
    "path", ["jobs/job/kill/?id=0", "stages/stage/kill?id=0", "echo/%2e%2e/x", "a\\b", "echo%0d%0aX: y"]
)
def test_paths_that_change_something_or_leave_are_refused(
    server: CommandServer, batch: dict[str, Any], path: str
) -> None:
    answer = server.get(f"/batches/ui/ui/{path}")

    assert answer.status_code == 404
    assert answer.json()["msg"] in ("There is no such path in the driver's UI.", "Not Found.")


def test_a_redirect_leads_below_our_own_path(server: CommandServer, batch: dict[str, Any]) -> None:
    for path in ("/batches/ui/ui/", "/batches/ui/ui"):
        answer = server.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/batches/{batch['id']}/ui/jobs/")


def test_a_redirect_to_another_server_is_not_passed_on(server: CommandServer) -> None:
    with_ui(server, "redirect", "redirect")

    answer = server.get("/batches/redirect/ui/")

    assert answer.status_code == 502
    assert "Location" not in answer.headers
    server.delete("/batches/redirect?grace=0")


def test_an_answer_without_end_is_cut_off(server: CommandServer, batch: dict[str, Any]) -> None:
    assert server.get("/batches/ui/ui/huge").status_code == 502


def test_a_port_that_is_not_the_batchs_own_is_not_believed(server: CommandServer) -> None:
    class Secret(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer what must not be reached."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret of another process")

    stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Secret)
    threading.Thread(target=stranger.serve_forever).start()
    try:
        line = f"Successfully started service 'SparkUI' on port {stranger.server_port}."
        server.submit(f"import sys; print({line!r}, file=sys.stderr, flush=True); {SLEEP}", name="forged")
        server.wait_for_output("forged", line, "stderr")
        # Whoever sees a batch with a UI after this one has given the forged one its time.
        with_ui(server, "after-forged")

        assert server.batch("forged")["appInfo"]["sparkUiUrl"] is None
        answer = server.get("/batches/forged/ui/")
        assert answer.status_code == 404
        assert "secret" not in answer.text
    finally:
        stranger.shutdown()
        stranger.server_close()
        server.delete("/batches/forged?grace=0")
        server.delete("/batches/after-forged?grace=0")


def test_an_ended_batch_has_no_ui_but_its_application_id_through_a_restart(own_server: CommandServer) -> None:
    with_ui(own_server, "i.r1")
    own_server.delete("/batches/i.r1?grace=0")

    own_server.restart()

    ended = own_server.batch("i.r1")
    assert ended["appId"] == "local-1790000000000"
    assert ended["appInfo"]["sparkUiUrl"] is None
    answer = own_server.get("/batches/i.r1/ui/")
    assert (answer.status_code, answer.json()) == (404, {"msg": "Session 'i.r1' has no UI now."})


def test_the_ui_is_found_again_after_a_restart(own_server: CommandServer) -> None:
    with_ui(own_server, "i.r1")

    own_server.restart()

    wait_until(lambda: own_server.batch("i.r1")["appInfo"]["sparkUiUrl"], 10)
    assert own_server.get("/batches/i.r1/ui/api/v1/applications").status_code == 200


@pytest.mark.parametrize(
    ("hexadecimal", "address"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000", "127.0.0.1"),
        ("0100000A", "10.0.0.1"),
        ("0" * 32, "127.0.0.1"),
        ("0000000000000000FFFF00000100007F", "127.0.0.1"),
        ("00000000000000000000000001000000", "::1"),
    ],
)
def test_addresses_of_the_kernels_table(hexadecimal: str, address: str) -> None:
    assert _connectable(hexadecimal) == address
