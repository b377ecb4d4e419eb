"""Connections that can't hang: every wait ends at a deadline, even when the server is frozen and its kernel is not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

from pipeline_gui.store.values import register_loaders

# Of each attempt that failed it is warned; the store says it in a sentence, once, to whoever asked.
logging.getLogger("psycopg").setLevel(logging.ERROR)


class DeadlinePassed(psycopg.OperationalError):
    """The server did not answer in time; the connection was closed."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection whose waits end at ``deadline`` (time.monotonic): then it is closed and raises DeadlinePassed."""

    deadline: float | None = None
    used_at: float = 0.0
    schema_checked_at: float | None = None
    """When the schema and the identity of what this connection leads to were looked at."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        """Connect in autocommit mode, unprepared: a pooler may give each transaction another server."""
        on_failure: Callable[[Exception], None] | None = kwargs.pop("on_failure", None)
        try:
            connection = super().connect(conninfo, autocommit=True, prepare_threshold=None, **kwargs)
        except Exception as error:
            if on_failure is not None:
                on_failure(error)
            raise
        register_loaders(connection.adapters)
        connection.used_at = time.monotonic()
        return connection

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for libpq, to the deadline at most."""
        if self.deadline is None:
            return super().wait(gen, interval, timeout)
        left = self.deadline - time.monotonic()
        if timeout is not None and timeout < left:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, max(0.0, left))
        except psycopg.OperationalError as error:
            if time.monotonic() < self.deadline or error.sqlstate is not None:
                raise
            # Whatever the server still does with it, nobody may use this connection again.
            self.pgconn.finish()
            raise DeadlinePassed("no answer in time") from None

    @contextmanager
    def until(self, deadline: float) -> Iterator[Self]:
        """Bound every wait within the block."""
        self.deadline = deadline
        try:
            yield self
        finally:
            self.deadline = None
