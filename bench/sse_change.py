"""A change of a run, committed by another program, until 500 clients of the stream have heard of it: all but the
slowest 1 % of them; and the memory that each takes of the service."""

from __future__ import annotations

import random
import resource
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg

from bench.figures import Figure, bounded, percentile
from bench.ground import Child, child, ground
from bench.history import make_history
from tests.service.harness import running_service

CLIENTS = 500
CHANGES = 60
WARM_UP = 5
GOAL = 100.0
MEMORY_GOAL = 256.0
_INSERT = """
    INSERT INTO pipeline_runs (run_id, command, status, start_time, metadata)
    VALUES (%s, 'spark-submit job.py', 'completed', now() AT TIME ZONE 'UTC', '{"started_by": "ben@ops-1"}')
"""


def measure(names: Sequence[str]) -> list[Figure]:
    """The figures of that name."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    chance = random.Random(6)
    times: list[float] = []
    with ground() as place, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if place.server is None:
            raise RuntimeError("there is no command server")
        database = make_history(place, 1_000)
        arguments = ["--streams-per-client", str(CLIENTS)]
        with (
            running_service(Path(folder), database, place.server, *arguments) as service,
            psycopg.connect(database) as connection,
        ):
            if service.process is None:
                raise RuntimeError("the service has ended")
            service.json("/api/pipeline/runs")
            process = psutil.Process(service.process.pid)
            before = process.memory_full_info().uss
            with child("bench.children.sse_clients", place.environment(), str(service.port), str(CLIENTS)) as clients:
                clients.hear()  # all are there
                for number in range(WARM_UP + CHANGES):
                    time.sleep(chance.uniform(0.05, 0.15))
                    found = _change(connection, clients)
                    times += found if number >= WARM_UP else []
                memory = (process.memory_full_info().uss - before) / CLIENTS / 1024
                if clients.process.stdin is not None:
                    clients.process.stdin.close()
    found_figures = [
        bounded("sse_change", percentile(times, 99) * 1000, "ms", GOAL),
        bounded("sse_memory", memory, "kB a client", MEMORY_GOAL),
    ]
    return [figure for figure in found_figures if figure.figure in names]


def _change(connection: psycopg.Connection, clients: Child) -> list[float]:
    """Commit one change; the seconds after which each client heard of it."""
    run_id = uuid.uuid4().hex
    connection.execute(_INSERT, (run_id,))
    begin = time.monotonic()
    connection.commit()
    if clients.process.stdin is None:
        raise RuntimeError("the clients have no ears")
    clients.process.stdin.write(f"{run_id}\n")
    clients.process.stdin.flush()
    return [moment - begin for moment in clients.hear()]
