"""Asking for batches: what is absent, what can't be asked, and what is not ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.ports import BatchState
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.spark.texts import LONGEST_LINE
from pipeline_gui.spark.transport import Answer
from tests.spark.conftest import CONFIGURATION, NAME
from tests.spark.fault_server import Behaviour, FaultServer, answer, close, hang, html_answer, json_answer, raw_answer
from tests.spark.plain_livy import PlainLivy

BATCH: dict[str, Any] = {
    "id": 7, "name": NAME, "state": "dead", "appId": "local-1", "appInfo": {"sparkUiUrl": "/batches/7/ui/"},
    "log": ["a", "b"], "exitCode": 1, "signal": None, "signalled": False, "startedAgo": 9.5, "endedAgo": 2.5,
    "generation": "g1", "reason": "It failed.",
}  # fmt: skip


def server(faulty: FaultServer, timeout: float = 20.0) -> LivyServer:
    return LivyServer(faulty.url, "t0k3n-of-ours", timeout=timeout)


# --- find -----------------------------------------------------------------------------------------------------------


def test_a_batch_with_all_that_our_server_says(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer(BATCH)
    batch = server(faulty).find(NAME)
    assert batch is not None
    assert faulty.requests[0].path == f"/batches/{NAME}"
    assert (batch.batch_id, batch.name, batch.state, batch.application_id) == (7, NAME, BatchState.DEAD, "local-1")
    assert (batch.exit_code, batch.signal, batch.signalled, batch.ended_ago) == (1, None, False, 2.5)
    assert (batch.generation, batch.reason, batch.log_tail) == ("g1", "It failed.", ("a", "b"))
    assert batch.ui_url == f"{faulty.url}/batches/7/ui/"


def test_a_name_is_one_part_of_the_path(faulty: FaultServer) -> None:
    with pytest.raises(SparkUnavailable):
        server(faulty).find("a/../b?c#d é")
    assert faulty.requests[0].path == "/batches/a%2F..%2Fb%3Fc%23d%20%C3%A9"


def test_absent_is_only_what_the_server_says_of_that_name(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer({"msg": f"Session '{NAME}' not found."}, 404)
    assert server(faulty).find(NAME) is None


@pytest.mark.parametrize(
    "behaviour",
    [
        html_answer(404, "Error 404 Not Found"),
        json_answer({"msg": "Session 'another' not found."}, 404),
        json_answer({"msg": f"Session '{NAME}0' not found."}, 404),
        json_answer({"msg": "Not found"}, 404),
        json_answer({"detail": "Not Found"}, 404),
        json_answer(f"Session '{NAME}' not found.", 404),
        answer(404, f'{{"msg": "Session \'{NAME}\' not found."}}', "text/html"),
        answer(404),
        json_answer({"msg": f"Session '{NAME}' not found."}, 400),
        json_answer({"msg": f"Session '{NAME}' not found."}, 200),
        json_answer({"msg": "no"}, 401),
        json_answer({"msg": "no"}, 403),
        answer(403),
        json_answer("java.lang.RuntimeException", 500),
        html_answer(503),
        html_answer(200, "Please log in"),
        answer(302, headers={"Location": "https://login.example/?next=x"}),
        json_answer({**BATCH, "name": "another"}),
        json_answer({**BATCH, "state": "dancing"}),
        json_answer({**BATCH, "id": None}),
        json_answer({**BATCH, "exitCode": "1"}),
        json_answer({**BATCH, "signalled": "no"}),
        json_answer({**BATCH, "log": [1]}),
        raw_answer(b"HTTP/1.1 200 OK\r\nContent-Le"),
        close,
    ],
)
def test_everything_else_can_not_be_asked(faulty: FaultServer, behaviour: Behaviour) -> None:
    faulty.behaviour = behaviour
    asked = server(faulty)
    with pytest.raises(SparkUnavailable) as caught:
        asked.find(NAME)
    assert "<h" not in str(caught.value)
    assert asked.contact().reachable is False
    assert asked.contact().reason == str(caught.value)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (html_answer(502), "a web page “Bad Gateway”, status 502"),
        (answer(302, headers={"Location": "https://login.example/?token=x"}), "redirects to login.example,"),
        (html_answer(401, "Log in"), "does not accept the token or password that is set"),
        (answer(403), r"does not allow this \(empty, status 403\)"),
        (json_answer("boom", 500), "status 500: boom"),
        (json_answer({**BATCH, "exitCode": "1"}), "not Livy's.*Expected `int"),
        (answer(200, b"PNG", "image/png"), "image/png, status 200"),
    ],
)
def test_sentences_say_what_came(faulty: FaultServer, behaviour: Behaviour, says: str) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnavailable, match=says):
        server(faulty).find(NAME)


def test_a_missing_token_is_said_to_be_missing(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer({"msg": "no"}, 401)
    with pytest.raises(SparkUnavailable, match="wants a token or password, and none is set"):
        LivyServer(faulty.url).find(NAME)


def test_a_livy_without_names_is_too_old(faulty: FaultServer) -> None:
    old = {"id": 7, "state": "running", "appId": None, "appInfo": {}, "log": []}
    faulty.behaviour = json_answer(old)
    with pytest.raises(SparkRefused, match=r"Livy 0\.6 or newer"):
        server(faulty).find(NAME)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("not_started", BatchState.STARTING),
        ("recovering", BatchState.RUNNING),
        ("shutting_down", BatchState.RUNNING),
        ("error", BatchState.DEAD),
    ],
)
def test_livys_further_states(faulty: FaultServer, said: str, state: BatchState) -> None:
    faulty.behaviour = json_answer({**BATCH, "state": said})
    batch = server(faulty).find(NAME)
    assert batch is not None
    assert batch.state is state


def test_texts_are_made_fit_to_record(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer(
        {**BATCH, "appId": "a\x00b", "reason": "\x1b[31mbad\x00", "endedAgo": -3.0, "log": ["x" * 100_000] * 30}
    )
    batch = server(faulty).find(NAME)
    assert batch is not None
    assert (batch.application_id, batch.reason, batch.ended_ago) == (None, "bad", 0.0)
    assert len(batch.log_tail) == 10
    assert max(len(line) for line in batch.log_tail) == LONGEST_LINE


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "file:///etc/passwd", "http://a b/", "http://u:p@h/", "http://[::1", "", "data:x", None],
)
def test_an_address_that_a_window_must_not_open_is_dropped(faulty: FaultServer, url: str | None) -> None:
    faulty.behaviour = json_answer({**BATCH, "appInfo": {"sparkUiUrl": url}})
    batch = server(faulty).find(NAME)
    assert batch is not None
    assert batch.ui_url is None


# --- list -----------------------------------------------------------------------------------------------------------


def test_the_list_is_read_to_its_end_and_filtered(livy: PlainLivy) -> None:
    asked = LivyServer(livy.url)
    for number in range(230):
        asked.submit(f"installation.run-{number}", CONFIGURATION, 20)
    asked.submit("installation-2.run-x", CONFIGURATION, 20)
    for number in range(225):
        livy.end(f"installation.run-{number}", "dead")
    assert [batch.name for batch in asked.alive("installation.")] == [f"installation.run-{n}" for n in range(225, 230)]


def test_batches_of_others_are_not_in_the_way(faulty: FaultServer) -> None:
    others = [{"id": 1, "state": "dancing", "name": None}, {"id": 2, "state": "?", "name": "theirs"}]
    ours = {**BATCH, "state": "running"}
    faulty.behaviour = json_answer({"from": 0, "total": 3, "sessions": [*others, ours]})
    assert [batch.name for batch in server(faulty).alive("installation.")] == [NAME]


@pytest.mark.parametrize(
    "page",
    [
        {"from": 0, "total": 1},
        {"from": 0, "total": 1, "sessions": {}},
        {"total": 1, "sessions": []},
        {"from": 0, "total": "1", "sessions": []},
        {"from": 0, "total": 1, "sessions": [{**BATCH, "state": "dancing"}]},
        [],
    ],
)
def test_a_list_that_is_none(faulty: FaultServer, page: object) -> None:
    faulty.behaviour = json_answer(page)
    with pytest.raises(SparkUnavailable):
        server(faulty).alive("installation.")


def test_a_list_without_an_end_is_given_up(faulty: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_gui.spark.livy.MOST_PAGES", 5)
    faulty.behaviour = json_answer({"from": 0, "total": 10**9, "sessions": [BATCH]})
    with pytest.raises(SparkUnavailable, match="too many"):
        server(faulty).alive("installation.")
    assert faulty.connections == 5


# --- log ------------------------------------------------------------------------------------------------------------


def test_pages_of_a_log(livy: PlainLivy) -> None:
    asked = LivyServer(livy.url)
    asked.submit(NAME, CONFIGURATION, 20)
    livy.named(NAME).lines = [f"line {number}" for number in range(250)]
    last = asked.log(NAME)
    assert (last.start, last.total, last.lines[-1], len(last.lines)) == (150, 250, "line 249", 100)
    first = asked.log(NAME, 0, 10)
    assert (first.start, list(first.lines)) == (0, [f"line {number}" for number in range(10)])
    assert list(asked.log(NAME, 250).lines) == []


def test_a_log_of_nothing(livy: PlainLivy) -> None:
    with pytest.raises(SparkRefused, match="no log") as caught:
        LivyServer(livy.url).log(NAME)
    assert caught.value.status_code == 404


def test_a_log_is_bounded_whatever_comes(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer({"id": 1, "from": 0, "total": 9, "log": ["x" * 100_000] * 20})
    page = server(faulty).log(NAME, size=5)
    assert len(page.lines) == 5
    assert {len(line) for line in page.lines} == {LONGEST_LINE}
    faulty.behaviour = json_answer({"id": 1, "from": 0, "total": 9, "log": ["x" * 9_000_000]})
    with pytest.raises(SparkUnavailable, match="longer"):
        server(faulty).log(NAME)


# --- whatever comes ---------------------------------------------------------------------------------------------------


@given(
    status=st.sampled_from([200, 201, 202, 302, 400, 401, 404, 500]),
    media_type=st.sampled_from(["application/json", "text/html", ""]),
    body=st.binary(max_size=200)
    | st.sampled_from([b"null", b"[]", b'""', b"{}", b'{"msg":null}', b"\xff", b'"\\ud800"']),
    generation=st.none() | st.text(max_size=5),
)
def test_no_answer_raises_anything_else(status: int, media_type: str, body: bytes, generation: str | None) -> None:
    asked = LivyServer("http://127.0.0.1:9")
    came = Answer(status, media_type, generation, None, body)
    asked._client._transport.exchange = lambda *_, **__: came  # type: ignore[method-assign]
    actions: list[Callable[[], object]] = [
        lambda: asked.find(NAME),
        lambda: asked.submit(NAME, CONFIGURATION, 1),
        lambda: asked.identity(fresh=True),
        lambda: asked.fence(NAME, 1),
        lambda: asked.kill(NAME),
        lambda: asked.alive("x"),
        lambda: asked.log(NAME),
    ]
    for action in actions:
        with suppress(SparkUnavailable, SparkRefused):
            action()


def test_a_deadline_is_kept_by_every_question(faulty: FaultServer) -> None:
    faulty.behaviour = hang
    asked = server(faulty, timeout=0.2)
    for action in (lambda: asked.find(NAME), asked.identity, lambda: asked.alive("x"), lambda: asked.log(NAME)):
        with pytest.raises(SparkUnavailable, match=r"within 0\.2 s"):
            action()
