"""Fixtures that tests of every part share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.identity import adopt_moved_identity
from pipeline_gui.store.migrate import migrate
from tests.postgres import PostgresServer, running_server

# A shell that starts tests in the background has them ignore Ctrl-C, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

MIGRATOR = Actor("tests", "localhost", "terminal")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--visual`` shows the windows of the tests on this computer's display."""
    parser.addoption("--visual", action="store_true", help="show the windows, to watch the tests at work")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server for the tests of this process."""
    with running_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The libpq URL of a new, empty database."""
    with postgres_server.fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database, from which tests clone theirs."""
    name = postgres_server.create_database()
    migrate(postgres_server.url_of(name), actor=MIGRATOR)
    return name


@pytest.fixture
def database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """The libpq URL of a migrated database of the test's own."""
    with postgres_server.fresh_database(migrated_template) as url:
        adopt_moved_identity(url, actor=MIGRATOR)
        yield url
