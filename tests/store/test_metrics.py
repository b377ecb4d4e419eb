"""Figures by pipeline: what the summary says is what the record says, whoever wrote it and whenever."""

from __future__ import annotations

import random
import statistics
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.metrics import MetricsPage, PipelineMetrics, Starter
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.store import PostgresStore, open_store
from tests.store.conftest import ANA, new_run
from tests.store.test_migrate import SEED

Execute = Callable[..., list[tuple[Any, ...]]]
# Noon: nothing of a test falls into the next day while it runs.
ENDED = "date_trunc('day', now() AT TIME ZONE 'UTC') - %s * interval '1 day' + interval '12 hours'"
INSERT = f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata)
    SELECT %s, %s, ended - %s * interval '1 second', ended, %s, jsonb_build_object('configuration',
    jsonb_build_object('name', %s::text), 'started_by', %s::text) FROM (SELECT {ENDED} AS ended) AS at"""


def add(
    execute: Execute, run_id: str, days_ago: float, seconds: float, status: str = "completed",
    pipeline: str = "flights", who: str = "ana@ops-3",
) -> None:  # fmt: skip
    execute(INSERT, run_id, status, seconds, seconds, pipeline, who, days_ago)


def only(page: MetricsPage) -> PipelineMetrics:
    (found,) = page.pipelines
    return found


def test_a_period_is_compared_with_the_one_before(store: PostgresStore, execute: Execute) -> None:
    for number, (days_ago, seconds, status) in enumerate(
        [
            (0, 10, "completed"), (1, 20, "completed"), (2, 30, "completed"), (6, 500, "failed"), (6, 7, "stopped"),
            (7, 10, "completed"), (13, 10, "completed"), (14, 10, "completed"), (20, 9000, "failed"),
        ]
    ):  # fmt: skip
        add(execute, f"r{number}", days_ago, seconds, status, who="ana@ops-3" if number else "ben@ops-1")
    week = only(store.metrics.page(7))

    assert (week.pipeline, week.now.runs, week.now.completed, week.now.failed, week.now.stopped) == (
        "flights",
        5,
        3,
        1,
        1,
    )
    assert [week.now.p50, week.now.p95] == pytest.approx([20, 30])
    assert week.now.success_rate == 0.75
    assert [week.before.runs, week.before.p50] == pytest.approx([2, 10])
    assert [week.runs_trend, week.success_trend, week.p50_trend] == pytest.approx([3, -0.25, 1])
    assert (week.longest, week.longest_run) == (500, "r3")
    assert week.starters == (Starter("ana@ops-3", 4), Starter("ben@ops-1", 1))
    month = only(store.metrics.page(30))
    assert (month.now.runs, month.before.runs, month.longest_run) == (9, 0, "r8")
    assert (month.success_trend, month.p50_trend) == (None, None)
    days = store.metrics.by_day("flights", 7)
    assert [(day.runs, day.p50) for day in days] == [(2, None), (1, 30), (1, 20), (1, 10)]
    assert days[-1].day == datetime.now(UTC).date()
    assert store.metrics.page(7, "other").pipelines == ()
    named = only(store.metrics.page(7, "flights"))
    assert week.last_success is not None
    assert datetime.now(UTC) - timedelta(days=1) < week.last_success < datetime.now(UTC) + timedelta(days=1)
    assert (named.now, named.before, named.longest_run) == (week.now, week.before, week.longest_run)


def test_a_run_of_ours_counts_when_it_has_ended(store: PostgresStore, execute: Execute) -> None:
    store.insert(new_run("r1"), ANA)
    assert store.metrics.page(7).pipelines == ()
    assert execute("SELECT count(*) FROM pipeline_run_days_changed") == [(0,)]
    store.settle("r1", None, Ending(RunStatus.COMPLETED, gone=True, exit_code=0), ANA)
    found = only(store.metrics.page(7))
    assert (found.now.completed, found.starters) == (1, (Starter("", 1),))
    assert found.seconds_since_success is not None
    assert found.seconds_since_success < 60
    assert found.longest_run == "r1"


def test_who_changes_nothing_that_counts_has_nothing_counted_anew(store: PostgresStore, execute: Execute) -> None:
    add(execute, "r1", 1, 10)
    store.metrics.count()
    execute("UPDATE pipeline_runs SET error_message = 'x', metadata = metadata || '{\"progress\": \"job 1\"}'")
    assert execute("SELECT count(*) FROM pipeline_run_days_changed") == [(0,)]
    execute("UPDATE pipeline_runs SET duration = 11")
    assert execute("SELECT count(*) FROM pipeline_run_days_changed") == [(1,)]


def test_rows_that_were_there_before_are_in_it(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute(SEED)
        for number, days_ago in enumerate((0, 3, 89, 90, 179, 400)):
            other.execute(INSERT, (f"r{number}", "completed", 10, 10, "flights", "ana", days_ago))
        other.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('no time', 'completed')")
    migrate(empty_database, actor=ANA)
    store = open_store(empty_database, application_name="tests", max_connections=1)
    quarter = store.metrics.page(90)
    store.close()
    assert (only(quarter).now.runs, only(quarter).before.runs, quarter.uncounted_days) == (3, 2, 0)


def test_what_other_programs_write_does_no_harm(store: PostgresStore, execute: Execute) -> None:
    execute("""
        INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata) VALUES
            ('a', ' Completed', now(), 'infinity', 5, NULL),
            ('b', 'completed', NULL, now() AT TIME ZONE 'UTC', 'NaN', '"text"'),
            ('c', 'COMPLETED ', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 'infinity', '[1]'),
            ('d', 'failed', '-infinity', now() AT TIME ZONE 'UTC', -5, '{"configuration": 7}'),
            ('e', 'stopped', now() AT TIME ZONE 'UTC', NULL, 1e308, '{"configuration": {"name": {"x": [1]}}}'),
            ('f', 'Aborted?!', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 5, '{}'),
            ('g', 'completed', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 0,
             '{"configuration": {"name": " "}}'),
            ('h', 'completed', '9999-01-01', '9999-01-01', 0, NULL),
            ('i', 'completed', '290000-01-01', '290000-01-01', 0, NULL),
            ('j', 'completed', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 1e-300,
             jsonb_build_object('configuration', jsonb_build_object('name', repeat('x', 100000)),
                                'started_by', repeat('y', 100000)))
        """)
    page = store.metrics.page(7)
    assert {found.pipeline: found.now.runs for found in page.pipelines} == {"": 4, '{"x": [1]}': 1, "x" * 200: 1}
    assert page.uncounted_days == 0


class Record:
    """The same figures, reckoned from the rows one by one."""

    def __init__(self, execute: Execute) -> None:
        self.rows = execute(f"""
            SELECT run_id, status, duration, metadata #>> '{{configuration,name}}', metadata ->> 'started_by',
                   {ENDED % 0}, GREATEST(start_time, end_time) FROM pipeline_runs""")

    def runs(self, pipeline: str, begin: int, end: int) -> list[tuple[Any, ...]]:
        return [row for row in self.rows if row[3] == pipeline and begin <= (row[5].date() - row[6].date()).days < end]


def test_many_that_write_at_once_leave_it_right(database: str, store: PostgresStore, execute: Execute) -> None:
    """Six programs insert, change and delete; others read figures meanwhile. Then it is what the rows say."""
    seed = random.randrange(10_000)
    stop = threading.Event()
    failures: list[Exception] = []

    def write(number: int) -> None:
        dice = random.Random(seed + number)
        made: list[str] = []
        with psycopg.connect(database, autocommit=True) as connection:
            for turn in range(60):
                with connection.transaction(force_rollback=dice.random() < 0.1):
                    for part in range(dice.randrange(1, 4)):
                        what = dice.random()
                        if what < 0.6 or not made:
                            run_id = f"{number}-{turn}-{part}"
                            seconds = dice.lognormvariate(5, 1)
                            status = dice.choice(["completed", "completed", "failed", "stopped"])
                            pipeline, who = dice.choice(["flights", "events"]), dice.choice(["ana", "ben"])
                            days_ago = dice.randrange(190)
                            connection.execute(INSERT, (run_id, status, seconds, seconds, pipeline, who, days_ago))
                            made.append(run_id)
                        elif what < 0.8:
                            change = dice.choice(
                                ["duration = 99", "status = 'failed'", "end_time = end_time - interval '3 days'",
                                 "metadata = jsonb_set(metadata, '{configuration,name}', '\"moved\"')"]
                            )  # fmt: skip
                            connection.execute(
                                f"UPDATE pipeline_runs SET {change} WHERE run_id = %s", (dice.choice(made),)
                            )
                        else:
                            connection.execute("DELETE FROM pipeline_runs WHERE run_id = %s", (dice.choice(made),))

    def read() -> None:
        while not stop.is_set():
            store.metrics.page(90)

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - told below
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    readers = [guarded(read) for _ in range(2)]
    writers = [guarded(lambda number=number: write(number)) for number in range(6)]  # type: ignore[misc]
    for writer in writers:
        writer.join()
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    record = Record(execute)
    assert len(record.rows) > 100
    for days in (7, 30, 90):
        page = store.metrics.page(days)
        assert page.uncounted_days == 0
        found = {pipeline.pipeline: pipeline for pipeline in page.pipelines}
        for name in ("flights", "events", "moved"):
            now, before = record.runs(name, 0, days), record.runs(name, days, 2 * days)
            if not now and not before:
                assert name not in found
                continue
            told = found[name]
            for period, rows in ((told.now, now), (told.before, before)):
                statuses = [row[1] for row in rows]
                assert (period.completed, period.failed, period.stopped) == tuple(
                    statuses.count(status) for status in ("completed", "failed", "stopped")
                ), f"seed {seed}"
                seconds = sorted(row[2] for row in rows if row[1] == "completed")
                assert period.p50 == pytest.approx(statistics.median_low(seconds), rel=0.08) if seconds else True
            assert told.longest == max((row[2] for row in now), default=None)
            assert sum(starter.runs for starter in told.starters) == len(now)


def test_a_writer_waits_for_nobody_and_what_it_commits_later_is_counted_later(
    database: str, store: PostgresStore, execute: Execute
) -> None:
    """The one that is not committed yet when its day is counted is not lost."""
    add(execute, "r1", 1, 10)
    with psycopg.connect(database) as slow:
        slow.execute(INSERT, ("slow", "completed", 10, 10, "flights", "ana", 1))
        add(execute, "r2", 1, 10)  # the same day, at once
        assert only(store.metrics.page(7)).now.runs == 2
        assert execute("SELECT count(*) FROM pipeline_run_days_changed") == [(0,)]
        slow.commit()
    assert only(store.metrics.page(7)).now.runs == 3


def test_while_another_counts_what_is_known_is_shown(database: str, store: PostgresStore, execute: Execute) -> None:
    add(execute, "r1", 1, 10)
    store.metrics.count()
    add(execute, "r2", 1, 10)
    with psycopg.connect(database) as other:
        other.execute("SELECT pipeline_gui_count_days(1)")
        page = store.metrics.page(7)
        assert (only(page).now.runs, page.uncounted_days) == (1, 1)
    assert only(store.metrics.page(7)).now.runs == 2  # the other was rolled back, and what it had counted


def test_an_emptied_table_and_days_that_are_too_long_ago(store: PostgresStore, execute: Execute) -> None:
    add(execute, "r1", 1, 10)
    store.metrics.count()
    execute("UPDATE pipeline_run_days SET day = day - 300")
    add(execute, "r2", 1, 10)
    assert only(store.metrics.page(7)).now.runs == 2
    assert execute("SELECT count(*) FROM pipeline_run_days") == [(1,)]
    execute("TRUNCATE pipeline_runs")
    assert store.metrics.page(7).pipelines == ()
    assert execute("SELECT count(*) FROM pipeline_run_days") == [(0,)]


def test_of_very_many_pipelines_the_ones_with_the_most_runs(store: PostgresStore, execute: Execute) -> None:
    execute(f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time, metadata)
        SELECT 'r' || n || '-' || m, 'completed', ended, ended, jsonb_build_object('configuration',
               jsonb_build_object('name', 'p' || n))
        FROM (SELECT {ENDED % 1} AS ended) AS at, generate_series(1, 210) AS n,
             generate_series(1, CASE WHEN n <= 5 THEN 2 ELSE 1 END) AS m""")
    page = store.metrics.page(7)
    assert (len(page.pipelines), page.left_out) == (200, 10)
    assert {found.pipeline for found in page.pipelines[:5]} == {f"p{n}" for n in range(1, 6)}
