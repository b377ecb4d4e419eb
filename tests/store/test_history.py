"""The last days: which rows, in which order, and how other programs' odd content is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_gui.pipeline.run import Run
from pipeline_gui.store import queries
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, new_run

Execute = Callable[..., list[tuple[Any, ...]]]

NOW = "(now() AT TIME ZONE 'UTC')"


def ids(runs: list[Run]) -> list[str]:
    return [run.run_id for run in runs]


def test_the_rows_that_run_or_started_or_ended_within_the_days(store: PostgresStore, execute: Execute) -> None:
    execute(f"""
        INSERT INTO pipeline_runs (run_id, status, start_time, end_time) VALUES
            ('long ago', 'completed', {NOW} - interval '9 days', {NOW} - interval '8 days'),
            ('started long ago, ended now', 'completed', {NOW} - interval '9 days', {NOW} - interval '1 hour'),
            ('today', 'failed', {NOW} - interval '3 hours', {NOW} - interval '2 hours'),
            ('ended, start unknown', 'failed', NULL, {NOW} - interval '1 day'),
            ('started, end unknown', 'failed', {NOW} - interval '1 day', NULL),
            ('nothing known', 'failed', NULL, NULL),
            ('just out', 'stopped', {NOW} - interval '49 hours', {NOW} - interval '48 hours 1 minute'),
            ('running for a month', 'Running ', {NOW} - interval '30 days', NULL)""")

    assert ids(store.recent(2)) == [
        "today",
        "started, end unknown",
        "started long ago, ended now",
        "running for a month",
        "ended, start unknown",
    ]
    assert ids(store.recent(2, limit=2)) == ["today", "started, end unknown"]
    assert ids(store.recent(0)) == ["running for a month"]
    assert len(store.recent(1e12)) == 7  # all but the one of which nothing is known


def test_a_running_row_without_times_is_last(store: PostgresStore, execute: Execute) -> None:
    execute(f"""INSERT INTO pipeline_runs (run_id, status, start_time) VALUES
                ('running', 'running', NULL), ('old', 'failed', {NOW})""")

    old, running = store.recent(2)

    assert (old.run_id, running.run_id, running.duration, running.start_time) == ("old", "running", None, None)


def test_a_running_rows_duration_is_up_to_now(store: PostgresStore, execute: Execute) -> None:
    store.insert(new_run(), ANA)
    execute("UPDATE pipeline_runs SET start_time = start_time - interval '1000 s', duration = 5")

    record = store.running()

    assert record is not None
    assert record.run.duration == pytest.approx(1000, abs=30)
    assert record.age_seconds == pytest.approx(1000, abs=30)
    assert store.recent(2)[0].duration == pytest.approx(1000, abs=30)


def test_a_start_in_the_future_has_no_negative_duration(store: PostgresStore, execute: Execute) -> None:
    execute(
        f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('r', 'running', {NOW} + interval '1 hour')"
    )

    assert store.recent(2)[0].duration == 0.0


def test_odd_content_of_other_programs_is_read(store: PostgresStore, execute: Execute) -> None:
    digits = "9" * 5000
    execute(
        f"""
        INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata, command) VALUES
            ('infinite', 'running', 'infinity', '-infinity', 'NaN', '[1, 2]', NULL),
            ('ancient', 'failed', '4000-01-01 BC', {NOW}, 'Infinity', 'null', NULL),
            ('far', NULL, '290000-01-01', NULL, -3, %s, repeat('x', 1048576)),
            ('plain', 'what?', {NOW}, NULL, NULL, NULL, NULL)""",
        json.dumps({"big": 1}).replace("1", digits),
    )

    runs = {run.run_id: run for run in store.recent(2)}

    assert set(runs) == {"infinite", "ancient", "far", "plain"}
    assert (runs["infinite"].start_time, runs["infinite"].end_time, runs["infinite"].duration) == (None, None, None)
    assert runs["infinite"].metadata == {"value": [1, 2]}
    assert runs["ancient"].start_time is None
    assert (runs["ancient"].duration, runs["ancient"].metadata) == (None, None)
    assert runs["far"].metadata == {"big": digits}
    assert (runs["far"].status, runs["far"].duration, len(runs["far"].command or "")) == (None, -3.0, 1048576)
    assert runs["plain"].status == "what?"
    assert store.running() is not None


def test_times_are_aware_and_exact(store: PostgresStore, execute: Execute) -> None:
    moment = datetime.now(UTC).replace(microsecond=123457) - timedelta(hours=1)
    execute("INSERT INTO pipeline_runs (run_id, start_time) VALUES ('r', %s)", moment.replace(tzinfo=None))

    assert store.recent(2)[0].start_time == moment


def test_the_history_never_reads_the_table_even_without_statistics(store: PostgresStore, execute: Execute) -> None:
    execute("""INSERT INTO pipeline_runs (run_id, status, start_time, end_time)
               SELECT 'r' || n, 'completed', t, t + interval '1 minute'
               FROM generate_series(1, 3000) AS n,
                    LATERAL (SELECT timestamp '2020-01-01' + n * interval '1 hour') AS s(t)""")
    # What would make the planner choose processes and compiled code for so small a table.
    execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0")
    execute("BEGIN")
    execute(queries.READ_SETTINGS.replace("%(statement_timeout)s", "'1s'"))

    plan = "\n".join(
        row[0]
        for row in execute("EXPLAIN " + queries.RECENT.replace("%(seconds)s", "172800").replace("%(limit)s", "NULL"))
    )

    assert "Seq Scan" not in plan
    assert "Gather" not in plan
    assert "pipeline_runs_latest" in plan
    assert "pipeline_runs_one_running" in plan


def test_an_overview_is_what_runs_and_the_last_days(store: PostgresStore, execute: Execute) -> None:
    execute(f"""
        INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata) VALUES
            ('odd', 'failed', 'infinity', '-infinity', 'NaN', '[1, "a"]'),
            ('ended', 'completed', {NOW} - interval '1 hour', {NOW}, 3600, '{{"started_by": "ben@ops-1"}}')""")
    started = store.insert(new_run(), ANA).record

    overview = store.overview(2)

    assert overview.running is not None
    assert overview.running.run.run_id == started.run.run_id
    assert overview.running.engine == started.engine
    durations = [run.duration for run in overview.recent if run.is_running]
    assert durations == [pytest.approx(0, abs=5)]
    assert [run for run in overview.recent if not run.is_running] == [r for r in store.recent(2) if not r.is_running]
    assert ids(list(overview.recent)) == ids(store.recent(2))


def test_an_overview_keeps_what_did_not_change_and_nothing_else(store: PostgresStore, execute: Execute) -> None:
    execute(f"""
        INSERT INTO pipeline_runs (run_id, command, status, start_time, end_time, duration, error_message, metadata)
        SELECT 'run ' || n, 'submit', 'failed', {NOW} - n * interval '1 hour', {NOW}, 1, 'early', '{{"a": 1}}'
        FROM generate_series(1, 9) AS n""")
    changes = {
        "run 1": "command = 'another'",
        "run 2": "status = 'completed'",
        "run 3": "start_time = start_time + interval '1 second'",
        "run 4": "end_time = NULL",
        "run 5": "duration = 2",
        "run 6": "error_message = 'late'",
        "run 7": """metadata = '{"a": 2}'""",
        "run 8": "run_id = 'run 8, renamed'",
    }
    before = {run.run_id: run for run in store.overview(2).recent}
    for run_id, change in changes.items():
        execute(f"UPDATE pipeline_runs SET {change} WHERE run_id = %s", run_id)

    after = store.overview(2).recent

    assert list(after) == store.recent(2)
    assert [run.run_id for run in after if run is before.get(run.run_id)] == ["run 9"]
