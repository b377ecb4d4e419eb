"""The sample pipelines from the terminal, on real parts: one that completes, one that fails, one that is stopped."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.end_to_end.operator import Operator
from tests.waiting import wait_until

pytestmark = pytest.mark.spark


def test_flights_is_started_shows_its_progress_and_completes(operator: Operator) -> None:
    terminal = operator.begin("start", "flights", "--wait")
    terminal.wait_for("Reading and joining")

    def working() -> dict[str, Any] | None:
        status: dict[str, Any] = operator.json("status")
        return status if (status["progress"] or {}).get("tasks_total") else None

    status = wait_until(working, 240, "progress")
    assert status is not None
    assert (status["pipeline"], status["phase"]) == ("flights", "running")
    assert 0 <= status["progress"]["tasks_completed"] <= status["progress"]["tasks_total"]
    assert terminal.exit_code() == 0, terminal.err
    assert "Read 336,776 flights." in terminal.out
    assert "Delays by airline" in terminal.out
    run = operator.newest_run()
    assert run["run_id"] == status["run_id"]
    assert (run["status"], run["error_message"]) == ("completed", None)
    assert run["duration"] > 0
    assert any((operator.home / "output" / "flights" / "by_carrier").glob("*.parquet"))
    assert operator.json("status")["is_running"] is False
    kept = operator.json("metrics", "--run", run["run_id"])
    assert kept["figures"]["input_records"] >= 336_776  # asked of Spark while it ran
    assert kept["figures"]["input_bytes"] > 1_000_000
    assert (kept["figures"]["executors"], kept["figures"]["failed_tasks"]) == (1, 0)
    [counted] = operator.json("metrics", "flights", "--days", "7")["pipelines"]
    assert (counted["runs"], counted["success_rate"], counted["longest_run"]) == (1, 1, run["run_id"])


def test_broken_fails_with_the_error_of_the_application(operator: Operator) -> None:
    terminal = operator.run("start", "broken", "--wait", code=1)

    run = operator.newest_run()
    assert run["status"] == "failed"
    assert "departure_dely" in run["error_message"]
    assert "departure_dely" in terminal.err  # the reason, where a person looks for it
    assert "departure_dely" in terminal.out  # and the log
    assert "Traceback" not in terminal.err


def test_a_stream_outlives_ctrl_c_shows_its_rates_and_leaves_nothing_when_stopped(operator: Operator) -> None:
    terminal = operator.begin("start", "stream_events", "--wait")
    terminal.wait_for("batch 1:")

    terminal.process.send_signal(signal.SIGINT)
    assert terminal.exit_code(60) == 130
    assert "The run goes on" in terminal.err

    def with_rates() -> dict[str, Any] | None:
        status: dict[str, Any] = operator.json("status")
        return status if (status["progress"] or {}).get("input_rows_per_second") else None

    status = wait_until(with_rates, 120, "the rates of the stream")
    assert status is not None
    assert (status["is_running"], status["phase"], status["pipeline"]) == (True, "running", "stream_events")
    assert "rows/s" in status["progress"]["text"]

    def figures() -> dict[str, Any] | None:
        """Asked of Spark while it runs; a run of some seconds may have none."""
        terminal = operator.begin("metrics", "--run", status["run_id"], "--json")
        kept: dict[str, Any] | None = json.loads(terminal.out)["figures"] if terminal.exit_code(60) == 0 else None
        return kept if kept and kept["executors"] else None

    kept = wait_until(figures, 120, "the figures of the run")
    assert kept is not None
    assert (kept["executors"], kept["failed_tasks"]) == (1, 0)
    names = {process.name() for process in operator.processes_of_the_run()}
    assert "java" in names
    assert any("python" in name for name in names)

    answer = operator.json("stop")

    assert (answer["success"], answer["run_id"], answer["status"]) == (True, status["run_id"], "stopped")
    assert operator.processes_of_the_run() == []
    run = operator.newest_run()
    assert (run["run_id"], run["status"]) == (status["run_id"], "stopped")
    assert run["metadata"]["stop_requested_by"]
