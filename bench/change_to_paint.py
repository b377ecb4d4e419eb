"""A change of a run, committed by another program, until its row is painted in a window: all but the slowest 1 %."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Sequence

import psycopg

from bench.figures import Figure, bounded, percentile
from bench.ground import Child, child, ground
from bench.history import make_history

CHANGES = 300
WARM_UP = 20
GOAL = 50.0
HISTORY = 1_000
_START = """
    INSERT INTO pipeline_runs (run_id, command, status, start_time, metadata)
    VALUES (%(run_id)s, 'spark-submit job.py', 'running', now() AT TIME ZONE 'UTC', '{"started_by": "ben@ops-1"}')
"""
_END = """
    UPDATE pipeline_runs SET status = 'completed', end_time = now() AT TIME ZONE 'UTC', duration = 1
    WHERE run_id = %(run_id)s
"""
_PAUSE_SECONDS = (0.02, 0.12)


def measure(_names: Sequence[str]) -> list[Figure]:
    """Starts and ends by turns, each when the one before was painted and after a pause that no timer can learn."""
    times: list[float] = []
    chance = random.Random(4)
    with ground() as place:
        database = make_history(place, HISTORY)
        with (
            child("bench.children.change_to_paint", place.environment(database)) as window,
            psycopg.connect(database) as connection,
        ):
            window.hear()  # the first row is there
            run_id = ""
            for number in range(WARM_UP + CHANGES):
                time.sleep(chance.uniform(*_PAUSE_SECONDS))
                is_start = number % 2 == 0
                run_id = uuid.uuid4().hex if is_start else run_id
                connection.execute(_START if is_start else _END, {"run_id": run_id})
                begin = time.monotonic()
                connection.commit()
                taken = _painted(window, run_id, "running" if is_start else "completed") - begin
                if number >= WARM_UP:
                    times.append(taken)
            window.finish()
    return [bounded("change_to_paint", percentile(times, 99) * 1000, "ms", GOAL)]


def _painted(window: Child, run_id: str, status: str) -> float:
    while True:
        seen = window.hear()
        if (seen["run_id"], seen["status"]) == (run_id, status):
            moment: float = seen["moment"]
            return moment
