"""`metrics`: what the runs of each pipeline come to."""

from __future__ import annotations

import psycopg

from tests.store.test_metrics import INSERT
from tests.terminal.conftest import Program


def fill(program: Program) -> None:
    with psycopg.connect(program.database, autocommit=True) as connection:
        for number, (days_ago, seconds, status) in enumerate(
            [(0, 60, "completed"), (2, 120, "completed"), (3, 300, "failed"), (8, 60, "completed"), (40, 9, "stopped")]
        ):
            connection.execute(INSERT, (f"r{number}", status, seconds, seconds, "flights", "ana@ops-3", days_ago))
        connection.execute(INSERT, ("r9", "failed", 5, 5, "even\x1b[31mts", "ben", 1))


def test_figures_are_told_in_words_and_in_json(program: Program) -> None:
    assert "No run has ended within 60 days." in program.run("metrics").stdout
    fill(program)
    answer = program.json("metrics", "--days", "7")
    assert (answer["days"], answer["uncounted_days"], answer["left_out"]) == (7, 0, 0)
    flights, events = answer["pipelines"]
    assert (flights["pipeline"], flights["runs"], flights["completed"], flights["failed"]) == ("flights", 3, 2, 1)
    assert (flights["longest"], flights["longest_run"]) == (300, "r2")
    assert flights["started_by"] == [{"who": "ana@ops-3", "runs": 3}]
    assert flights["trend"]["runs"] == 2
    assert round(flights["trend"]["success_rate"], 3) == -0.333
    assert flights["last_success"].endswith("Z")
    assert (events["runs"], events["success_rate"], events["p50"], events["last_success"]) == (1, 0, None, None)
    said = program.run("metrics", "--days", "7").stdout
    assert "2 more runs, success down 33 %" in said
    assert "\x1b" not in said
    one = program.run("metrics", "flights", "--days", "90").stdout
    assert "5: 3 completed, 1 failed, 1 stopped" in one
    assert "no runs before" in one
    assert one.count(" completed, half within ") == 3
    assert len(program.json("metrics", "flights", "--days", "90")["by_day"]) == 5
    assert "none in 180 days" in program.run("metrics", "--days", "7").stdout


def test_a_pipeline_that_nobody_ran_is_told(program: Program) -> None:
    fill(program)
    program.call_refused(1, "metrics", "nope", sentence="No run of “nope” has ended within 60 days.")
    assert program.json("metrics", "nope", code=1)["pipelines"] == []
    assert program.run("metrics", "--days", "8").returncode == 2
