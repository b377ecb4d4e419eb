"""Reading statements that go out together, and whose answers come back together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

from pipeline_gui.store import queries
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.values import register_raw_loaders

READING_SECONDS = 5.0
"""From a call to its answer, connecting included."""
STATEMENT_SECONDS = 4.0
"""On the server, whose own bounds come before the client's, so that its words are heard."""
Row = tuple[Any, ...]


class Reading(NamedTuple):
    """A reading statement."""

    statement: str
    values: dict[str, Any]
    raw: bool = False
    """Whether TIMESTAMP and JSONB are left undecoded, for who compares before decoding."""


def read_together(
    connection: BoundedConnection, readings: Sequence[Reading], statement_seconds: float
) -> list[list[Row]]:
    """The rows of each statement, in one round trip. Raises psycopg's errors."""
    with connection.pipeline():
        cursors = ask_together(connection, readings, statement_seconds)
    return [cursor.fetchall() for cursor in cursors]


def ask_together(
    connection: BoundedConnection, readings: Sequence[Reading], statement_seconds: float
) -> list[psycopg.Cursor[Row]]:
    """Send each statement within a pipeline, at whose end the cursors have their rows."""
    connection.execute(queries.READ_SETTINGS, {"statement_timeout": milliseconds(statement_seconds)})
    return [_asked(connection, reading) for reading in readings]


def milliseconds(seconds: float) -> str:
    """A bound as PostgreSQL takes it."""
    return f"{round(seconds * 1000)}ms"


def _asked(connection: BoundedConnection, reading: Reading) -> psycopg.Cursor[Row]:
    cursor = connection.cursor(binary=True)
    if reading.raw:
        register_raw_loaders(cursor.adapters)
    return cursor.execute(reading.statement, reading.values)
