"""A store on a database of the test's own, and another program beside it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ports import Actor, NewRun
from pipeline_gui.store.store import PostgresStore, open_store

ANA = Actor("ana", "ops-3", "terminal")
BEN = Actor("ben", "ops-1", "window")

_numbers = itertools.count(1)


def new_run(run_id: str | None = None, **changes: Any) -> NewRun:
    """A run that may be recorded."""
    run_id = run_id or f"flights-{next(_numbers)}"
    values: dict[str, Any] = {
        "run_id": run_id,
        "batch_name": f"installation.{run_id}",
        "command": "spark-submit --name flights /jobs/flights.py",
        "metadata": {"configuration": {"name": "flights"}},
        "spark_url": "http://127.0.0.1:8998",
        "generation": "g1",
        "grace_seconds": 10.0,
    }
    return NewRun(**values | changes)


def alter_database(execute: Callable[..., list[tuple[Any, ...]]], change: str) -> None:
    """ALTER DATABASE for the test's own one; holds for sessions from then on."""
    [(name,)] = execute("SELECT quote_ident(current_database())")
    execute(f"ALTER DATABASE {name} {change}")


@pytest.fixture
def store(database: str) -> Iterator[PostgresStore]:
    """A store with two connections."""
    store = open_store(database, application_name="tests", max_connections=2)
    yield store
    store.close()


@pytest.fixture
def execute(database: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Another program that knows the table only: each statement is committed, and its rows are returned."""
    with psycopg.connect(database, autocommit=True, application_name="other") as connection:

        def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

        yield run
