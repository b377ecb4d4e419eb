"""The model's orphans are not worth a line in the log each."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of walks warn of thousands of orphans."""
    logger = logging.getLogger("pipeline_gui.pipeline")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)
