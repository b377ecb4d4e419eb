"""The history of two days through the store, against the same statement and a bare ``fetchall``: the age of the table
must not be felt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from bench.figures import Figure, against_floor, milliseconds
from pipeline_gui.store import queries
from pipeline_gui.store.store import open_store

GROWTH = "two_day_query_growth"
"""The time among 2 million rows, against that among a thousand."""
ROUNDS = 200
WARM_UP = 20
GOAL = 1.5
GROWTH_GOAL = 1.25


def figures(few_url: str, many_url: str, expected_rows: int) -> list[Figure]:
    """The figures for a database of few runs and one of many, each with so many runs in the last two days."""
    with _reader(few_url) as few, _reader(many_url) as many:
        readers = {"two_day_query_1k": few, "two_day_query_2m": many}
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in readers}
        # Turn by turn, so that whatever else the computer does meets all of them alike.
        for number in range(WARM_UP + ROUNDS):
            for name, pair in readers.items():
                for kept, read in zip(times[name], pair, strict=True):
                    taken = _timed(read, expected_rows)
                    if number >= WARM_UP:
                        kept.append(taken)
    medians = {name: (milliseconds(store), milliseconds(bare)) for name, (store, bare) in times.items()}
    found = [against_floor(name, store, bare, "ms", GOAL) for name, (store, bare) in medians.items()]
    first, second = medians.values()
    found.append(against_floor(GROWTH, second[0], first[0], "ms", GROWTH_GOAL))
    return found


@contextmanager
def _reader(url: str) -> Iterator[tuple[Callable[[], int], Callable[[], int]]]:
    """Ways to read a database through a store and bare; each call gives the number of rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        store = open_store(url, application_name="bench", max_connections=1)
        values = {"seconds": 2 * 86_400, "limit": None}
        yield lambda: len(store.recent(2)), lambda: len(connection.execute(queries.RECENT, values).fetchall())
        store.close()


def _timed(read: Callable[[], int], expected_rows: int) -> float:
    begin = time.perf_counter()
    found = read()
    taken = time.perf_counter() - begin
    if found != expected_rows:
        raise RuntimeError(f"{found} rows were read, not {expected_rows}")
    return taken
