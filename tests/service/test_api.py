"""The routes of the API as a program uses them, on a real uvicorn, PostgreSQL and command server."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.service.harness import SLEEPS, STUBBORN, Service

START, STOP = "/api/pipeline/start", "/api/pipeline/stop"
STATUS, RUNS = "/api/pipeline/status", "/api/pipeline/runs"
NOW = "(now() AT TIME ZONE 'UTC')"


def code_of(answer: requests.Response, status: int) -> str:
    """The code of an answer that must be a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"] == f"urn:pipeline-gui:problem:{body['code']}"
    assert body["detail"]
    return str(body["code"])


# --- start ------------------------------------------------------------------------------------------------------------


def test_a_start_answers_with_the_run_and_where_it_is(service: Service) -> None:
    answer = service.post(START, json=service.config(name="nightly", args=["--password", "hunter2"]))

    assert answer.status_code == 201
    body = answer.json()
    assert body["success"]
    assert body["run"]["run_id"] == body["run_id"]
    assert body["run"]["status"] == "running"
    assert "hunter2" not in answer.text
    assert answer.headers["Location"] == f"{RUNS}/{body['run_id']}"
    assert service.json(answer.headers["Location"])["metadata"]["configuration"]["name"] == "nightly"
    assert service.json(STATUS)["run_id"] == body["run_id"]


def test_who_started_and_from_where_is_in_the_events(service: Service) -> None:
    run_id = service.start_run()
    assert service.post(STOP, json={"run_id": run_id, "grace_seconds": 0}).status_code == 200

    events = service.json(f"{RUNS}/{run_id}/events")["events"]

    assert [event["kind"] for event in events] == ["recorded", "stop requested", "status changed"]
    assert {event["via"] for event in events} <= {"service", "watcher"}
    assert events[0]["actor"].endswith("@127.0.0.1")


def test_a_second_start_names_the_run_that_runs(service: Service) -> None:
    run_id = service.start_run()
    answer = service.post(START, json=service.config())
    assert code_of(answer, 409) == "busy"
    assert answer.json()["run_id"] == run_id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "file"),
        ({"file": "/x.py", "driver_memory": 5}, "driver_memory"),
        ({"file": "/x.py", "driver_memori": "2g"}, "driver_memori"),
        ({"file": "/x.py", "args": "--fast"}, "args"),
        ({"file": "-x.py"}, "file"),
        ({"file": "/x.py", "grace_seconds": 1e9}, "grace_seconds"),
        ({"configuration": "flihgts"}, "configuration"),
        ({"configuration": ["flights"]}, "configuration"),
        ([], "body"),
        ("flights", "body"),
        (None, "body"),
    ],
)
def test_a_wrong_body_is_refused_with_its_field_and_nothing_is_recorded(
    service: Service, body: Any, field: str
) -> None:
    answer = service.post(START, json=body, data=None if body is not None else b"null", headers=_JSON)
    assert code_of(answer, 422) == "invalid"
    assert answer.json()["field"] == field
    assert service.json(RUNS)["runs"] == []


_JSON = {"Content-Type": "application/json"}


