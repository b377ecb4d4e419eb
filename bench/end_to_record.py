"""From the end of a real Spark driver to the settled row, with one watcher that nobody wakes."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Sequence

from bench.figures import Figure, bounded
from bench.world import SHORT_JOB, World, driver_at_work, world
from pipeline_gui.pipeline.ports import Change

ROUNDS = 5
GOAL_SECONDS = 3.0


def measure(_names: Sequence[str]) -> list[Figure]:
    """The longest of several ends: each finds the watcher at another moment of its round."""
    with world(real_spark=True) as bench, bench.one_watcher():
        taken = [_end(bench) for _ in range(ROUNDS)]
    return [bounded("end_to_record", max(taken), "s", GOAL_SECONDS)]


def _end(bench: World) -> float:
    """Seconds from the exit of the driver's process to the commit of the row's end."""
    settled_at: list[float] = []
    settled = threading.Event()

    def on_change(change: Change) -> None:
        if change.status == "completed":
            settled_at.append(time.perf_counter())
            settled.set()

    subscription = bench.store.subscribe(on_change)
    try:
        run_id = bench.start(SHORT_JOB)
        driver = driver_at_work(bench, run_id)
        exits = select.poll()
        exits.register(os.pidfd_open(driver), select.POLLIN)
        if not exits.poll(120_000):
            raise RuntimeError("the driver did not end within two minutes")
        ended_at = time.perf_counter()
        if not settled.wait(60):
            raise RuntimeError("the row was not settled within a minute")
    finally:
        subscription.close()
    return settled_at[0] - ended_at
