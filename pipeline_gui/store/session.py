"""Round trips to the database: what is asked goes out in one piece, and an answer or a sentence comes back in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from pipeline_gui.pipeline.errors import PipelineError, StoreRefused, StoreUnavailable
from pipeline_gui.pipeline.record import Actor, Installation
from pipeline_gui.store import queries
from pipeline_gui.store.connection import BoundedConnection, DeadlinePassed
from pipeline_gui.store.contact import ContactLog
from pipeline_gui.store.errors import is_answer, statement_error
from pipeline_gui.store.pool import Connections
from pipeline_gui.store.reading import READING_SECONDS, STATEMENT_SECONDS, Reading, Row, milliseconds, read_together
from pipeline_gui.store.schema import installation_of
from pipeline_gui.store.target import Target
from pipeline_gui.store.values import clean_text, json_text

CHECK_AGAIN_SECONDS = 60.0
"""How often a connection in use is looked at again."""
Statement = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. The server's own bounds come before the client's, so that its words are heard."""

    read: float = READING_SECONDS
    """From a call to its answer, connecting included."""
    write: float = 7.0
    reading_statement: float = STATEMENT_SECONDS
    """On the server."""
    writing_statement: float = 6.0
    lock: float = 5.0
    idle_in_transaction: float = 5.0
    lease: float = 2.0
    """For the whole call: a lease that comes late is worth nothing."""


class Session:
    """Reads and writes of one store. Thread-safe."""

    def __init__(self, target: Target, max_connections: int, timeouts: Timeouts) -> None:
        self.target = target
        self.contact = ContactLog()
        self._timeouts = timeouts
        self._connections = Connections(target, max_connections)
        self._installation: Installation | None = None

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    def installation(self) -> Installation:
        """Which database this is: as the newest connection found it, and read anew while it is a copy."""
        if self._installation is None or not self._installation.may_act:
            rows = self.read(queries.INSTALLATION, {})
            self._installation = installation_of(rows[0] if rows else None, self.target.database)
        return self._installation

    def read(self, statement: str, values: dict[str, Any]) -> list[Row]:
        """One reading statement; the rows."""
        return self.read_together([Reading(statement, values)])[0]

    def read_together(self, readings: Sequence[Reading]) -> list[list[Row]]:
        """The rows of each statement, in one round trip; once more on another connection when the first is dead."""
        deadline = time.monotonic() + self._timeouts.read
        try:
            return self._read_once(readings, deadline)
        except _Dead:
            return self._read_once(readings, deadline)

    def write(
        self,
        statements: Sequence[Statement],
        actor: Actor,
        *,
        detail: dict[str, Any] | None = None,
        lease: bool = False,
        durable: bool = True,
    ) -> list[list[Row]]:
        """Statements in one transaction and one round trip; returns the rows of each after the commit was acknowledged.

        durable: also on disk by then; else a crash of the database may lose them, which must be harmless.
        Raises StoreUnclear when the commit may have happened. A refusal by the server is the cause of what is raised.
        """
        limits = self._timeouts
        deadline = time.monotonic() + (limits.lease if lease else limits.write)
        settings = {
            "actor": clean_text(str(actor)),
            "via": clean_text(actor.via),
            "detail": json_text(detail) if detail else "",
            "lock_timeout": milliseconds(limits.lease / 2 if lease else limits.lock),
            "statement_timeout": milliseconds(limits.lease if lease else limits.writing_statement),
            "idle_timeout": milliseconds(limits.idle_in_transaction),
            "synchronous_commit": "on" if durable else "off",
        }
        with self._connection(deadline) as connection:
            if self._only_reading is not None:
                raise _OnlyReading(self._only_reading)
            try:
                cursors = []
                with connection.pipeline():
                    connection.execute(queries.BEGIN)
                    connection.execute(queries.WRITE_SETTINGS, settings)
                    for statement, values in statements:
                        cursors.append(connection.cursor(binary=True).execute(statement, values))
                    connection.execute("COMMIT")
                rows = [cursor.fetchall() if cursor.description else [] for cursor in cursors]
            except psycopg.Error as error:
                raise self._failed(error, connection, writing=True) from error
        self.contact.answered(self._only_reading)
        return rows

    # --- one attempt ----------------------------------------------------------------------------------------------

    def _read_once(self, readings: Sequence[Reading], deadline: float) -> list[list[Row]]:
        with self._connection(deadline) as connection:
            try:
                rows = read_together(connection, readings, self._timeouts.reading_statement)
            except psycopg.Error as error:
                raise self._failed(error, connection, writing=False) from error
        self.contact.answered(self._only_reading)
        return rows

    @contextmanager
    def _connection(self, deadline: float) -> Iterator[BoundedConnection]:
        """A connection that is known to lead to a database of ours.

        Each is looked at when it is new, for an address may move; and now and then, for somebody may migrate meanwhile.
        """
        try:
            with self._connections.connection(deadline) as connection:
                looked = connection.schema_checked_at
                if looked is None or time.monotonic() - looked > CHECK_AGAIN_SECONDS:
                    self._check(connection)
                yield connection
        except _OnlyReading as error:
            self.contact.answered(str(error))
            raise
        except (StoreUnavailable, StoreRefused) as error:
            cause = error.__cause__
            if isinstance(cause, psycopg.Error) and (is_answer(cause) or isinstance(error, StoreRefused)):
                self.contact.answered(self._only_reading)
            else:
                self.contact.lost(str(error))
            raise

    def _check(self, connection: BoundedConnection) -> None:
        try:
            row = connection.execute(queries.INSTALLATION).fetchone()
        except psycopg.Error as error:
            # No cause: a database that is not ours counts as one that can't be reached.
            raise self._failed(error, connection, writing=False) from None
        self._installation = installation_of(row, self.target.database)
        connection.schema_checked_at = time.monotonic()

    @property
    def _only_reading(self) -> str | None:
        """Why this program may not write, as the newest look at the schema found it."""
        return self._installation.newer_schema if self._installation else None

    def _failed(self, error: psycopg.Error, connection: BoundedConnection, *, writing: bool) -> PipelineError:
        """The sentence for an error; leaves the connection idle or closed."""
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            try:
                connection.execute("ROLLBACK")
            except psycopg.Error:
                connection.close()
        sentence = statement_error(error, self.target, writing=writing)
        lost = not is_answer(error) and not isinstance(error, DeadlinePassed)
        return _Dead(str(sentence)) if lost and not writing and isinstance(sentence, StoreUnavailable) else sentence


class _Dead(StoreUnavailable):
    """A connection was lost while reading, so that reading again on another is harmless."""


class _OnlyReading(StoreRefused):
    """The schema is newer than this program, which may read it and no more."""