def test_a_wrong_body_is_refused_before_anything_is_asked(begin: Callable[..., Service]) -> None:
    away = begin(PIPELINE_GUI_DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing")
    assert code_of(away.post(START, json={"file": ""}), 422) == "invalid"
    assert code_of(away.post(START, json={"file": "/x.py"}), 503) == "unreachable"
    assert code_of(away.post(STOP, json={"run_id": 5}), 422) == "invalid"
    assert code_of(away.post(STOP), 503) == "unreachable"
    assert code_of(away.get(RUNS), 503) == "unreachable"
    status = away.json(STATUS)
    assert (status["is_running"], status["status"]) == (None, "unknown")
    assert away.get("/").status_code == 200


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (b"{", _JSON, 400, "malformed"),
        (b"\xff", _JSON, 400, "malformed"),
        (b"[" * 100_000, _JSON, 400, "malformed"),
        (b'{"file": "/x.py"}', {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        (b"file=/x.py", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        (b'{"file": "/x.py"}', {}, 415, "unsupported-media-type"),
        (b" " * 1_100_000, _JSON, 413, "too-large"),
    ],
)
def test_a_body_that_is_no_json(service: Service, data: bytes, headers: dict[str, str], status: int, code: str) -> None:
    assert code_of(service.post(START, data=data, headers=headers), status) == code


def test_what_spark_refuses_is_a_bad_gateway_and_names_what_was_recorded(service: Service) -> None:
    answer = service.post(START, json={"file": "/etc/passwd"})
    assert code_of(answer, 502) == "refused"
    run = service.json(f"{RUNS}/{answer.json()['run_id']}")
    assert run["status"] == "failed"


def test_a_spark_that_is_away_is_a_bad_gateway(begin: Callable[..., Service]) -> None:
    away = begin(PIPELINE_GUI_SPARK_URL="http://127.0.0.1:9")
    assert code_of(away.post(START, json={"file": "/x.py"}), 502) == "unreachable"


# --- the same key -----------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_run_also_after_a_restart(begin: Callable[..., Service]) -> None:
    service = begin()
    headers = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    first = service.post(START, json=service.config(), headers=headers)
    again = service.post(START, json=service.config(), headers=headers)
    service.end()
    service.start()
    later = service.post(START, json=service.config(), headers=headers)

    assert [answer.status_code for answer in (first, again, later)] == [201, 201, 201]
    assert {answer.json()["run_id"] for answer in (first, again, later)} == {first.json()["run_id"]}
    assert later.json()["repeated"]
    assert len(service.json(RUNS)["runs"]) == 1
    other = service.post(START, json=service.config(args=["1"]), headers=headers)
    assert code_of(other, 422) == "invalid"
    assert other.json()["field"] == "Idempotency-Key"


def test_a_key_that_is_none_is_refused(service: Service) -> None:
    for key in ("", "x" * 256, "a b\tc"):
        answer = service.post(START, json=service.config(), headers={"Idempotency-Key": key})
        assert code_of(answer, 422) == "invalid"
        assert answer.json()["field"] == "Idempotency-Key"
    twice = b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"
    head = f"POST {START} HTTP/1.1\r\nHost: localhost:{service.port}\r\nContent-Length: 2\r\n".encode()
    assert b" 422 " in service.raw(head + twice + b"Content-Type: application/json\r\n\r\n{}").splitlines()[0]
    assert service.json(RUNS)["runs"] == []


def test_of_fifty_starts_at_once_one_wins_and_all_are_told_who(service: Service) -> None:
    answers: list[requests.Response] = []
    body = service.config()
    threads = [threading.Thread(target=lambda: answers.append(service.post(START, json=body))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    (winner,) = [answer.json()["run_id"] for answer in answers if answer.status_code == 201]
    assert {answer.json()["run_id"] for answer in answers} == {winner}
    assert len(service.json(RUNS)["runs"]) == 1


# --- stop -------------------------------------------------------------------------------------------------------------


def test_a_stop_is_answered_when_nothing_is_left(service: Service) -> None:
    run_id = service.start_run()
    answer = service.post(STOP)
    assert answer.status_code == 200
    assert answer.json()["status"] == "stopped"
    assert service.server.pids(service.batch_name(run_id)) == []
    assert code_of(service.post(STOP), 409) == "idle"
    assert code_of(service.post(STOP, json={"run_id": run_id}), 409) == "idle"


def test_a_stop_stops_the_run_it_names_and_no_other(service: Service) -> None:
    run_id = service.start_run()
    for other in ("never-was", "x" * 255):
        answer = service.post(STOP, json={"run_id": other})
        assert code_of(answer, 409) == "another-run"
        assert answer.json()["run_id"] == run_id
    assert service.json(STATUS)["is_running"]


def test_a_stop_past_its_deadline_is_accepted_and_carried_out(service: Service) -> None:
    run_id = service.start_run(STUBBORN, grace_seconds=60)
    answer = service.post(STOP, headers={"Prefer": "respond-async, wait=1"})
    assert answer.status_code == 202
    assert service.json(STATUS)["phase"] == "stopping"
    assert service.json(STATUS)["stop_requested_by"]
    assert (answer.json()["success"], answer.json()["reason"]) == (False, "unconfirmed")
    forced = service.post(STOP, json={"run_id": run_id, "grace_seconds": 0})
    assert forced.status_code == 200
    assert service.json(f"{RUNS}/{run_id}")["status"] == "stopped"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"run_id": 5}, "run_id"),
        ({"run_id": ""}, "run_id"),
        ({"run_id": "x" * 256}, "run_id"),
        ({"grace_seconds": -1}, "grace_seconds"),
        ({"grace_seconds": True}, "grace_seconds"),
        ({"run": "x"}, "run"),
    ],
)
def test_a_wrong_stop_is_refused_with_the_field(service: Service, body: Any, field: str) -> None:
    answer = service.post(STOP, json=body)
    assert code_of(answer, 422) == "invalid"
    assert answer.json()["field"] == field


