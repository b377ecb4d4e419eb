"""The clocks of a process; times that are recorded come from the database's."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since some moment; only differences mean anything."""


def seconds_with_sleep() -> float:
    """Seconds of a clock that counts the time a computer sleeps, so that a deadline passes in a closed laptop too."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
