"""`retention`: it says what would go, and removes it only when told to."""

from __future__ import annotations

import signal

import psycopg

from tests.terminal.conftest import Program
from tests.waiting import wait_until

FILL = """INSERT INTO pipeline_runs (run_id, status, start_time, end_time)
    SELECT 'old-' || n, 'completed', moment, moment
    FROM (SELECT n, (now() AT TIME ZONE 'UTC') - interval '40 days' - n * interval '1 minute' AS moment
          FROM generate_series(1, %s) AS n) AS runs"""


def count(program: Program, what: str) -> int:
    with psycopg.connect(program.database) as connection:
        row = connection.execute(f"SELECT {what}").fetchone()
    assert row is not None
    return int(row[0] or 0)


def test_it_says_what_would_go_and_goes_only_when_told(program: Program) -> None:
    assert "Nothing would go" in program.run("retention", "--older-than-days", "30").stdout
    with psycopg.connect(program.database) as connection:
        connection.execute(FILL, (1200,))
    said = program.run("retention", "--older-than-days", "30", "--keep-last", "100").stdout
    assert "1,100 would go: runs that were over more than 30 days ago, but for the newest 100." in said
    answer = program.json("retention", "--older-than-days", "30", "--dry-run")
    assert (answer["would_remove"], answer["removed"]) == (1200, 0)
    assert answer["oldest"] < answer["newest"]
    assert count(program, "count(*) FROM pipeline_runs") == 1200
    assert program.json("retention", "--keep-last", "100", "--yes")["removed"] == 1100
    assert "Removed 100 runs." in program.run("retention", "--older-than-days", "30", "--yes").stdout
    assert "nothing to remove" in program.run("retention", "--older-than-days", "30", "--yes").stdout


def test_what_can_not_be_meant_is_refused(program: Program) -> None:
    assert program.run("retention").returncode == 2
    assert program.run("retention", "--older-than-days", "0").returncode == 2
    assert program.run("retention", "--keep-last", "5", "--yes", "--dry-run").returncode == 2
    program.call_refused(1, "retention", "--older-than-days", "99999", sentence="from 1 to 36,500")


def test_killed_in_the_middle_whole_portions_are_gone_and_the_next_one_goes_on(program: Program) -> None:
    with psycopg.connect(program.database) as connection:
        connection.execute(FILL, (20_000,))
        connection.execute(
            "INSERT INTO pipeline_run_engine (run_id, batch_name, phase, spark_url, grace_seconds, gone) "
            "SELECT run_id, run_id, 'running', 'http://x', 1, true FROM pipeline_runs"
        )
    process = program.begin("retention", "--older-than-days", "30", "--yes")
    wait_until(lambda: count(program, "count(*) FROM pipeline_runs") < 20_000, 30, "the first portion")
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    left = wait_until(lambda: count(program, "count(*) FROM pipeline_runs"), 10, "what is left")
    assert 0 < left < 20_000
    assert count(program, "count(*) FROM pipeline_run_engine") == left
    removed = "sum((detail ->> 'removed')::int) FROM pipeline_run_events WHERE kind = 'runs removed'"
    assert count(program, removed) == 20_000 - left
    assert program.json("retention", "--older-than-days", "30", "--yes")["removed"] == left
    assert count(program, "count(*) FROM pipeline_runs") + count(program, "count(*) FROM pipeline_run_engine") == 0
    assert count(program, removed) == 20_000
