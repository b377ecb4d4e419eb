"""What is measured on histories of a thousand and of two million runs, which are made once."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import psycopg

from bench import refresh, two_day_query
from bench.figures import Figure
from bench.ground import Ground, ground
from bench.world import ACTOR
from pipeline_gui.store.migrate import migrate

RECENT_ROWS = 287
SIZES = {"1k": 1_000, "2m": 2_000_000, "10m": 10_000_000}

# A row as the controller writes it: a command of 250 characters and a configuration.
_FILL = """
    INSERT INTO pipeline_runs
    SELECT 'run-' || md5(n::text),
           'spark-submit --name flights ' || repeat('--conf spark.a.b=c ', 12) || '/jobs/flights.py',
           CASE n %% 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'stopped' ELSE 'completed' END,
           began, began + interval '5 minutes', 300,
           CASE n %% 10 WHEN 0 THEN 'AnalysisException: no such column: dep' END,
           jsonb_build_object('configuration', jsonb_build_object('name', 'flights', 'file', '/jobs/flights.py',
               'conf', jsonb_build_object('spark.a.b', 'c', 'spark.sql.shuffle.partitions', n)),
               'started_by', 'ana@ops-3', 'application_id', 'local-' || n, 'progress', 'job 3', 'exit_code', 0)
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n, LATERAL (
        SELECT (now() AT TIME ZONE 'UTC') - %(offset)s::interval - n * %(step)s::interval AS began) AS times
"""


def measure(names: Sequence[str]) -> list[Figure]:
    """The figures of that name."""
    queries = [name for name in names if name.startswith("two_day_query")]
    refreshes = [name for name in names if name.startswith("refresh")]
    sizes = ["1k", "2m"] if queries else []
    sizes += [size for size in SIZES if size not in sizes and any(refresh.needs(name, size) for name in refreshes)]
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(ground(with_spark=bool(refreshes), fsync=False))
        urls = {size: make_history(place, SIZES[size]) for size in sizes}
        figures = two_day_query.figures(urls["1k"], urls["2m"], RECENT_ROWS) if queries else []
        figures += refresh.figures(refreshes, place, urls)
    return [figure for figure in figures if figure.figure in names]


def make_history(place: Ground, rows: int, fill: str = _FILL) -> str:
    """The URL of a new database that holds that many runs, RECENT_ROWS of them within the last two days."""
    url = place.new_database()
    migrate(url, actor=ACTOR)
    with psycopg.connect(url, autocommit=True) as connection:
        # Events of two million inserts are not what is measured.
        connection.execute("ALTER TABLE pipeline_runs DISABLE TRIGGER USER")
        recent = {"first": 1, "last": RECENT_ROWS, "offset": "10 minutes", "step": "9 minutes"}
        older = {"first": RECENT_ROWS + 1, "last": rows, "offset": "3 days", "step": "1 minute"}
        for part in (recent, older):
            connection.execute(fill, part)
        connection.execute("ALTER TABLE pipeline_runs ENABLE TRIGGER USER")
        connection.execute("VACUUM ANALYZE pipeline_runs")
    return url
