"""Fixtures of the client's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline_gui.pipeline.configuration import Configuration
from tests.spark.fault_server import FaultServer, close
from tests.spark.plain_livy import PlainLivy

NAME = "installation.run-1"
CONFIGURATION = Configuration(file="/opt/app.py", name="app")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests has no say in them."""
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


@pytest.fixture
def livy() -> Iterator[PlainLivy]:
    """A Livy that is not ours."""
    with PlainLivy() as server:
        yield server


@pytest.fixture
def faulty() -> Iterator[FaultServer]:
    """A server whose behaviour a test sets."""
    with FaultServer(close) as server:
        yield server
