"""A real PostgreSQL for the tests: one server per test process, a database of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from pipeline_gui.embedded.postgres import EmbeddedPostgres


class PostgresServer:
    """A server that makes databases for tests."""

    def __init__(self, folder: Path, *, fsync: bool = False, max_connections: int = 200) -> None:
        self.postgres = EmbeddedPostgres(folder, fsync=fsync, max_connections=max_connections)
        self._folder = folder

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self._folder / "data"

    def create_database(self, template: str | None = None) -> str:
        """Create a database, cloned from a template database of that name if given; return its name."""
        name = f"test_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        self._execute(statement)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its sessions."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url_of(self, name: str) -> str:
        """The libpq URL of a database, password included."""
        return self.postgres.url_of(name)

    @contextmanager
    def fresh_database(self, template: str | None = None) -> Iterator[str]:
        """The URL of a new database, cloned from a template database if given, dropped at the end."""
        name = self.create_database(template)
        try:
            yield self.url_of(name)
        finally:
            self.drop_database(name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)


@contextmanager
def running_server(folder: Path, *, fsync: bool = False, max_connections: int = 200) -> Iterator[PostgresServer]:
    """A server in a folder, stopped at the end; its data would not survive a power cut unless fsync is asked for."""
    server = PostgresServer(folder, fsync=fsync, max_connections=max_connections)
    server.postgres.start()
    try:
        yield server
    finally:
        server.postgres.stop(timeout=5.0)
