"""The figures of all pipelines over 90 days, among 10 million runs, each time after another run has ended."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from bench.figures import Figure, bounded, milliseconds
from bench.ground import ground
from bench.history import make_history
from pipeline_gui.store.store import PostgresStore, open_store

ROWS = 10_000_000
PIPELINES = 20
ROUNDS = 100
WARM_UP = 10
GOAL = 50.0

# Twenty pipelines, whose runs take from seconds to hours.
_FILL = f"""
    INSERT INTO pipeline_runs
    SELECT 'run-' || md5(n::text),
           'spark-submit --name flights ' || repeat('--conf spark.a.b=c ', 12) || '/jobs/flights.py',
           CASE n %% 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'stopped' ELSE 'completed' END,
           began, began + took * interval '1 second', took,
           CASE n %% 10 WHEN 0 THEN 'AnalysisException: no such column: dep' END,
           jsonb_build_object('configuration', jsonb_build_object('name', 'pipeline ' || n %% {PIPELINES},
               'file', '/jobs/flights.py', 'conf', jsonb_build_object('spark.a.b', 'c')),
               'started_by', 'ana@ops-' || n %% 7, 'application_id', 'local-' || n, 'exit_code', 0)
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n, LATERAL (
        SELECT (now() AT TIME ZONE 'UTC') - %(offset)s::interval - n * %(step)s::interval AS began,
               20 * (1 + n %% {PIPELINES}) * exp(0.3 * (random() + random() + random() - 1.5)) AS took) AS times
"""
_ENDED = f"""
    INSERT INTO pipeline_runs
    SELECT 'new-' || n, NULL, 'completed', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 0.1, NULL,
           jsonb_build_object('configuration', jsonb_build_object('name', 'pipeline ' || n %% {PIPELINES}))
    FROM (SELECT %s::integer AS n) AS number
"""


def measure(_names: Sequence[str]) -> list[Figure]:
    """The page of 90 days, and the first look of all, which sums up the days that are there."""
    with ground(with_spark=False, fsync=False) as place:
        url = make_history(place, ROWS, _FILL)
        store = open_store(url, application_name="bench", max_connections=1)
        try:
            with psycopg.connect(url, autocommit=True) as other:
                # As the migration of such a table does it: its triggers slept while the history was made.
                other.execute(
                    "INSERT INTO pipeline_run_days_changed "
                    "SELECT pipeline_gui_first_day() + number FROM generate_series(0, 181) AS number"
                )
                begin = time.perf_counter()
                while store.metrics.count():
                    pass
                first = time.perf_counter() - begin
                taken = [_page(store, other, number) for number in range(WARM_UP + ROUNDS)][WARM_UP:]
        finally:
            store.close()
    return [
        bounded("metrics_query", milliseconds(taken), "ms", GOAL),
        Figure("metrics_first", round(first, 3), "s", None, None, None, True),
    ]


def _page(store: PostgresStore, other: psycopg.Connection, number: int) -> float:
    other.execute(_ENDED, (number,))
    begin = time.perf_counter()
    page = store.metrics.page(90)
    taken = time.perf_counter() - begin
    if len(page.pipelines) != PIPELINES or page.uncounted_days:
        raise RuntimeError(f"{len(page.pipelines)} pipelines, {page.uncounted_days} days not counted")
    return taken
