"""Everything at once: operators that start and stop, and a storm that kills whatever it meets, at random times."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import psycopg

from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.watcher import Watcher
from tests.chaos.real.ground import Ground, processes
from tests.pipeline.conftest import World

OPERATORS = 3
QUIET_SECONDS = 60.0
SHORT = "import sys, time\nprint('at work', flush=True)\ntime.sleep({seconds})\nsys.exit({code})\n"


def operate(database: str, spark_url: str, token: str, applications: list[str], seed: int) -> None:
    """An operator who presses this and that until killed; the program carries a watcher, as a window does."""
    from pipeline_gui.spark.livy import LivyServer
    from pipeline_gui.store.store import open_store

    logging.disable(logging.CRITICAL)  # what goes wrong here is meant to
    dice = random.Random(seed)
    store = open_store(database, application_name="operator", max_connections=2)
    spark, actor = LivyServer(spark_url, token), Actor(f"operator-{seed}", "ops-9", "window")
    watcher = Watcher(store, spark, actor)
    watcher.start()
    controller = PipelineController(store, spark, actor, watcher)
    while True:
        match dice.choice(
            ["start", "start", "stop", "status", "abandon"] if dice.random() < 0.1 else ["start", "stop"]
        ):
            case "start":
                grace = dice.choice([0, 1])
                controller.start_pipeline({"file": dice.choice(applications), "name": "storm", "grace_seconds": grace})
            case "stop":
                controller.stop_pipeline()
            case "status":
                controller.get_pipeline_status()
            case "abandon":
                run_id = controller.get_pipeline_status()["run_id"]
                if run_id:
                    controller.abandon_run(run_id)
        time.sleep(dice.uniform(0.05, 1.5))


class Storm:
    """A storm over one database and one command server."""

    def __init__(self, ground: Ground, world: World, seed: int) -> None:
        self._ground = ground
        self._world = world
        self._dice = random.Random(seed)
        self._seed = seed
        self._operators: list[Any] = []
        self._ended: dict[str, tuple[Any, ...]] = {}
        self.violations: list[str] = []
        self.blows: dict[str, int] = {}
        self._applications = [
            str(world.server.app(SHORT.format(seconds=seconds, code=code), f"storm-{seconds}-{code}.py"))
            for seconds, code in ((0, 0), (2, 0), (2, 3), (60, 0))
        ]

    def rage(self, seconds: float) -> None:
        """Blow for so long, and look at the invariants all the time; then let everything come to rest, and look."""
        blows: list[tuple[Callable[[], None], float]] = [
            (self._kill_operator, 4),
            (self._suspend_operator, 1),
            (self._kill_command_server, 1),
            (self._terminate_connections, 2),
            (self._kill_a_process_of_the_batch, 2),
            (self._kill_supervisor, 1),
        ]
        for _ in range(OPERATORS):
            self._open_operator()
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self._look_for(self._dice.uniform(0.2, 1.5))
                (blow,) = self._dice.choices([blow for blow, _ in blows], [weight for _, weight in blows])
                self.blows[blow.__name__.strip("_")] = self.blows.get(blow.__name__.strip("_"), 0) + 1
                blow()
        finally:
            for operator in self._operators:
                operator.kill()
                operator.join(5)
        self._come_to_rest()

    # --- blows --------------------------------------------------------------------------------------------------

    def _open_operator(self) -> None:
        self._seed += 1
        server = self._world.server
        arguments = (self._world.database, server.url, server.token, self._applications, self._seed)
        operator = processes.Process(target=operate, args=arguments, daemon=True)
        operator.start()
        self._operators.append(operator)

    def _kill_operator(self) -> None:
        operator = self._operators.pop(self._dice.randrange(len(self._operators)))
        operator.kill()
        operator.join(5)
        self._open_operator()

    def _suspend_operator(self) -> None:
        pid = self._dice.choice(self._operators).pid
        os.kill(pid, signal.SIGSTOP)
        self._look_for(self._dice.uniform(1, 9))
        os.kill(pid, signal.SIGCONT)

    def _kill_command_server(self) -> None:
        self._world.server.kill()
        self._look_for(self._dice.uniform(0, 3))
        self._world.server.start()

    def _terminate_connections(self) -> None:
        with psycopg.connect(self._world.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'operator'"
            )

    def _kill_a_process_of_the_batch(self) -> None:
        pids = [pid for run_id in self._running() for pid in self._processes(run_id)]
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._dice.choice(pids), signal.SIGKILL)

    def _kill_supervisor(self) -> None:
        for run_id in self._running():
            with contextlib.suppress(ProcessLookupError, AssertionError):  # not launched yet, or ended by now
                os.kill(self._world.server.supervisor_pid(self._world.batch_name(run_id)), signal.SIGKILL)

    # --- looking ------------------------------------------------------------------------------------------------

    def _look_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self._look()
            if time.monotonic() >= end:
                return
            time.sleep(0.1)

    def _look(self) -> None:
        with psycopg.connect(self._world.database, autocommit=True) as connection:
            rows = connection.execute("SELECT run_id, status, end_time, duration, error_message FROM pipeline_runs")
            found = {row[0]: row[1:] for row in rows}
        running = [run_id for run_id, row in found.items() if row[0] == "running"]
        if len(running) > 1:
            self.violations.append(f"1: {running} are recorded as running")
        for run_id, row in found.items():
            if row[0] != "running" and self._ended.setdefault(run_id, row) != row:
                self.violations.append(f"4: {run_id} was {self._ended[run_id]} and became {row}")
        if self._world.server.process is None:
            return
        stopped = [run_id for run_id, row in found.items() if row[0] == "stopped"]
        prefix = f"{self._world.plain_store.installation().installation_id}."
        alive = [str(batch.name).removeprefix(prefix) for batch in self._world.plain_spark.alive(prefix)]
        if len(alive) > 1:
            self.violations.append(f"2: {alive} are alive at once")
        self.violations += [f"6: {run_id} is stopped and alive" for run_id in alive if run_id in stopped]

    def _running(self) -> list[str]:
        record = self._world.plain_store.running()
        return [record.run.run_id] if record is not None and record.engine is not None else []

    def _processes(self, run_id: str) -> list[int]:
        found = self._world.plain_spark.find(self._world.batch_name(run_id))
        return self._world.processes(run_id) if found is not None else []

    def _come_to_rest(self) -> None:
        self._ground.server_is_up()
        watcher = Watcher(self._world.plain_store, self._world.plain_spark, self._world.actor)
        watcher.start()
        begin = time.monotonic()
        try:
            while time.monotonic() - begin < QUIET_SECONDS:
                self._look()
                if not self._world.plain_store.not_gone() and self._matches():
                    return
                time.sleep(0.3)
        finally:
            watcher.close()
        self.violations.append(f"it did not come to rest within {QUIET_SECONDS} s: {self._world.plain_store.running()}")

    def _matches(self) -> bool:
        """Whether what is recorded as running is what lives."""
        prefix = f"{self._world.plain_store.installation().installation_id}."
        alive = [str(batch.name).removeprefix(prefix) for batch in self._world.plain_spark.alive(prefix)]
        record = self._world.plain_store.running()
        pending = record is not None and record.engine is not None and record.engine.stop_requested
        return alive == self._running() and not pending
