"""The history of two days through the store, against the same statement and a bare ``fetchall``: the age of the table
must not be felt."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.figures import Figure, against_floor, milliseconds
from bench.world import ACTOR
from pipeline_gui.store import migrate, open_store, queries
from tests.postgres import PostgresServer, running_server

RECENT_ROWS = 287
SIZES = {"two_day_query_1k": 1_000, "two_day_query_2m": 2_000_000}
GROWTH = "two_day_query_growth"
"""The time among 2 million rows, against that among a thousand."""
ROUNDS = 200
WARM_UP = 20
GOAL = 1.5
GROWTH_GOAL = 1.25

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
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
        _reader(server, SIZES["two_day_query_1k"]) as few,
        _reader(server, SIZES["two_day_query_2m"]) as many,
    ):
        readers = {"two_day_query_1k": few, "two_day_query_2m": many}
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in readers}
        # Turn by turn, so that whatever else the computer does meets all of them alike.
        for number in range(WARM_UP + ROUNDS):
            for name, pair in readers.items():
                for kept, read in zip(times[name], pair, strict=True):
                    taken = _timed(read)
                    if number >= WARM_UP:
                        kept.append(taken)
    medians = {name: (milliseconds(store), milliseconds(bare)) for name, (store, bare) in times.items()}
    figures = [against_floor(name, store, bare, "ms", GOAL) for name, (store, bare) in medians.items()]
    first, second = medians.values()
    figures.append(against_floor(GROWTH, second[0], first[0], "ms", GROWTH_GOAL))
    return [figure for figure in figures if figure.figure in names]


@contextmanager
def _reader(server: PostgresServer, rows: int) -> Iterator[tuple[Callable[[], int], Callable[[], int]]]:
    """A database of that many rows, read through a store and bare; each call gives the number of rows."""
    url = server.url_of(server.create_database())
    migrate(url, actor=ACTOR)
    with psycopg.connect(url, autocommit=True) as connection:
        # Events of two million inserts are not what is measured.
        connection.execute("ALTER TABLE pipeline_runs DISABLE TRIGGER USER")
        recent = {"first": 1, "last": RECENT_ROWS, "offset": "10 minutes", "step": "9 minutes"}
        older = {"first": RECENT_ROWS + 1, "last": rows, "offset": "3 days", "step": "1 minute"}
        for part in (recent, older):
            connection.execute(_FILL, part)
        connection.execute("ALTER TABLE pipeline_runs ENABLE TRIGGER USER")
        connection.execute("VACUUM ANALYZE pipeline_runs")
        store = open_store(url, application_name="bench", max_connections=1)
        values = {"seconds": 2 * 86_400, "limit": None}
        yield lambda: len(store.recent(2)), lambda: len(connection.execute(queries.RECENT, values).fetchall())
        store.close()


def _timed(read: Callable[[], int]) -> float:
    begin = time.perf_counter()
    found = read()
    taken = time.perf_counter() - begin
    if found != RECENT_ROWS:
        raise RuntimeError(f"{found} rows were read, not {RECENT_ROWS}")
    return taken
