"""What befalls a soak: commands that operators give, and the death of whatever there is."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from tests.chaos.soak.onlooker import Onlooker
from tests.chaos.soak.programs import SERVICE, TERMINAL, WINDOW, Program, Programs
from tests.command_server.harness import CommandServer
from tests.postgres import PostgresServer

TERMINALS = 4


@dataclass
class Applications:
    """Configuration files that operators start."""

    short: list[str]
    long: str
    stubborn: str


class Blows:
    """Strikes at random, by its dice."""

    def __init__(
        self,
        dice: random.Random,
        postgres: PostgresServer,
        server: CommandServer,
        programs: Programs,
        onlooker: Onlooker,
        applications: Applications,
    ) -> None:
        self._dice = dice
        self._postgres = postgres
        self._server = server
        self._programs = programs
        self._onlooker = onlooker
        self._applications = applications
        self.longest_sleep = 20.0
        """Of a program that is suspended, in seconds."""
        self._all: list[tuple[Callable[[], None], float]] = [
            (self._command, 8),
            (self._kill_a_terminal, 1.5),
            (self._kill_a_watcher, 1),
            (self._suspend_a_program, 1),
            (self._kill_the_command_server, 0.7),
            (self._kill_the_database, 0.5),
            (self._end_connections, 1),
            (self._kill_a_process_of_the_batch, 1.5),
            (self._kill_the_supervisor, 1),
            (self._another_program_writes, 0.7),
        ]

    def strike(self) -> str:
        """One blow, and what it was."""
        (blow,) = self._dice.choices([blow for blow, _ in self._all], [weight for _, weight in self._all])
        blow()
        return blow.__name__.strip("_").replace("_", " ")

    def look_for(self, seconds: float) -> None:
        """Look at everything all the time, for so long."""
        end = time.monotonic() + seconds
        while True:
            self._programs.tend()
            self._onlooker.look()
            if time.monotonic() >= end:
                return
            time.sleep(0.1)

    def _command(self) -> None:
        if len(self._programs.of(TERMINAL)) >= TERMINALS:
            return
        wait = ["--wait"] if self._dice.random() < 0.3 else []
        some = self._dice.choice([*self._applications.short, self._applications.long, self._applications.stubborn])
        words: list[list[str]] = [
            ["start", "--config", some, *wait],
            ["start", "--config", self._applications.long],
            ["stop"],
            ["stop", "--force"],
            ["status", "--json"],
            ["runs"],
            ["doctor"],
        ]
        self._programs.open(TERMINAL, *self._dice.choices(words, [5, 2, 2, 1, 1, 0.5, 0.2])[0])

    def _kill_a_terminal(self) -> None:
        self._kill_one_of(self._programs.of(TERMINAL))

    def _kill_a_watcher(self) -> None:
        self._kill_one_of(self._programs.of(WINDOW, SERVICE))

    def _kill_one_of(self, programs: list[Program]) -> None:
        if programs:
            self._dice.choice(programs).kill()

    def _suspend_a_program(self) -> None:
        awake = self._programs.awake()
        if awake:
            self._dice.choice(awake).suspend(self._dice.uniform(1, self.longest_sleep))

    def _kill_the_command_server(self) -> None:
        self._server.kill()
        self.look_for(self._dice.uniform(0, 4))
        self._server.start()

    def _kill_the_database(self) -> None:
        pid = int((self._postgres.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, self._dice.choice([signal.SIGKILL, signal.SIGQUIT]))
        self.look_for(self._dice.uniform(0, 4))
        self._postgres.postgres.start()

    def _end_connections(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._onlooker.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def _kill_a_process_of_the_batch(self) -> None:
        pids = [pid for alive in self._onlooker.alive().values() for pid, _ in sorted(alive)]
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._dice.choice(pids), signal.SIGKILL)

    def _kill_the_supervisor(self) -> None:
        pid = self._onlooker.supervisor()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _another_program_writes(self) -> None:
        run_id = f"theirs-{self._dice.randrange(10**9)}"
        with contextlib.suppress(psycopg.Error):
            rows = self._onlooker.rows()
            running = [row for row in rows.values() if row["status"] == "running"]
            if not running:
                self._onlooker.other_program_writes(run_id)
                self._onlooker.execute(
                    "INSERT INTO pipeline_runs (run_id, status, start_time) VALUES (%s, 'Running', now())", run_id
                )
            elif self._dice.random() < 0.3:
                self._onlooker.other_program_writes(running[0]["run_id"])
                self._onlooker.execute(
                    "UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", running[0]["run_id"]
                )
            self.look_for(2)
            self._onlooker.execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", run_id)
