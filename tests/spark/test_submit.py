"""Launching: each answer is a refusal, or unclear, or no connection, and never taken for what it is not."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from pipeline_gui.pipeline.configuration import Configuration, parse_configuration
from pipeline_gui.pipeline.errors import SparkNotConnected, SparkRefused, SparkUnavailable, SparkUnclear
from pipeline_gui.pipeline.ports import BatchState
from pipeline_gui.spark.livy import LivyServer
from tests.spark.conftest import CONFIGURATION, NAME
from tests.spark.fault_server import (
    Behaviour,
    FaultServer,
    answer,
    close,
    cut,
    drip,
    endless,
    hang,
    html_answer,
    json_answer,
    reset,
)
from tests.spark.plain_livy import PlainLivy

BATCH = {"id": 7, "name": NAME, "state": "starting", "appId": None, "appInfo": {"sparkUiUrl": None}, "log": []}


def submit(server: FaultServer, timeout: float = 20.0, name: str = NAME, url: str | None = None) -> Any:
    return LivyServer(url or server.url, "t0k3n-of-ours").submit(name, CONFIGURATION, timeout)


def test_the_body_holds_what_was_given_in_livys_words(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer(BATCH, 201)
    LivyServer(faulty.url).submit(
        NAME,
        parse_configuration(
            {
                "name": "flights", "file": "/opt/app.py", "class_name": "a.B", "args": ["-x", 1], "conf": {"k": 2},
                "py_files": ["/p.zip"], "jars": ["/j.jar"], "files": ["/f"], "archives": ["/a.zip#a"],
                "driver_memory": "1g", "driver_cores": 1, "executor_memory": "2g", "executor_cores": 2,
                "num_executors": 3, "queue": "q", "proxy_user": "u", "description": "d", "grace_seconds": 3,
            }
        ),
        20,
    )  # fmt: skip
    request = faulty.requests[0]
    assert (request.method, request.path) == ("POST", "/batches")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-requested-by"]
    assert "authorization" not in request.headers
    assert request.json() == {
        "name": NAME, "file": "/opt/app.py", "className": "a.B", "args": ["-x", "1"], "conf": {"k": "2"},
        "pyFiles": ["/p.zip"], "jars": ["/j.jar"], "files": ["/f"], "archives": ["/a.zip#a"],
        "driverMemory": "1g", "driverCores": 1, "executorMemory": "2g", "executorCores": 2,
        "numExecutors": 3, "queue": "q", "proxyUser": "u",
    }  # fmt: skip


def test_what_was_not_given_is_not_sent(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer(BATCH, 201)
    LivyServer(faulty.url).submit(NAME, Configuration(file="/a.py", name="a"), 20)
    assert faulty.requests[0].json() == {"name": NAME, "file": "/a.py"}


@pytest.mark.parametrize("status", [200, 201])
def test_a_batch_is_the_launch(faulty: FaultServer, status: int) -> None:
    faulty.behaviour = json_answer(BATCH, status, {"X-Pipeline-Generation": "g1"})
    batch = submit(faulty)
    assert (batch.batch_id, batch.name, batch.state, batch.generation) == (7, NAME, BatchState.STARTING, "g1")
    assert faulty.requests[0].headers["authorization"] == "Bearer t0k3n-of-ours"


def test_a_password_in_the_address_is_sent_and_a_prefix_kept(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer(BATCH, 201)
    url = faulty.url.replace("://", "://ana:pw@") + "/livy/v1/"
    server = LivyServer(url)
    server.submit(NAME, CONFIGURATION, 20)
    assert faulty.requests[0].path == "/livy/v1/batches"
    assert faulty.requests[0].headers["authorization"] == "Basic YW5hOnB3"
    assert server.url == f"{faulty.url}/livy/v1"


@pytest.mark.parametrize("status", [400, 401, 403, 405, 413, 415, 422, 429])
@pytest.mark.parametrize("words", [{"msg": "Rejected, Reason: R."}, "R"], ids=["object", "bare string"])
def test_the_servers_own_refusal_is_one(faulty: FaultServer, status: int, words: object) -> None:
    faulty.behaviour = json_answer(words, status)
    with pytest.raises(SparkRefused) as caught:
        submit(faulty)
    assert str(caught.value) == "Spark refused to start it: R."
    assert (caught.value.status_code, caught.value.duplicate_name, caught.value.busy) == (status, False, False)


@pytest.mark.parametrize(
    "behaviour",
    [
        *(html_answer(status) for status in (400, 401, 403, 404, 413, 429, 502, 503)),
        json_answer({"message": "Unauthorized"}, 401),
        json_answer({"detail": "no"}, 422),
        json_answer(["no"], 400),
        answer(400, b'{"msg": "R"}', "text/plain"),
        answer(400, b'{"msg": "R', "application/json"),
        answer(403, b"", "text/plain"),
        json_answer({"msg": "R"}, 404),
        json_answer({"msg": "R"}, 408),
        json_answer({"msg": "R"}, 409),
        json_answer({"msg": "R"}, 500),
        json_answer("java.lang.RuntimeException", 500),
        json_answer({"msg": "R"}, 503),
        json_answer(BATCH, 202),
        answer(204),
        answer(302, headers={"Location": "http://elsewhere.example/"}),
        answer(307, headers={"Location": "http://elsewhere.example/"}),
        answer(201, json.dumps(BATCH), "text/html"),
        answer(201, json.dumps(BATCH)[:-3]),
        answer(201, b"[" * 100_000),
        answer(201, b""),
        json_answer([], 201),
        json_answer({"id": "7", "name": NAME, "state": "starting"}, 201),
        json_answer({"id": -7, "name": NAME, "state": "starting"}, 201),
        json_answer({"id": 2**63, "name": NAME, "state": "starting"}, 201),
        json_answer({"id": 7, "name": NAME, "state": 1}, 201),
        json_answer({"id": 7, "name": NAME, "state": "dancing"}, 201),
        json_answer({"id": 7, "name": NAME}, 201),
        json_answer({**BATCH, "name": "another"}, 201),
        json_answer({**BATCH, "name": None}, 201),
        json_answer({**BATCH, "log": "text"}, 201),
        close,
        reset,
        cut(),
        endless(),
    ],
)
def test_everything_else_is_unclear(faulty: FaultServer, behaviour: Behaviour) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnclear) as caught:
        submit(faulty)
    assert "elsewhere" not in str(caught.value) or "redirects to elsewhere.example" in str(caught.value)
    assert "<h" not in str(caught.value)
    assert caught.value.reason == "unconfirmed"
    assert faulty.connections == 1, "a launch was repeated, or a redirect followed"


@pytest.mark.parametrize("behaviour", [hang, drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500)], ids=["hang", "drip"])
def test_a_time_out_is_unclear(faulty: FaultServer, behaviour: Behaviour) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnclear, match=r"did not answer within 0\.3 s"):
        submit(faulty, timeout=0.3)


def test_no_connection_is_not_unclear(faulty: FaultServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SparkNotConnected) as caught:
        submit(faulty, url=f"http://127.0.0.1:{port}")
    assert not isinstance(caught.value, SparkUnclear)


def test_a_duplicate_of_our_own_name_is_said(livy: PlainLivy) -> None:
    submit(livy)
    with pytest.raises(SparkRefused) as caught:
        submit(livy)
    assert caught.value.duplicate_name


def test_a_duplicate_of_a_longer_name_is_not_ours(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer(
        {"msg": f"Rejected, Reason: Duplicate session name: Some({NAME}0) for session 1"}, 400
    )
    with pytest.raises(SparkRefused) as caught:
        submit(faulty)
    assert not caught.value.duplicate_name


def test_the_guard_of_the_installation_is_said(faulty: FaultServer) -> None:
    said = "Rejected, Reason: batch installation.run-0 of the same installation is alive"
    faulty.behaviour = json_answer({"msg": said}, 400)
    with pytest.raises(SparkRefused, match=r"batch installation\.run-0") as caught:
        submit(faulty)
    assert caught.value.busy


def test_a_livy_that_knows_no_names_refuses(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer('Unrecognized field "name" (class CreateBatchRequest), not marked as ignorable', 400)
    with pytest.raises(SparkRefused, match=r"Livy 0\.6 or newer"):
        submit(faulty)


def test_another_unknown_field_is_not_taken_for_the_name(faulty: FaultServer) -> None:
    said = 'Unrecognized field "queue" (class X), not marked as ignorable (2 known: "file", "name")'
    faulty.behaviour = json_answer(said, 400)
    with pytest.raises(SparkRefused, match="Unrecognized field"):
        submit(faulty)


def test_livys_own_words_are_kept_and_its_prefixes_not(livy: PlainLivy) -> None:
    with pytest.raises(SparkRefused) as caught:
        LivyServer(livy.url).submit(NAME, Configuration(file="app.py", name="a"), 20)
    assert str(caught.value) == "Spark refused to start it: Path 'app.py' is not absolute."


def test_secrets_and_control_characters_of_an_answer_are_not_repeated(faulty: FaultServer) -> None:
    said = "\x1b[31mno\x00 to Bearer t0k3n-of-ours and t0k3n-of-ours with spark.my.password=hunter2\x1b[0m"
    for status in (400, 500):
        faulty.behaviour = json_answer({"msg": said}, status)
        with pytest.raises((SparkRefused, SparkUnavailable)) as caught:
            submit(faulty)
        assert "t0k3n" not in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).isprintable()


def test_names_that_lead_elsewhere_are_not_sent(faulty: FaultServer) -> None:
    for name in ("", ".", "..", "12"):
        with pytest.raises(SparkUnavailable):
            submit(faulty, name=name)
    assert faulty.connections == 0
