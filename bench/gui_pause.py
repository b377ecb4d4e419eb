"""How long the window's event loop is held up while PostgreSQL and the Spark server hang, and when they come back."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence

import psutil
import psycopg

from bench.figures import Figure, bounded, percentile
from bench.ground import Ground, child, ground
from bench.history import make_history

P99_GOAL = 16.0
LONGEST_GOAL = 50.0
HISTORY = 1_000
WELL_SECONDS = 2.0
HANGING_SECONDS = 20.0
AFTER_SECONDS = 5.0


def measure(names: Sequence[str]) -> list[Figure]:
    """The pauses while a person clicks, scrolls, resizes and presses Start and Stop all the time."""
    with ground() as place:
        database = make_history(place, HISTORY)
        with child("bench.children.gui_pause", place.environment(database)) as window:
            window.hear()
            time.sleep(WELL_SECONDS)
            with _hanging(place):
                time.sleep(HANGING_SECONDS)
            time.sleep(AFTER_SECONDS)
            late: list[float] = window.finish()
    figures = [
        bounded("gui_pause", percentile(late, 99) * 1000, "ms", P99_GOAL),
        bounded("gui_pause_longest", max(late) * 1000, "ms", LONGEST_GOAL),
    ]
    return [figure for figure in figures if figure.figure in names]


@contextlib.contextmanager
def _hanging(place: Ground) -> Iterator[None]:
    """Both servers stopped in the middle of whatever they do: their kernels go on to take connections and data."""
    if place.server is None or place.server.process is None:
        raise RuntimeError("there is no command server")
    with psycopg.connect(place.postgres.url_of("postgres")) as connection:
        postmaster = psutil.Process(connection.info.backend_pid).parent()
    if postmaster is None:
        raise RuntimeError("PostgreSQL has no parent process")
    stopped = [psutil.Process(place.server.process.pid), postmaster, *postmaster.children(recursive=True)]
    for process in stopped:
        _send(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            _send(process, signal.SIGCONT)


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
