"""Who may ask, by which name, and how much."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import stat
import time
from pathlib import Path

import pytest
import requests

from tests.command_server.harness import CommandServer, command_server

ROUTES = [
    ("GET", "/version"), ("GET", "/batches"), ("POST", "/batches"), ("GET", "/batches/0"), ("DELETE", "/batches/0"),
    ("DELETE", "/batches/never?fence=true"), ("GET", "/batches/0/state"), ("GET", "/batches/0/log"),
    ("GET", "/batches/0/output/stdout"), ("GET", "/batches/0/ui/"), ("GET", "/batches/0/ui"),
]  # fmt: skip
ODD_PATHS = [
    ("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "//version"), ("GET", "/version/"),
    ("GET", "/VERSION"), ("GET", "/batches/../version"), ("GET", "/%2e%2e/version"), ("GET", "/version;x=/static"),
    ("GET", "/batches/0/output/../../../state/token"), ("OPTIONS", "/batches"), ("HEAD", "/batches"),
    ("PUT", "/batches/0"), ("TRACE", "/version"), ("PROPFIND", "/batches"),
]  # fmt: skip


def raw(server: CommandServer, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """One request whose path no client library tidies up."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for key, value in headers.items():
            connection.putheader(key, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), ROUTES + ODD_PATHS)
def test_every_path_needs_the_token(server: CommandServer, method: str, path: str) -> None:
    token = server.token
    for given in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {token}x"},
        {"Authorization": f"Bearer {token[:-1]}"},
        {"Authorization": token},
        {"Authorization": f"Basic {token}"},
        {"Cookie": f"token={token}"},
        {"X-Authorization": f"Bearer {token}"},
    ):
        status, headers, body = raw(server, method, path, given)
        assert status == 401
        assert headers["www-authenticate"] == "Bearer"
        assert token.encode() not in body
    assert raw(server, method, f"{path}{'&' if '?' in path else '?'}token={token}", {})[0] == 401


@pytest.mark.parametrize(("method", "path"), ROUTES + ODD_PATHS)
def test_every_answer_carries_the_generation(server: CommandServer, method: str, path: str) -> None:
    generation = server.generation

    assert raw(server, method, path, server.headers)[1]["x-pipeline-generation"] == generation
    assert raw(server, method, path, {})[1]["x-pipeline-generation"] == generation
    assert raw(server, method, path, {"Host": "evil.example"})[1]["x-pipeline-generation"] == generation


@pytest.mark.parametrize(("method", "path"), ODD_PATHS)
def test_odd_paths_lead_nowhere_and_are_not_the_404_of_a_batch(server: CommandServer, method: str, path: str) -> None:
    status, headers, body = raw(server, method, path, server.headers)

    assert status in (404, 405)
    assert headers["content-type"] == "application/json"
    if method != "HEAD":
        assert not json.loads(body)["msg"].startswith("Session ")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8998", "127.0.0.1.evil.example", "", "10.0.0.1", "localhost@evil"]
)
def test_only_loopback_names_are_answered(server: CommandServer, host: str) -> None:
    status, _, _ = raw(server, "GET", "/version", server.headers | {"Host": host})

    assert status in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:8998", "[::1]", "[::1]:8998", "127.8.0.1"])
def test_loopback_names_are_answered(server: CommandServer, host: str) -> None:
    assert raw(server, "GET", "/version", server.headers | {"Host": host})[0] == 200


