"""Preparing a database: numbered migrations, each in one transaction, one process at a time."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import errors as pg

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.store import queries
from pipeline_gui.store.adoption import existing_rows
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.owner import locked_transaction, owner_connection
from pipeline_gui.store.schema import (
    Migration,
    SchemaState,
    installation_of,
    known_migrations,
    newest_version,
    refuse_newer,
)
from pipeline_gui.store.target import Target
from pipeline_gui.store.values import clean_text

_TABLE = f"""
    CREATE TABLE IF NOT EXISTS pipeline_migrations (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        checksum TEXT NOT NULL,
        applied_at TIMESTAMP NOT NULL DEFAULT {queries.NOW},
        applied_by TEXT
    )
"""


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a migration did."""

    database: str
    place: str
    version: int
    applied: tuple[str, ...]
    adopted_rows: int | None
    """Rows of a pipeline_runs that was there before; None when this made it, or nothing was to do."""
    installation_id: str | None
    """None: it was lost, and a new identity is needed."""

    def sentence(self) -> str:
        """The report in words."""
        if not self.applied:
            return f"The database “{self.database}” at {self.place} is up to date (schema version {self.version})."
        adopted = "" if self.adopted_rows is None else f" Its {self.adopted_rows:,} recorded runs stay as they are."
        return f"The database “{self.database}” at {self.place} is prepared (schema version {self.version}).{adopted}"


def migrate(url: str, *, actor: Actor, lock_seconds: float = 30.0) -> MigrationReport:
    """Bring a database to this program's schema; waits lock_seconds at most for each lock.

    Raises StoreUnavailable, or StoreRefused with nothing changed by the migration that was refused.
    """
    applied: list[str] = []
    adopted: int | None = None
    with owner_connection(url) as (connection, target):
        for migration in known_migrations():
            try:
                with locked_transaction(connection, target, actor, lock_seconds):
                    if migration.number in _applied(connection, target):
                        continue
                    if migration.number == 1:
                        adopted = existing_rows(connection)
                    _apply(connection, migration, actor)
            except pg.InsufficientPrivilege as error:
                raise StoreRefused(
                    f"This user may not prepare the database “{target.database}” ({error.diag.message_primary}). "
                    "Migrate as the role that owns it."
                ) from None
            applied.append(f"{migration.number:04d}_{migration.name}")
        row = connection.execute(queries.INSTALLATION).fetchone()
    installation_id = row[0] if row else None
    return MigrationReport(target.database, target.place, newest_version(), tuple(applied), adopted, installation_id)


def check_schema(url: str) -> SchemaState:
    """How far a database is prepared; changes nothing. Raises StoreUnavailable, or StoreRefused (a newer schema)."""
    with owner_connection(url) as (connection, target):
        newer = _newer(connection, target)
        applied = _applied(connection, target) if newer is None else set()
    if newer is not None:
        return SchemaState(newer[0], newest_version(), (), newer[1])
    known = known_migrations()
    pending = tuple(f"{m.number:04d}_{m.name}" for m in known if m.number not in applied)
    return SchemaState(max(applied, default=None), newest_version(), pending)


def _newer(connection: BoundedConnection, target: Target) -> tuple[int, str] | None:
    """The version of a newer schema that this program can read, and the sentence that says so. Raises StoreRefused."""
    if connection.execute("SELECT to_regclass('pipeline_installation')").fetchone() == (None,):
        return None
    row = connection.execute(queries.INSTALLATION).fetchone()
    if row is None or row[2] is None or row[2] <= newest_version():
        return None
    installation = installation_of(row, target.database)
    assert installation.newer_schema is not None
    return installation.schema_version, installation.newer_schema


def _applied(connection: BoundedConnection, target: Target) -> set[int]:
    """The numbers of the applied migrations, each checked to be the one that we know."""
    exists = connection.execute("SELECT to_regclass('pipeline_migrations') IS NOT NULL").fetchone()
    if exists is None or not exists[0]:
        return set()
    known = {migration.number: migration for migration in known_migrations()}
    rows = connection.execute("SELECT number, name, checksum FROM pipeline_migrations ORDER BY number").fetchall()
    for number, name, checksum in rows:
        if number not in known:
            refuse_newer(target.database, rows[-1][0])
        if checksum != known[number].checksum:
            raise StoreRefused(
                f"Migration {number} ({name}) of the database “{target.database}” is not the one that this program "
                "knows: another version prepared it. Nothing was changed."
            )
    return {row[0] for row in rows}


def _apply(connection: BoundedConnection, migration: Migration, actor: Actor) -> None:
    connection.execute(_TABLE)
    connection.execute(migration.sql)
    connection.execute(
        "INSERT INTO pipeline_migrations (number, name, checksum, applied_by) VALUES (%s, %s, %s, %s)",
        (migration.number, migration.name, migration.checksum, clean_text(str(actor))),
    )
    if migration.oldest_reader is not None:
        connection.execute(
            "UPDATE pipeline_migrations SET oldest_reader = %s WHERE number = %s",
            (migration.oldest_reader, migration.number),
        )