def test_another_programs_run_is_not_stopped(service: Service) -> None:
    service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('theirs', 'running', {NOW})")
    assert code_of(service.post(STOP), 409) == "refused"
    assert code_of(service.post(START, json=service.config()), 409) == "busy"
    assert service.json(STATUS)["ours"] is False


# --- what is, and what was --------------------------------------------------------------------------------------------


def test_an_unchanged_status_is_not_sent_again(service: Service) -> None:
    service.start_run()
    service.wait_for_phase(None, "running")
    first = service.get(STATUS)
    tag = first.headers["ETag"]
    for given in (tag, f'"x", {tag}', "*"):
        again = service.get(STATUS, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
    assert service.get(STATUS, headers={"If-None-Match": '"x"'}).status_code == 200
    service.post(STOP)
    assert service.get(STATUS, headers={"If-None-Match": tag}).status_code == 200


def test_the_history_in_pages_by_key_and_by_status(service: Service) -> None:
    service.execute(
        f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time)
            SELECT 'r' || lpad(n::text, 2, '0'), (ARRAY['completed', 'failed', 'stopped'])[1 + n %% 3],
                   {NOW} - n * interval '1 minute', {NOW} FROM generate_series(1, 25) AS n""".replace("%%", "%")
    )
    whole = [run["run_id"] for run in service.json(RUNS)["runs"]]
    assert whole == [f"r{n:02}" for n in range(1, 26)]
    found: list[str] = []
    cursor = ""
    while True:
        page = service.json(f"{RUNS}?limit=10{cursor}")
        found += [run["run_id"] for run in page["runs"]]
        service.execute(
            f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('new-{len(found)}', 'x', {NOW})"
        )
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == whole  # what comes meanwhile moves no page
    failed = service.json(f"{RUNS}?status=failed&status=stopped")["runs"]
    assert {run["status"] for run in failed} == {"failed", "stopped"}
    first = service.get(f"{RUNS}?limit=5")
    assert service.get(f"{RUNS}?limit=5", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("days=0", "days"), ("days=-1", "days"), ("days=nan", "days"), ("days=inf", "days"), ("days=x", "days"),
        ("days=36501", "days"), ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=1.5", "limit"),
        ("status=paused", "status"), ("cursor=x", "cursor"), ("cursor=W10", "cursor"), ("cursor=é", "cursor"),
        ("cursor=WyJ4IiwgInIiXQ", "cursor"), ("cursor=" + "W" * 999, "cursor"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_with_the_field(service: Service, query: str, field: str) -> None:
    answer = service.get(f"{RUNS}?{query}")
    assert code_of(answer, 422) == "invalid"
    assert answer.json()["field"] == field
    assert answer.json()["errors" if field != "cursor" else "detail"]


@pytest.mark.parametrize(
    "run_id", ["a/b", "../../etc/passwd", "%2e%2e", "a?b#c", "名前 with spaces", "runs.csv", "a%00"]
)
def test_a_run_of_any_id_has_its_address(service: Service, run_id: str) -> None:
    service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES (%s, 'failed', {NOW})", run_id)
    path = f"{RUNS}/{quote(run_id, safe='')}"
    assert service.json(path)["run_id"] == run_id
    assert service.json(f"{path}/events")["events"][0]["kind"] == "recorded"
    assert code_of(service.get(f"{path}/log"), 404) == "not-found"


def test_a_head_is_a_get_without_its_body(service: Service) -> None:
    """As monitors and `curl -I` ask; a stream ends at once."""
    run_id = service.start_run()
    service.wait_for_phase(None, "running")
    paths = ["/", STATUS, RUNS, f"{RUNS}/{run_id}", "/healthz", "/readyz", "/metrics", "/openapi.json"]
    for path in [*paths, "/api/pipeline/events", f"{RUNS}/{run_id}/log"]:
        answer = service.request("HEAD", path, headers={"Accept": "text/event-stream"}, timeout=5)
        assert (answer.status_code, answer.content) == (200, b"")
    tag = service.get(STATUS).headers["ETag"]
    assert service.request("HEAD", STATUS).headers["ETag"] == tag
    assert service.request("HEAD", STATUS, headers={"If-None-Match": tag}).status_code == 304
    assert service.request("HEAD", START).status_code == 405


@pytest.mark.parametrize("rest", ["", "/events", "/log"])
def test_a_run_that_is_not_there(service: Service, rest: str) -> None:
    for run_id in ("never", "%ff", "%00"):
        assert code_of(service.get(f"{RUNS}/{run_id}{rest}"), 404) == "not-found"


def test_the_log_in_pages(service: Service) -> None:
    lines = "\n".join(f"print('line {n}', flush=True)" for n in range(30))
    run_id = service.start_run(f"{lines}\n{SLEEPS}")
    service.server.wait_for_output(service.batch_name(run_id), "at work")
    page = service.json(f"{RUNS}/{run_id}/log?from=1&size=5")
    assert page["lines"] == [f"line {n}" for n in range(5)]
    assert (page["start"], page["run_id"]) == (1, run_id)
    assert page["total"] > 30
    assert service.json(f"{RUNS}/{run_id}/log?from=100000")["lines"] == []
    for query in ("from=-1", "size=0", "size=1001", "from=x"):
        assert code_of(service.get(f"{RUNS}/{run_id}/log?{query}"), 422) == "invalid"


def test_the_history_as_csv_is_harmless_in_a_spreadsheet(service: Service) -> None:
    service.execute(
        f"""INSERT INTO pipeline_runs (run_id, status, start_time, command, error_message, metadata) VALUES
            ('=cmd()', 'failed', {NOW}, '@SUM(1)', E'two\nlines, "quoted"', '{{"a": 1}}'),
            ('plain', 'failed', NULL, '+1', '-1', NULL)"""
    )
    service.execute(f"INSERT INTO pipeline_runs (run_id, status, end_time) SELECT 'n' || n, 'stopped', {NOW} "
                    "FROM generate_series(1, 2500) AS n")  # fmt: skip

    answer = service.get("/api/pipeline/runs.csv")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert len(rows) == 2501
    first = rows[0]
    assert (first["run_id"], first["command"]) == ("'=cmd()", "'@SUM(1)")
    assert first["error_message"] == 'two\nlines, "quoted"'
    assert first["metadata"] == '{"a": 1}'
    assert len(service.get("/api/pipeline/runs.csv?status=failed").text.splitlines()) == 3


def test_what_can_be_started_by_name(service: Service) -> None:
    assert "flights" in service.json("/api/pipeline/configurations")["configurations"]


def test_an_address_or_a_method_that_is_none(service: Service) -> None:
    assert code_of(service.get("/api/pipeline/nothing"), 404) == "not-found"
    assert code_of(service.get("/api/pipeline/status/"), 404) == "not-found"
    answer = service.request("PUT", STATUS)
    assert code_of(answer, 405) == "method-not-allowed"
    assert answer.headers["Allow"] == "GET"
