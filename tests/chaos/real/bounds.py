"""How long it takes until the record is true again, with one process of ours open and both sides in reach."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.watcher import Watcher
from tests.chaos.real.ground import Ground, processes
from tests.chaos.real.prepared import never_sent
from tests.pipeline.conftest import STUBBORN, World
from tests.waiting import wait_until

BOUNDS = {
    "an end is recorded": 3.0,
    "an unclear start is settled": 10.0,
    "a dead watcher is replaced": 3.0,
    "an orphan is killed": 30.0,
    "a recorded stop is carried out, beyond its grace": 5.0,
    "all is true again after a storm": 45.0,
}
"""Seconds at most; the last one, which the soak alone measures, follows from the others."""
_GRACE = 1.0
_PATIENCE = 2.0
"""Waits are this many times a bound, so that a figure beyond it is measured and not only a failure."""


def measure(ground: Ground) -> Iterator[tuple[str, float]]:
    """Each bound once: its name and the seconds."""
    for name, figure in _FIGURES.items():
        with ground.world() as world:
            yield name, figure(world)


@contextmanager
def _watching(world: World) -> Iterator[Watcher]:
    watcher = Watcher(world.plain_store, world.plain_spark, world.actor)
    watcher.start()
    try:
        wait_until(lambda: watcher.holds_lease, 10, "the lease")
        yield watcher
    finally:
        watcher.close()


def _until(name: str, condition: Callable[[], bool]) -> float:
    begin = time.monotonic()
    wait_until(condition, BOUNDS[name] * _PATIENCE, name)
    return time.monotonic() - begin


def _end_recorded(world: World) -> float:
    with _watching(world):
        run_id = world.start()
        for pid in world.processes(run_id):
            os.kill(pid, signal.SIGKILL)
        world.server.wait_for_state(world.batch_name(run_id), "dead")
        return _until("an end is recorded", lambda: not world.record(run_id).run.is_running)


def _unclear_settled(world: World) -> float:
    with _watching(world):
        run_id = never_sent(world)
        world.execute("UPDATE pipeline_runs SET start_time = start_time + interval '9 s'")  # recorded just now
        return _until("an unclear start is settled", lambda: not world.record(run_id).run.is_running)


def _watcher_replaced(world: World) -> float:
    ours, theirs = processes.Pipe()
    leader = processes.Process(
        target=watch_until_killed, args=(world.database, world.server.url, world.server.token, theirs), daemon=True
    )
    leader.start()
    assert ours.poll(20)
    assert ours.recv() == "leads"
    watcher = Watcher(world.plain_store, world.plain_spark, world.actor)
    watcher.start()
    try:
        wait_until(lambda: watcher.is_watching, 5, "the second watcher")
        leader.kill()
        leader.join(5)
        return _until("a dead watcher is replaced", lambda: watcher.holds_lease)
    finally:
        watcher.close()


def watch_until_killed(database: str, spark_url: str, token: str, pipe: Connection) -> None:
    """Lead, in a process of one's own."""
    from pipeline_gui.spark.livy import LivyServer
    from pipeline_gui.store.store import open_store

    store = open_store(database, application_name="leader", max_connections=1)
    watcher = Watcher(store, LivyServer(spark_url, token), Actor("leader", "ops-9", "service"))
    watcher.start()
    wait_until(lambda: watcher.holds_lease, 15, "the lease")
    pipe.send("leads")
    signal.pause()


def _orphan_killed(world: World) -> float:
    with _watching(world):
        run_id = world.start()
        world.execute("UPDATE pipeline_runs SET status = 'completed'")
        return _until("an orphan is killed", lambda: not world.processes(run_id))


def _stop_carried_out(world: World) -> float:
    with _watching(world):
        run_id = world.start(STUBBORN)
        world.plain_store.request_stop(run_id, _GRACE, Actor("ben", "ops-1", "window"))  # and Ben's process dies
        name = "a recorded stop is carried out, beyond its grace"
        return _until(name, lambda: world.record(run_id).run.status == "stopped") - _GRACE


_FIGURES: dict[str, Callable[[World], float]] = {
    "an end is recorded": _end_recorded,
    "an unclear start is settled": _unclear_settled,
    "a dead watcher is replaced": _watcher_replaced,
    "an orphan is killed": _orphan_killed,
    "a recorded stop is carried out, beyond its grace": _stop_carried_out,
}
