"""``start_pipeline`` until it answers, against one INSERT and one POST: with a stand-in for spark-submit, so that the
launch, which is the same in both, takes its least part."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import psycopg
import requests

from bench.figures import Figure, against_floor, milliseconds
from bench.world import World, world

ROUNDS = 40
WARM_UP = 3
GOAL = 1.3
SLEEPS = "import time; time.sleep(600)"
INSERT = """
    INSERT INTO pipeline_runs (run_id, command, status, start_time, metadata)
    VALUES (%s, %s, 'running', now() AT TIME ZONE 'UTC', '{}')
"""
END = "UPDATE pipeline_runs SET status = 'stopped' WHERE run_id = %s"
QUIET_SECONDS = 0.1
"""Between two calls: what the one before has launched and ended must not be counted."""


def measure(names: Sequence[str]) -> list[Figure]:
    """The figures of that name; those with the fence of an earlier run are counted apart."""
    calls: list[float] = []
    with_fence: list[float] = []
    floors: list[float] = []
    with world(real_spark=False) as bench, psycopg.connect(bench.database, autocommit=True) as connection:
        # Turn by turn, so that whatever else the computer does meets all of them alike.
        for number in range(WARM_UP + ROUNDS):
            times = (_floor(bench, connection), _call(bench, abandon=False), _call(bench, abandon=True))
            if number >= WARM_UP:
                for kept, taken in zip((floors, calls, with_fence), times, strict=True):
                    kept.append(taken)
    floor = milliseconds(floors)
    figures = [
        against_floor("start_call", milliseconds(calls), floor, "ms", GOAL),
        against_floor("start_call_after_abandon", milliseconds(with_fence), floor, "ms"),
    ]
    return [figure for figure in figures if figure.figure in names]


def _floor(bench: World, connection: psycopg.Connection) -> float:
    """One durable INSERT into the table and one POST, as any other program would do them; the seconds."""
    run_id = f"bare-{uuid.uuid4().hex[:12]}"
    file = bench.configuration(SLEEPS)["file"]
    body = {"file": file, "name": bench.batch_name(run_id)}
    headers = bench.server.headers
    time.sleep(QUIET_SECONDS)
    begin = time.perf_counter()
    connection.execute(INSERT, (run_id, f"spark-submit {file}"))
    answer = requests.post(f"{bench.server.url}/batches", json=body, headers=headers, timeout=10)
    taken = time.perf_counter() - begin
    answer.raise_for_status()
    _end(bench, run_id)
    connection.execute(END, (run_id,))
    return taken


def _call(bench: World, *, abandon: bool) -> float:
    """One start_pipeline; abandon: the run before it was let go without evidence, so that it must be fenced first."""
    if abandon:
        earlier = bench.start(SLEEPS)
        _end(bench, earlier)
        bench.controller.abandon_run(earlier)
    configuration = bench.configuration(SLEEPS)
    time.sleep(QUIET_SECONDS)
    begin = time.perf_counter()
    answer = bench.controller.start_pipeline(configuration)
    taken = time.perf_counter() - begin
    if not answer["success"] or answer["run_id"] is None:
        raise RuntimeError(answer["message"])
    stopped = bench.controller.stop_run(answer["run_id"], grace_seconds=0)
    if not stopped["success"]:
        raise RuntimeError(stopped["message"])
    return taken


def _end(bench: World, run_id: str) -> None:
    """Fence a batch until it is gone."""
    while not bench.spark.fence(bench.batch_name(run_id), 0).done:
        time.sleep(0.01)
