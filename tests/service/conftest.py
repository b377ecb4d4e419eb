"""Services: one open on loopback and one with tokens, which the tests of a process share; and one for a test alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.identity import new_identity
from tests.command_server.harness import CommandServer, command_server
from tests.postgres import PostgresServer
from tests.service.harness import Service, running_service

OPERATOR_TOKEN = "operators-token-0123456789"
VIEWER_TOKEN = "viewers-token-0123456789"
TESTS = Actor("tests", "localhost", "terminal")


@pytest.fixture(scope="session")
def spark_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A command server that the tests of a process share; each database has an installation of its own."""
    with command_server(tmp_path_factory.mktemp("spark-server")) as server:
        yield server


@pytest.fixture(scope="session")
def session_database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """A database for the services that are shared."""
    with postgres_server.fresh_database(migrated_template) as url:
        new_identity(url, actor=TESTS)
        yield url


@pytest.fixture(scope="session")
def open_service(
    tmp_path_factory: pytest.TempPathFactory, session_database: str, spark_server: CommandServer
) -> Iterator[Service]:
    """On loopback, without tokens."""
    with running_service(tmp_path_factory.mktemp("service"), session_database, spark_server) as service:
        yield service


@pytest.fixture(scope="session")
def guarded_service(
    tmp_path_factory: pytest.TempPathFactory, session_database: str, spark_server: CommandServer
) -> Iterator[Service]:
    """With a token for operators and one for viewers."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_service(folder, session_database, spark_server, *token_files(folder)) as service:
        yield service


@pytest.fixture
def service(open_service: Service) -> Iterator[Service]:
    """The open service, with nothing running before and after."""
    open_service.execute("TRUNCATE pipeline_runs")
    yield open_service
    open_service.tidy()


@pytest.fixture
def guarded(guarded_service: Service) -> Iterator[Service]:
    """The service with tokens, asked by an operator unless a test says otherwise."""
    guarded_service.token = OPERATOR_TOKEN
    yield guarded_service
    guarded_service.tidy()


@pytest.fixture
def begin(tmp_path: Path, database: str, spark_server: CommandServer) -> Iterator[Callable[..., Service]]:
    """Services of a test's own, on a database of its own."""
    new_identity(database, actor=TESTS)
    with ExitStack() as stack:

        def start(*arguments: str, **environment: str) -> Service:
            folder = tmp_path / f"service-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(running_service(folder, database, spark_server, *arguments, **environment))

        yield start


def token_files(folder: Path) -> list[str]:
    """The arguments for the two tokens of the tests."""
    arguments = []
    for option, token in (("--token-file", OPERATOR_TOKEN), ("--viewer-token-file", VIEWER_TOKEN)):
        path = folder / option.strip("-")
        path.write_text(token)
        path.chmod(0o600)
        arguments += [option, str(path)]
    return arguments
