"""What the window takes of the computer's memory: its proportional share (PSS), with the rows of two days in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench.figures import Figure, bounded
from bench.ground import Ground, child, ground
from bench.history import make_history
from bench.world import wait_for

GOAL = 95.0
"""MB: what Vorta 0.11 has, measured in the same way."""
HISTORY = 1_000
SETTLE_SECONDS = 8.0
LISTENS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'pipeline-gui window' AND pid <> pg_backend_pid() AND state = 'idle'
"""


def measure(_names: Sequence[str]) -> list[Figure]:
    """The highest of some readings, once the window has connected and settled; at its second start, as usual."""
    with ground() as place:
        database = make_history(place, HISTORY)
        _readings(place, database)
        return [bounded("window_memory", max(_readings(place, database)), "MB", GOAL)]


def _readings(place: Ground, database: str) -> list[float]:
    readings = []
    with (
        child("pipeline_gui", place.environment(database)) as window,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        wait_for(lambda: (connection.execute(LISTENS).fetchone() or [0])[0] >= 2, 60, "the window's connections")
        for _ in range(4):
            time.sleep(SETTLE_SECONDS / 4)
            readings.append(_pss(window.process.pid))
        window.process.terminate()
    return readings


def _pss(pid: int) -> float:
    """The proportional set size of a process in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"the kernel does not say what process {pid} takes")
