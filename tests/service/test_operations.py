"""For those who run the service: alive, ready, what to alert on, and an end in order."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from pipeline_gui.service.metrics import GAUGES, Metrics
from pipeline_gui.service.supervision import watchdog_seconds
from tests.command_server.harness import command_server
from tests.service.harness import SLEEPS, STUBBORN, Service, stream
from tests.service.test_api import NOW, RUNS, START, STATUS, STOP, code_of
from tests.waiting import wait_until


def metrics_of(service: Service) -> dict[str, float]:
    """The samples by name and labels, as Prometheus reads them."""
    text = service.get("/metrics").text
    return {
        "".join([sample.name, *(f" {value}" for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_alive_and_ready(service: Service) -> None:
    assert service.json("/healthz") == {"status": "alive"}
    assert service.json("/readyz") == {"ready": True, "reasons": [], "failing": []}
    service.start_run()
    assert service.json("/readyz")["ready"]  # busy is not broken


def test_not_ready_without_a_database_and_why(begin: Callable[..., Service]) -> None:
    away = begin(PIPELINE_GUI_DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing")
    answer = away.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["database"]
    assert "127.0.0.1" in answer.json()["reasons"][0]
    assert away.get("/healthz").status_code == 200
    metrics = metrics_of(away)
    assert metrics["pipeline_gui_database_up"] == 0
    assert "pipeline_gui_running" not in metrics
    assert "pipeline_gui_seconds_since_last_success" not in metrics


def test_not_ready_without_spark_nor_on_a_copy(begin: Callable[..., Service]) -> None:
    service = begin(PIPELINE_GUI_SPARK_URL="http://127.0.0.1:9")
    assert service.get("/readyz").json()["failing"] == ["spark"]
    service.execute("UPDATE pipeline_installation SET system_identifier = 1")
    copy = begin(PIPELINE_GUI_SPARK_URL="http://127.0.0.1:9")
    assert copy.get("/readyz").json()["failing"] == ["database", "spark"]
    assert code_of(copy.post(START, json={"file": "/x.py"}), 503) == "refused"


def test_reasons_are_for_those_who_are_known(begin: Callable[..., Service], tmp_path: Path) -> None:
    service = begin("--token-file", str(tmp_path / "token"), PIPELINE_GUI_SPARK_URL="http://127.0.0.1:9")
    body = service.get("/readyz").json()
    assert (body["failing"], body["reasons"]) == (["spark"], [])
    service.token = (tmp_path / "token").read_text().strip()
    assert "127.0.0.1:9" in service.get("/readyz").json()["reasons"][0]


def test_what_to_alert_on(begin: Callable[..., Service]) -> None:
    service = begin()
    wait_until(lambda: metrics_of(service)["pipeline_gui_lease_held"] == 1, 10, "the lease")
    before = metrics_of(service)
    assert before["pipeline_gui_running"] == 0
    assert (before["pipeline_gui_database_up"], before["pipeline_gui_spark_up"]) == (1, 1)
    assert "pipeline_gui_seconds_since_last_success" not in before
    assert before["pipeline_gui_runs_ended_total completed"] == 0

    run_id = service.start_run("import time\nprint('x')\ntime.sleep(0.3)\n")
    service.wait_for_status(run_id, "completed")
    service.start_run(SLEEPS)
    running = metrics_of(service)
    assert running["pipeline_gui_running"] == 1
    assert running["pipeline_gui_running_seconds"] > 0
    service.post(STOP, json={"grace_seconds": 0})

    wait_until(lambda: metrics_of(service)["pipeline_gui_runs_ended_total stopped"] == 1, 10, "the end to be counted")
    after = metrics_of(service)
    assert after["pipeline_gui_runs_ended_total completed"] == 1
    assert after["pipeline_gui_run_duration_seconds_count completed"] == 1
    assert 0 <= after["pipeline_gui_seconds_since_last_success"] < 60
    assert after["pipeline_gui_record_lag_seconds_count"] == 2
    assert after["pipeline_gui_record_lag_seconds_sum"] < 10
    assert after["pipeline_gui_watched"] == 1
    assert after["pipeline_gui_http_request_duration_seconds_count POST /api/pipeline/start 201"] == 2


def test_a_hundred_thousand_addresses_are_one_series(service: Service) -> None:
    before = len(metrics_of(service))
    for number in range(40):
        service.get(f"{RUNS}/run-{number}")
        service.get(f"/nothing-{number}")
        service.request(f"M{number}", "/nothing")
    assert len(metrics_of(service)) < before + 100


def test_every_gauge_is_documented() -> None:
    text = Metrics().text(dict.fromkeys(GAUGES, 1.0)).decode()
    for name, documentation in GAUGES.items():
        assert f"# HELP pipeline_gui_{name} {documentation}" in text


def test_an_entry_says_who_did_what_to_which_run(service: Service) -> None:
    run_id = service.start_run()
    service.post(STOP, json={"run_id": run_id, "grace_seconds": 0})
    mine = [entry for entry in service.entries() if entry.get("run_id") == run_id]
    assert [(entry["action"], entry["success"]) for entry in mine] == [("start", True), ("stop", True)]
    for entry in mine:
        assert entry["client"] == "127.0.0.1"
        assert entry["user"]
        assert entry["level"] == "info"


# --- the end ----------------------------------------------------------------------------------------------------------


def test_what_is_under_way_is_finished_and_the_run_runs_on(begin: Callable[..., Service]) -> None:
    service = begin()
    run_id = service.start_run(STUBBORN, grace_seconds=300)
    answers: list[requests.Response] = []
    stopping = threading.Thread(target=lambda: answers.append(service.post(STOP)))
    with stream(service, "/api/pipeline/events") as heard:
        heard.until("status")
        stopping.start()
        service.wait_for_phase(run_id, "stopping")
        begin_at = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - begin_at < 10
        heard.rest()
    stopping.join(10)
    assert [answer.status_code for answer in answers] == [202]
    assert service.server.pids(service.batch_name(run_id))
    assert [entry for entry in service.entries() if entry["level"] in ("warning", "error")] == []
    service.start()
    assert service.json(STATUS)["phase"] == "stopping"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nobody_waits_for_connections_that_are_only_kept(begin: Callable[..., Service], number: int) -> None:
    service = begin()
    session = requests.Session()
    session.get(f"{service.url}/healthz", timeout=5)
    with socket.create_connection(("127.0.0.1", service.port)):
        begin_at = time.monotonic()
        assert service.end(number) == 0
        assert time.monotonic() - begin_at < 8
    session.close()


def test_a_supervisor_is_told(begin: Callable[..., Service], tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(path))
        supervisor.settimeout(20)
        service = begin(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="400000")
        said = [supervisor.recv(100)]
        while said[-1] != b"READY=1":
            said.append(supervisor.recv(100))
        assert service.get("/healthz").status_code == 200  # it was not said too early
        said = [supervisor.recv(100) for _ in range(3)]
        assert said == [b"WATCHDOG=1"] * 3
        service.end()
        while said[-1] != b"STOPPING=1":
            said.append(supervisor.recv(100))


def test_who_asks_for_a_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_seconds() == 15
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_seconds() is None


def test_it_watches_though_nobody_asks(begin: Callable[..., Service]) -> None:
    """The record is true when no window is open."""
    service = begin()
    run_id = service.start_run("import time\nprint('x')\ntime.sleep(0.5)\n")
    query = "SELECT status FROM pipeline_runs WHERE run_id = %s"
    wait_until(lambda: service.execute(query, run_id) == [("completed",)], 15, "the end in the record")


def test_it_finds_the_database_and_spark_again(begin: Callable[..., Service], tmp_path: Path) -> None:
    with command_server(tmp_path / "own") as server:
        service = begin(PIPELINE_GUI_SPARK_URL=server.url, PIPELINE_GUI_SPARK_TOKEN=server.token)
        server.kill()
        wait_until(lambda: service.get("/readyz").status_code == 503, 15, "not ready")
        service.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
        server.start()
        wait_until(lambda: service.get("/readyz").status_code == 200, 15, "ready")
        with stream(service, "/api/pipeline/events") as heard:
            service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('x', 'running', {NOW})")
            assert heard.until("status", is_running=True)["run_id"] == "x"


def test_the_first_line_says_where_it_is(service: Service) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", service.url)
