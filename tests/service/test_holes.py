"""The holes that others had (Spark, Airflow, Livy, Dagster, Kestra, Rundeck, Jenkins, Argo), each by its name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import quote

import psycopg
import pytest

from tests.service.conftest import OPERATOR_TOKEN
from tests.service.harness import SLEEPS, Service, stream
from tests.service.test_api import NOW, RUNS, START, STATUS, STOP, code_of
from tests.spark.fault_server import Behaviour, FaultServer, endless, html_answer, raw_answer
from tests.waiting import wait_until

SHELL = "; touch {marker}; $(touch {marker}) `touch {marker}` | touch {marker} && touch {marker} \n touch {marker}"


def test_shell_from_user_input(service: Service) -> None:
    """Spark CVE-2022-33891 and CVE-2023-32007, Airflow CVE-2022-40127: metacharacters in every text."""
    marker = service.folder / "owned"
    evil = SHELL.format(marker=marker)
    line = evil.replace("\n", " ")
    source = f"import sys\nassert sys.argv[1] == {evil!r}, sys.argv\n{SLEEPS}"
    body = service.config(source, args=[evil], description=evil, queue=line, conf={"spark.x": evil})
    body["name"] = line[:190]
    answer = service.post(START, json=body)
    assert answer.status_code == 201, answer.text
    run_id = answer.json()["run_id"]
    service.server.wait_for_output(service.batch_name(run_id), "at work")
    assert code_of(service.post(STOP, json={"run_id": evil[:200]}), 409) == "another-run"
    assert service.post(STOP, json={"run_id": run_id, "grace_seconds": 0}).status_code == 200
    service.post(START, json={"file": f"/tmp/x{line}"})
    service.get(f"{RUNS}/{quote(evil, safe='')}/log")
    assert not marker.exists()


@pytest.mark.parametrize("key", ["spark.driver.extraJavaOptions", "spark.driver.extraClassPath", "spark.plugins"])
def test_submit_configuration_escalates(service: Service, key: str) -> None:
    """Spark CVE-2023-22946, Argo CVE-2026-31892: the service is no way around the command server's forbidden keys."""
    answer = service.post(START, json=service.config(conf={key: "x"}))
    assert code_of(answer, 502) == "refused"
    assert key in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/....//etc/passwd",
        f"{RUNS}/../status", f"{RUNS}/..%2fstatus", f"{RUNS}/x/log/../../../status", "/resources/dashboard/page.html",
        "/static/..%5c..%5cetc", f"{RUNS}/%2e%2e/log", "/etc/passwd%00.html",
    ],
)  # fmt: skip
def test_path_traversal(service: Service, path: str) -> None:
    """Livy GHSA-h84f-4ff9-8hc3, Kyuubi CVE-2025-66518, Dagster CVE-2023-51232: a path is a key and never a file."""
    raw = service.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert b" 404 " in raw.splitlines()[0]
    assert b"root:" not in raw


def test_path_traversal_in_a_file_that_is_to_run(service: Service) -> None:
    """The same for applications: what lies outside the allowed folders does not run."""
    outside = f"{service.server.apps}/../state/token"
    assert code_of(service.post(START, json={"file": outside}), 502) == "refused"


@pytest.mark.parametrize(
    "path",
    [
        f"{STATUS}/healthz", f"{STATUS};/healthz", f"/healthz/..{STATUS}", f"{STATUS}?/login", f"/login/..{STATUS}",
        f"/%2e%2e{STATUS}", f"/{STATUS}", "/api/pipeline/%73tatus", f"{STATUS}%2fhealthz", f"{STATUS}#/healthz",
    ],
)  # fmt: skip
def test_bypassed_authentication(guarded: Service, path: str) -> None:
    """Spark CVE-2018-11770 and CVE-2020-9480, Kestra CVE-2026-49869: a filter that looked at a part of the path."""
    raw = guarded.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert b" 401 " in raw.splitlines()[0] or b" 400 " in raw.splitlines()[0]
    assert b"is_running" not in raw


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_cross_site_request_to_a_local_server(service: Service, kind: str) -> None:
    """Rundeck CVE-2021-39133, Livy's X-Requested-By: a form of another site, and a name turned to this computer."""
    body = json.dumps(service.config())
    for origin in ("https://evil.example", "null"):
        answer = service.post(START, data=body, headers={"Content-Type": kind, "Origin": origin})
        assert code_of(answer, 403) == "foreign-origin"
    assert code_of(service.post(START, data=body, headers={"Content-Type": kind}), 415) == "unsupported-media-type"
    rebound = {"Host": f"evil.example:{service.port}", "Origin": f"http://evil.example:{service.port}"}
    assert code_of(service.post(START, json=service.config(), headers=rebound), 421) == "wrong-host"
    assert service.json(RUNS)["runs"] == []