def test_two_tokens_are_none(server: CommandServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        lines = [
            "GET /version HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {server.token}",
            "Authorization: Bearer x",
        ]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert b" 401 " in connection.recv(4096).split(b"\r\n")[0]


def test_token_and_records_are_private(server: CommandServer) -> None:
    batch = server.submit(conf={"spark.some.password": "hunter2"})
    server.wait_for_state(batch["id"], "success")
    folder = server.state / "batches" / str(batch["id"])

    for path in (server.state / "token", folder / "spark.properties", folder / "launch.json", folder / "stdout"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in (server.state, folder):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert str(server.state / "token") in server.log
    assert "Authorization: Bearer" in server.log
    assert server.token not in server.log


def test_a_conf_is_in_no_argument_vector(server: CommandServer) -> None:
    source = "import time; print('up', flush=True); time.sleep(600)"
    batch = server.submit(source, conf={"spark.some.password": "hunter2"}, name="secret")
    server.wait_for_output("secret", "up")

    vectors = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in server.pids("secret")]

    assert vectors
    assert not any(b"hunter2" in vector for vector in vectors)
    server.delete(f"/batches/{batch['id']}?grace=0")


def test_a_batch_has_a_clean_environment(tmp_path: Path) -> None:
    secrets = {
        "PIPELINE_GUI_DATABASE_URL": "postgresql://u:hunter2@h/d",
        "PIPELINE_GUI_SPARK_TOKEN": "hunter2-hunter2-hunter2",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "SPARK_SUBMIT_OPTS": "-Dhunter2",
        "PIPELINE_GUI_HOME": str(tmp_path / "profile"),
        "TZ": "UTC",
    }
    with command_server(tmp_path, environment=secrets) as server:
        batch = server.submit("import json, os; print(json.dumps(dict(os.environ)))")
        server.wait_for_state(batch["id"], "success")
        environment = json.loads(server.get(f"/batches/{batch['id']}/output/stdout").text)

        assert "hunter2" not in json.dumps(environment)
        assert environment["PIPELINE_GUI_HOME"] == str(tmp_path / "profile")
        assert environment["TZ"] == "UTC"
        assert environment["PIPELINE_GUI_BATCH"] == server.marker(batch["id"])
        assert "PIPELINE_GUI_SUPERVISOR" not in environment


def test_a_body_over_the_limit_is_refused(server: CommandServer) -> None:
    def chunks() -> object:
        for _ in range(40):
            yield b"x" * 65_536

    large = server.request("POST", "/batches", data=b"x" * (2 * 1024 * 1024 + 1))
    assert large.status_code == 413
    assert isinstance(large.json()["msg"], str)
    with contextlib.suppress(requests.ConnectionError):  # answered and closed while the rest was on its way
        assert server.request("POST", "/batches", data=chunks()).status_code == 413
    assert server.get("/version").status_code == 200


def test_without_a_token_a_body_is_not_even_read(server: CommandServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"POST /batches HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        begun = time.monotonic()
        assert b" 401 " in connection.recv(4096).split(b"\r\n")[0]
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "more",
    [
        {"args": ["x"] * 1001},
        {"args": ["x" * 65_537]},
        {"args": ["x" * 60_000] * 20},
        {"args": ["a\0b"]},
        {"conf": {f"spark.k{n}": "v" for n in range(1001)}},
        {"conf": {"": "v"}},
        {"conf": {"spark.a\nspark.master": "v"}},
        {"conf": {"spark.k": "v" * 65_537}},
        {"className": "a\nb"},
        {"driverCores": 0},
        {"numExecutors": -3},
        {"jars": [""]},
    ],
)
def test_values_beyond_their_limits_are_rejected(server: CommandServer, more: dict[str, object]) -> None:
    answer = server.post({"file": str(server.app("")), **more})

    assert answer.status_code == 400
    assert answer.json()["msg"].startswith("Rejected, Reason: ")


def test_a_token_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("0123456789abcdef\n")
    token_file.chmod(0o644)

    with (
        pytest.raises(AssertionError, match="chmod 600"),
        command_server(tmp_path / "server", arguments=["--token-file", str(token_file)]),
    ):
        pytest.fail("it started")


def test_a_given_token_file_is_used(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    fd = os.open(token_file, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b"0123456789abcdef\n")
    os.close(fd)

    with command_server(tmp_path / "server", arguments=["--token-file", str(token_file)]) as server:
        headers = {"Authorization": "Bearer 0123456789abcdef"}
        assert requests.get(f"{server.url}/version", headers=headers, timeout=10).status_code == 200
        assert not (server.state / "token").exists()
