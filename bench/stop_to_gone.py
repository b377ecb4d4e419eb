"""``stop_pipeline`` until nothing of the run lives and its row is settled, against SIGTERM to such a driver by hand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from bench.figures import Figure, against_floor, milliseconds
from bench.world import LONG_JOB, World, alive, driver_at_work, wait_for, world

ROUNDS = 3
GOAL = 1.2
_LOOK_SECONDS = 0.005


def measure(_names: Sequence[str]) -> list[Figure]:
    """The medians of several stops of either kind, turn by turn; one of each goes before, to warm up."""
    floors: list[float] = []
    stops: list[float] = []
    with world(real_spark=True) as bench:
        for _ in range(ROUNDS + 1):
            floors.append(_by_hand(bench))
            stops.append(_stop(bench))
    return [against_floor("stop_to_gone", milliseconds(stops[1:]), milliseconds(floors[1:]), "ms", GOAL)]


def _by_hand(bench: World) -> float:
    """Seconds from SIGTERM to the driver until no process of the batch is left."""
    run_id = bench.start(LONG_JOB)
    driver = driver_at_work(bench, run_id)
    marked = bench.server.marker(bench.batch_name(run_id))
    begin = time.perf_counter()
    os.kill(driver, signal.SIGTERM)
    while alive(marked):
        time.sleep(_LOOK_SECONDS)
    taken = time.perf_counter() - begin
    wait_for(lambda: bench.controller.get_pipeline_status()["is_running"] is False, 30, "the end in the record")
    return taken


def _stop(bench: World) -> float:
    """Seconds of one stop_pipeline, after which nothing may live and the row must be settled."""
    run_id = bench.start(LONG_JOB)
    driver_at_work(bench, run_id)
    marked = bench.server.marker(bench.batch_name(run_id))
    begin = time.perf_counter()
    answer = bench.controller.stop_pipeline()
    taken = time.perf_counter() - begin
    if not answer["success"] or alive(marked) or bench.record(run_id).run.status != "stopped":
        raise RuntimeError(f"the stop was answered and is not so: {answer['message']}")
    return taken
