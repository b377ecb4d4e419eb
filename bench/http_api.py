"""Status and history over HTTP, as many as are answered, against a bare FastAPI route with the same query in the same
run: the time that a request takes of the server when it has nothing else to do, and all but the slowest 1 %."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench.figures import Figure, against_floor, percentile
from bench.ground import child, ground
from bench.history import make_history
from tests.service.harness import running_service

HISTORY = 1_000
GOAL = 1.3
PATHS = {"http_status": "/api/pipeline/status", "http_runs": "/api/pipeline/runs?days=2"}
_RUNNING = """
    INSERT INTO pipeline_runs (run_id, command, status, start_time, metadata)
    VALUES ('flights-now', 'spark-submit job.py', 'running', now() AT TIME ZONE 'UTC', '{"started_by": "ben@ops-1"}')
"""


def measure(names: Sequence[str]) -> list[Figure]:
    """The figures of that name."""
    wanted = {name: path for name, path in PATHS.items() if any(given.startswith(name) for given in names)}
    figures: list[Figure] = []
    with ground() as place, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if place.server is None:
            raise RuntimeError("there is no command server")
        database = make_history(place, HISTORY)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(_RUNNING)
        environment = place.environment(database)
        with (
            running_service(Path(folder), database, place.server) as service,
            child("bench.children.bare_api", environment) as bare,
        ):
            bare_port = bare.hear()
            for name, path in wanted.items():
                with child("bench.children.http_load", environment, str(service.port), str(bare_port), path) as load:
                    figures += _figures(name, load.hear())
            bare.process.kill()
    return [figure for figure in figures if figure.figure in names]


def _figures(name: str, heard: dict[str, list[float]]) -> list[Figure]:
    seconds: float = heard["seconds"]  # type: ignore[assignment]
    service, bare = heard["service"], heard["bare"]
    each = [1000 * seconds / len(times) for times in (service, bare)]
    slowest = [percentile(times, 99) * 1000 for times in (service, bare)]
    return [
        against_floor(name, each[0], each[1], "ms", GOAL),
        against_floor(f"{name}_p99", slowest[0], slowest[1], "ms", GOAL),
    ]
