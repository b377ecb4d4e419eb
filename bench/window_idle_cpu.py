"""What the window takes of a processor while nothing happens: connected, shown, with the rows of two days, idle."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench.figures import Figure, bounded
from bench.ground import child, ground
from bench.history import make_history
from bench.window_memory import HISTORY, LISTENS
from bench.world import wait_for

GOAL = 0.2
"""Per cent of one core."""
SETTLE_SECONDS = 12.0
MEASURED_SECONDS = 60.0
"""Two refreshes by the timer are within it."""


def measure(_names: Sequence[str]) -> list[Figure]:
    """User and system time of all its threads over a minute."""
    with ground() as place:
        database = make_history(place, HISTORY)
        with (
            child("pipeline_gui", place.environment(database)) as window,
            psycopg.connect(database, autocommit=True) as connection,
        ):
            wait_for(lambda: (connection.execute(LISTENS).fetchone() or [0])[0] >= 2, 60, "the window's connections")
            time.sleep(SETTLE_SECONDS)
            begin, taken = time.monotonic(), _cpu_seconds(window.process.pid)
            time.sleep(MEASURED_SECONDS)
            share = (_cpu_seconds(window.process.pid) - taken) / (time.monotonic() - begin)
            window.process.terminate()
    return [bounded("window_idle_cpu", share * 100, "%", GOAL)]


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process and its threads so far (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
