"""Transactions of the database's owner: migrations and the identity, one at a time under an advisory lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from pipeline_gui.pipeline.errors import StoreRefused, StoreUnavailable
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.errors import connection_error, statement_error
from pipeline_gui.store.target import Target, parse_target
from pipeline_gui.store.values import clean_text

OLDEST_POSTGRESQL = 14
_ADVISORY_KEY = 0x70697065_6C696E65 & 0x7FFF_FFFF_FFFF_FFFF
"""“pipeline” as a number."""
_LONGEST = 900.0
"""Seconds: an index on millions of rows takes its time, a frozen server must still be left."""


@contextmanager
def owner_connection(url: str) -> Iterator[tuple[BoundedConnection, Target]]:
    """A connection of its own. Raises StoreUnavailable or StoreRefused, also for a PostgreSQL that is too old."""
    target = parse_target(url, "pipeline-gui migrate")
    try:
        connection = BoundedConnection.connect(target.conninfo)
    except psycopg.Error as error:
        raise connection_error(error, target) from None
    try:
        if connection.info.server_version < OLDEST_POSTGRESQL * 10_000:
            raise StoreRefused(
                f"PostgreSQL at {target.place} is version {connection.info.server_version // 10_000}; "
                f"{OLDEST_POSTGRESQL} or newer is needed."
            )
        with connection.until(time.monotonic() + _LONGEST):
            yield connection, target
    except psycopg.Error as error:
        raise statement_error(error, target, writing=True) from error
    finally:
        connection.close()


@contextmanager
def owner_transaction(url: str, actor: Actor, lock_seconds: float = 30.0) -> Iterator[tuple[BoundedConnection, Target]]:
    """One transaction under the advisory lock, on the schema where ``pipeline_runs`` is."""
    with owner_connection(url) as (connection, target), locked_transaction(connection, target, actor, lock_seconds):
        yield connection, target


@contextmanager
def locked_transaction(
    connection: BoundedConnection, target: Target, actor: Actor, lock_seconds: float
) -> Iterator[None]:
    """A transaction that waits lock_seconds at most for others that migrate, and for each lock of other programs."""
    with connection.transaction():
        connection.execute(
            "SELECT set_config('lock_timeout', %s, true), set_config('pipeline_gui.actor', %s, true), "
            "set_config('pipeline_gui.via', %s, true)",
            (f"{int(lock_seconds * 1000)}ms", clean_text(str(actor)), clean_text(actor.via)),
        )
        try:
            # Of the transaction, not of the session: through a pooler a session lock would stay with a stranger.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY_KEY,))
        except pg.LockNotAvailable:
            raise StoreUnavailable(
                f"Another migration of “{target.database}” has been running for {lock_seconds:.0f} s; "
                "wait for it and try again."
            ) from None
        # Our tables stand beside the record, wherever that is; pg_temp last, for the functions that run as the owner.
        schema = connection.execute(
            "SELECT coalesce((SELECT relnamespace::regnamespace::text FROM pg_class "
            "WHERE oid = to_regclass('pipeline_runs')), quote_ident(current_schema()))"
        ).fetchone()
        if schema is None or schema[0] is None:
            raise StoreRefused(f"The search_path of “{target.database}” names no schema in which to make tables.")
        connection.execute("SELECT set_config('search_path', %s, true)", (f"{schema[0]}, pg_temp",))
        yield
