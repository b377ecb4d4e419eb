"""``python -m bench.scale [WINDOWS…]``: what 1, 25, 50, 100 and 200 windows ask of one database and one command server.

The windows are headless: all that a window does but painting, 25 to a process. Each size is watched for some seconds
while nothing runs and while a pipeline runs; then changes are committed, and it is measured when the last has heard.
docs/scale.md says what follows. It takes about five minutes, and writes build/scale.json.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from bench.figures import percentile
from bench.ground import Child, Ground, child
from bench.history import make_history
from bench.world import World, wait_for
from tests.command_server.harness import SLEEP, command_server
from tests.postgres import running_server

SIZES = (1, 25, 50, 100, 200)
PER_PROCESS = 25
WATCHED_SECONDS = 15.0
CHANGES = 5
HISTORY = 1_000
RESULTS = Path("build") / "scale.json"


@dataclass(frozen=True, slots=True)
class Load:
    """What the servers do in a second."""

    transactions: float
    wal_bytes: float
    database_cpu: float
    """Seconds of all processes of PostgreSQL."""
    server_cpu: float
    """Of the command server."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What so many windows were found to ask for."""

    windows: int
    connections: int
    idle: Load
    running: Load
    heard_median: float
    """Milliseconds from a commit until half of the windows have heard."""
    heard_last: float
    refresh_median: float
    refresh_p95: float
    leases: int
    """How many windows believe that they watch."""


def main(arguments: Sequence[str]) -> int:
    """Measure each size on servers of its own."""
    console = Console()
    found = []
    for windows in map(int, arguments or map(str, SIZES)):
        console.print(f"{windows} windows …")
        found.append(measure(windows))
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n", "utf-8")
    console.print(_table(found))
    console.print(f"Written to {RESULTS}.")
    return 0


def measure(windows: int) -> Measured:
    """That many windows, on servers of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o711)  # PostgreSQL may have to run as another user than root
        postgres = stack.enter_context(
            running_server(folder / "postgres", fsync=True, max_connections=5 * windows + 50)
        )
        server = stack.enter_context(command_server(folder / "server"))
        place = Ground(folder, postgres, server)
        database = make_history(place, HISTORY)
        clients = stack.enter_context(_clients(windows, place.environment(database)))
        watched = _Watched(stack.enter_context(psycopg.connect(database, autocommit=True)), server.process)
        time.sleep(5)  # the first looks of all watchers are over
        idle = watched.load()
        _reports(clients)
        heard = [_heard(database, clients) for _ in range(CHANGES)]
        bench = World(database, server)
        stack.callback(bench.close)
        run_id = bench.start(SLEEP)
        wait_for(lambda: bench.record(run_id).run.is_running, 30, "the run")
        running = watched.load()
        connections = watched.connections()
        reports = _reports(clients)
        bench.controller.stop_run(run_id, grace_seconds=0)
        refreshes = [seconds for report in reports for seconds in report["refreshes"]]
        return Measured(
            windows,
            connections,
            idle,
            running,
            statistics.median(median for median, _ in heard) * 1000,
            statistics.median(last for _, last in heard) * 1000,
            statistics.median(refreshes) * 1000,
            percentile(refreshes, 95) * 1000 if len(refreshes) > 1 else refreshes[0] * 1000,
            sum(report["has_lease"] for report in reports),
        )


@contextmanager
def _clients(windows: int, environment: dict[str, str]) -> Iterator[list[Child]]:
    with ExitStack() as stack:
        clients = []
        for first in range(0, windows, PER_PROCESS):
            count = str(min(PER_PROCESS, windows - first))
            clients.append(stack.enter_context(child("bench.children.scale_clients", environment, count, seconds=600)))
        for client in clients:
            client.hear()
        yield clients
        for client in clients:
            client.let_go()


def _reports(clients: Sequence[Child]) -> list[dict[str, Any]]:
    return [report for client in clients for report in client.ask()]


def _heard(database: str, clients: Sequence[Child]) -> tuple[float, float]:
    """Seconds from a commit until half of the windows, and until all, have heard of it."""
    with psycopg.connect(database, autocommit=True) as connection:
        begin = time.monotonic()  # the answer to the commit may come after the first has heard
        connection.execute("UPDATE pipeline_runs SET error_message = clock_timestamp()::text WHERE run_id = %s", (ROW,))

    def all_heard() -> list[float] | None:
        times = [report["heard"] for report in _reports(clients)]
        return times if all(moment is not None and moment > begin for moment in times) else None

    times = wait_for(all_heard, 30, "the change in every window")
    assert times is not None
    late = sorted(moment - begin for moment in times)
    return statistics.median(late), late[-1]


ROW = "run-c4ca4238a0b923820dcc509a6f75849b"
"""The newest of the history."""


class _Watched:
    """A database and a command server, looked at from outside."""

    def __init__(self, connection: psycopg.Connection[Any], server: Any) -> None:
        self._connection = connection
        self._server = psutil.Process(server.pid)
        (pid,) = self._one("SELECT pg_backend_pid()")
        self._postmaster = psutil.Process(pid).parent()

    def connections(self) -> int:
        """Those of the windows."""
        (count,) = self._one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pipeline-gui window'")
        return int(count)

    def load(self) -> Load:
        """What is done in a second, over some."""
        before, begin = self._now(), time.monotonic()
        time.sleep(WATCHED_SECONDS)
        after, seconds = self._now(), time.monotonic() - begin
        return Load(*((late - early) / seconds for early, late in zip(before, after, strict=True)))

    def _now(self) -> tuple[float, ...]:
        self._connection.execute("SELECT pg_stat_clear_snapshot()")
        (commits, wal) = self._one(
            "SELECT xact_commit + xact_rollback, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 "
            "FROM pg_stat_database WHERE datname = current_database()"
        )
        assert self._postmaster is not None
        family = [self._postmaster, *self._postmaster.children(recursive=True)]
        return float(commits), float(wal), sum(map(_cpu, family)), _cpu(self._server)

    def _one(self, query: Any) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return tuple(row)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _table(found: Sequence[Measured]) -> Table:
    table = Table(title="Windows on one database and one command server")
    for heading in (
        "windows", "connections", "transactions/s idle", "running", "WAL kB/s idle", "running", "PostgreSQL CPU idle",
        "running", "command server CPU idle", "running", "heard, ms: half", "all", "refresh, ms: median", "p95",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for one in found:
        idle, running = one.idle, one.running
        table.add_row(
            str(one.windows), str(one.connections), f"{idle.transactions:.0f}", f"{running.transactions:.0f}",
            f"{idle.wal_bytes / 1000:.2f}", f"{running.wal_bytes / 1000:.2f}", f"{idle.database_cpu:.1%}",
            f"{running.database_cpu:.1%}", f"{idle.server_cpu:.1%}", f"{running.server_cpu:.1%}",
            f"{one.heard_median:.0f}", f"{one.heard_last:.0f}", f"{one.refresh_median:.0f}", f"{one.refresh_p95:.0f}",
        )  # fmt: skip
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
