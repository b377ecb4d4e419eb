"""The connections of one store, kept for the next call."""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.errors import connection_error
from pipeline_gui.store.target import Target

_CHECK_TIMEOUT = 1.5
_FRESH = 1.0
"""Seconds for which a connection that worked is believed to work after a look at its socket alone."""
_SLICE = 0.1


class Connections:
    """The pool of one store. It needs no database to be made, and finds it again by itself after a restart."""

    def __init__(self, target: Target, max_size: int) -> None:
        self._target = target
        self._failure: tuple[float, Exception] | None = None
        self._lent = 0
        self._lock = threading.Lock()
        self._pool: ConnectionPool[BoundedConnection] = ConnectionPool(
            target.conninfo,
            connection_class=BoundedConnection,
            kwargs={"on_failure": self._note_failure},
            min_size=0,
            max_size=max_size,
            open=False,
            check=_check,
            max_idle=120.0,
            # No attempts in the background: the next caller tries anew, at once, and hears the reason.
            reconnect_timeout=0.0,
            num_workers=max_size,
        )

    @contextmanager
    def connection(self, deadline: float) -> Iterator[BoundedConnection]:
        """A working connection, given back at the end. Raises StoreUnavailable or StoreRefused by the deadline."""
        connection = self._get(deadline)
        self._count(1)
        try:
            with connection.until(deadline):
                yield connection
            connection.used_at = time.monotonic()
        finally:
            if not connection.closed and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                # Left within a statement (Ctrl-C): what it would answer next is not known.
                connection.pgconn.finish()
            self._count(-1)
            self._pool.putconn(connection)

    def close(self) -> None:
        """Close every connection; waits 2 s at most for attempts under way."""
        self._pool.close(timeout=2.0)

    def _get(self, deadline: float) -> BoundedConnection:
        begin = time.monotonic()
        try:
            self._pool.open()
            while True:
                left = deadline - time.monotonic()
                try:
                    return self._pool.getconn(timeout=min(_SLICE, max(0.001, left)))
                except PoolTimeout:
                    # The pool keeps the reason to itself and would let us wait to the end for "connection refused".
                    failure = self._failure
                    if failure is not None and failure[0] >= begin:
                        raise connection_error(failure[1], self._target) from None
                    if time.monotonic() >= deadline:
                        raise self._timed_out() from None
        except PoolClosed:
            raise StoreUnavailable("The connection to the database was closed by this program.") from None

    def _timed_out(self) -> StoreUnavailable:
        if self._lent >= self._pool.max_size:
            return StoreUnavailable("All of this program's connections to the database are busy; try again.")
        return StoreUnavailable(f"PostgreSQL at {self._target.place} does not answer.")

    def _count(self, change: int) -> None:
        with self._lock:
            self._lent += change

    def _note_failure(self, error: Exception) -> None:
        self._failure = (time.monotonic(), error)


def _check(connection: BoundedConnection) -> None:
    """Refuse a connection that the server has closed, or that a network has forgotten."""
    with connection.until(time.monotonic() + _CHECK_TIMEOUT):
        if _has_something_to_read(connection) or time.monotonic() - connection.used_at > _FRESH:
            ConnectionPool.check_connection(connection)


def _has_something_to_read(connection: BoundedConnection) -> bool:
    """An idle connection has nothing to read, but for the server's farewell."""
    # A selector that needs no file of its own: this is asked before every statement.
    with getattr(selectors, "PollSelector", selectors.SelectSelector)() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))
