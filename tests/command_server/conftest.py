"""Servers with a stand-in Spark: one for the tests of a module, and one for a test that breaks its server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_server.harness import CommandServer, command_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A server that the tests of a module share; each uses names of its own."""
    with command_server(tmp_path_factory.mktemp("command-server")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[CommandServer]:
    """A server for one test."""
    with command_server(tmp_path) as running:
        yield running
