"""One profile for the tests of a process: its PostgreSQL and its command server start once, and Spark for each run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_gui.embedded.pair import open_pair
from tests.embedded.profiles import end_profile
from tests.end_to_end.operator import Operator


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A profile whose pair stays up between the commands."""
    home = tmp_path_factory.mktemp("profile")
    try:
        with open_pair(home):
            yield home
    finally:
        end_profile(home)


@pytest.fixture
def operator(profile: Path, tmp_path: Path) -> Iterator[Operator]:
    """An operator of the shared profile."""
    operator = Operator(profile, tmp_path)
    yield operator
    operator.tidy()


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Operator]:
    """An operator of a profile that was never used."""
    home = tmp_path / "profile"
    operator = Operator(home, tmp_path)
    try:
        yield operator
    finally:
        operator.tidy()
        end_profile(home)