def test_arguments_taken_for_options_or_files(service: Service) -> None:
    """Jenkins CVE-2024-23897: values that begin with a hyphen or an at sign."""
    secret = service.folder / "secret"
    secret.write_text("top secret")
    source = f"import sys\nprint(sys.argv[1:], flush=True)\n{SLEEPS}"
    run_id = service.start_run(source, args=[f"@{secret}", "--master", "-x"])
    said = service.server.wait_for_output(service.batch_name(run_id), "at work")
    assert f"['@{secret}', '--master', '-x']" in said
    assert "top secret" not in said
    for field, value in (("file", "--conf"), ("py_files", ["--jars"]), ("jars", ["-x"])):
        answer = service.post(START, json={**service.config(), field: value})
        assert (code_of(answer, 422), answer.json()["field"]) == ("invalid", field)


SECRET = "hunter2hunter2"


def test_secrets_leak(begin: Callable[..., Service]) -> None:
    """Airflow CVE-2020-17511, CVE-2024-45784, CVE-2025-68438: in arguments, properties, errors, logs, audit."""
    service = begin()
    body = service.config(
        args=["--password", SECRET, f"--db=postgresql://u:{SECRET}@h/d", f"--api-key={SECRET}", "x" * 4000 + SECRET],
        conf={"spark.my.password": SECRET, "spark.url": f"jdbc:x://u:{SECRET}@h"},
        description=f"token={SECRET}",
    )
    body["args"] = body["args"][:3]
    run_id = service.post(START, json=body).json()["run_id"]
    refused = service.post(START, json={**body, "file": f"s3://key:{SECRET}@bucket/x.py"})
    unknown = service.post(START, json={"pasword": SECRET})
    wrong = service.get(f"{RUNS}?days={SECRET}")
    said = [answer.text for answer in (refused, unknown, wrong)]
    for path in (
        STATUS,
        RUNS,
        f"{RUNS}/{run_id}",
        f"{RUNS}/{run_id}/events",
        "/api/pipeline/runs.csv",
        "/",
        "/metrics",
    ):
        said.append(service.get(path).text)
    said.append(service.log)
    for text in said:
        assert SECRET not in text
    # Nor do the secrets of the service itself show.
    password = psycopg.conninfo.conninfo_to_dict(service.database)["password"]
    for text in said:
        assert str(password) not in text
        assert service.server.token not in text


def test_secrets_of_an_address_that_does_not_answer(begin: Callable[..., Service]) -> None:
    """The same for errors of servers that are away."""
    away = begin(
        PIPELINE_GUI_DATABASE_URL=f"postgresql://me:{SECRET}@127.0.0.1:9/x",
        PIPELINE_GUI_SPARK_URL="http://127.0.0.1:9",
        PIPELINE_GUI_SPARK_TOKEN=SECRET,
    )
    for path in (STATUS, RUNS, "/readyz", "/", "/metrics"):
        assert SECRET not in away.get(path).text
    assert SECRET not in away.log


HOSTILE = "</script><script>alert(1)</script>\x1b]0;owned\x07\x1b[2J<img src=x onerror=alert(1)>\u202e&amp;"


def test_a_hostile_record(service: Service) -> None:
    """Airflow's Spark provider, GHSA-8q28-pw9g-w82c: markup and escape sequences where a run or a log puts them."""
    service.execute(
        "INSERT INTO pipeline_runs (run_id, status, start_time, error_message, command) "
        f"VALUES (%s, %s, {NOW}, %s, %s)",
        HOSTILE, HOSTILE[:50], HOSTILE, HOSTILE,
    )  # fmt: skip
    page = service.get("/").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    answer = service.get(RUNS)
    assert answer.json()["runs"][0]["error_message"] == HOSTILE
    for path in (RUNS, "/api/pipeline/runs.csv"):
        answer = service.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    source = f"print({HOSTILE!r} + chr(13) + 'data: x', flush=True)\n{SLEEPS}"
    run_id = service.start_run(source)
    with stream(service, f"{RUNS}/{run_id}/log") as log:
        seen = ""
        while "owned" not in seen:
            kind, data = log.next()
            assert kind == "lines"
            seen += "".join(data["lines"])
        assert "</script>" in seen


_ELSEWHERE = raw_answer(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_ELSEWHERE, html_answer(200, "alert(1)"), endless()])
def test_a_hostile_server(begin: Callable[..., Service], behaviour: Behaviour) -> None:
    """The same from a server: it ends in a sentence, and never in a hang or a page."""
    with FaultServer(behaviour) as liar:
        service = begin(PIPELINE_GUI_SPARK_URL=f"http://127.0.0.1:{liar.port}")
        begin_at = time.monotonic()
        answer = service.post(START, json={"file": "/x.py"})
        assert code_of(answer, 502) in ("unreachable", "refused")
        assert time.monotonic() - begin_at < 20
        assert service.json(STATUS)["spark"]["reachable"] is False


def test_exhaustion_by_a_body_before_authentication(guarded: Service) -> None:
    """Argo CVE-2026-42294: who is not known is answered before a byte of the body is read."""
    head = f"POST {START} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    begin_at = time.monotonic()
    for length in ("Content-Length: 99999999999", "Transfer-Encoding: chunked"):
        raw = guarded.raw(f"{head}{length}\r\n\r\n".encode())
        assert b" 401 " in raw.splitlines()[0]
        assert b"connection: close" in raw.lower()
    assert time.monotonic() - begin_at < 5


def test_exhaustion_by_large_requests(guarded: Service) -> None:
    """The limits of those who are known: body, line, headers."""
    known = f"Host: localhost\r\nAuthorization: Bearer {OPERATOR_TOKEN}\r\n"
    head = f"POST {START} HTTP/1.1\r\n{known}Content-Type: application/json\r\n"
    assert b" 413 " in guarded.raw(f"{head}Content-Length: 99999999999\r\n\r\n".encode()).splitlines()[0]
    chunks = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    for whole in (chunks * 20 + b"0\r\n\r\n", chunks * 150):  # one that ends, and one that does not
        raw = guarded.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + whole)
        assert b" 413 " in raw.splitlines()[0]
    assert b" 200 " in guarded.raw(f"GET {STATUS} HTTP/1.1\r\n{known}Content-Length: 5\r\n\r\n12345".encode())
    for more in ("Content-Length: 99999999", "Transfer-Encoding: chunked"):
        assert b" 413 " in guarded.raw(f"GET {STATUS} HTTP/1.1\r\n{known}{more}\r\n\r\n".encode()).splitlines()[0]
    for size, of_address, of_head in ((9_000, b"414", b"200"), (40_000, b"414", b"431")):
        raw = guarded.raw(f"GET /{'x' * size} HTTP/1.1\r\n{known}\r\n".encode())
        assert raw.split()[1] in (of_address, b"400")
        raw = guarded.raw(f"GET {STATUS} HTTP/1.1\r\n{known}X: {'x' * size}\r\n\r\n".encode())
        assert raw.split()[1] in (of_head, b"400")  # 400: it came in pieces, and the parser saw no end


def test_exhaustion_by_streams(service: Service) -> None:
    """A client has so many streams and no more, and gets them back when it leaves."""
    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(stream(service, "/api/pipeline/events"))
        answer = service.get("/api/pipeline/events")
        assert code_of(answer, 429) == "too-many-streams"
        assert answer.headers["Retry-After"]
        assert service.get(STATUS).status_code == 200
    wait_until(lambda: b"pipeline_gui_streams 0.0" in service.get("/metrics").content, 10, "all streams to be left")
