"""Storms and calms over the real program: at random times a random part dies; then the bounds are measured."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.migrate import migrate
from tests.chaos.soak.blows import Applications, Blows
from tests.chaos.soak.onlooker import Onlooker
from tests.chaos.soak.programs import SERVICE, TERMINAL, WINDOW, Programs
from tests.command_server.harness import CommandServer, command_server
from tests.pipeline.conftest import SLEEPS, STUBBORN
from tests.postgres import PostgresServer, running_server
from tests.waiting import wait_until

WINDOWS = 2
REST_SECONDS = 45.0
"""After a storm, with every server up: the longest bound and a hunt."""
STORM_SECONDS = 60.0
GRACE = 1.0
SHORT = "import sys, time\nprint('at work', flush=True)\ntime.sleep({seconds})\nsys.exit({code})\n"
Figure = tuple[str, float]


class Soak:
    """One database, one command server, and the programs of several operators."""

    def __init__(self, folder: Path, postgres: PostgresServer, server: CommandServer, seed: int) -> None:
        self._dice = random.Random(seed)
        self._postgres = postgres
        self._server = server
        self._url = postgres.url_of(postgres.create_database())
        migrate(self._url, actor=Actor("chaos", "localhost", "terminal"))
        with psycopg.connect(self._url) as connection:
            found = connection.execute("SELECT installation_id FROM pipeline_installation").fetchone()
        assert found is not None
        self.onlooker = Onlooker(self._url, server.state, str(found[0]))
        self._programs = Programs(folder, self._url, server.url, server.token)
        self.blows: Counter[str] = Counter()
        self._applications = Applications(
            [
                self._configuration(folder, f"short-{seconds}-{code}", SHORT.format(seconds=seconds, code=code))
                for seconds, code in ((0, 0), (3, 0), (3, 3))
            ],
            self._configuration(folder, "long", SLEEPS),
            self._configuration(folder, "stubborn", STUBBORN),
        )
        self._blows = Blows(self._dice, postgres, server, self._programs, self.onlooker, self._applications)

    def sleep_for(self, seconds: float) -> None:
        """How long a suspended program sleeps at most."""
        self._blows.longest_sleep = seconds

    @property
    def violations(self) -> list[str]:
        """What does not hold, and what no program should ever say."""
        return self.onlooker.violations + self._programs.complaints

    def _configuration(self, folder: Path, name: str, source: str) -> str:
        path = folder / f"{name}.toml"
        path.write_text(
            f'name = "{name}"\nfile = "{self._server.app(source, f"{name}.py")}"\ngrace_seconds = {GRACE}\n'
        )
        return str(path)

    # --- a storm ------------------------------------------------------------------------------------------------

    def storm(self, seconds: float) -> None:
        """Operators press this and that while parts of everything die."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._keep_watchers()
            self.blows[self._blows.strike()] += 1
            self._blows.look_for(self._dice.uniform(0.1, 1.5))

    def _keep_watchers(self) -> None:
        while len(self._programs.of(WINDOW)) < WINDOWS:
            self._programs.open(WINDOW)
        if not self._programs.of(SERVICE):
            self._programs.open(SERVICE, "serve", "--port", "0")

    # --- a calm -------------------------------------------------------------------------------------------------

    def calm(self) -> Iterator[Figure]:
        """Everything is up and nobody presses anything: the record becomes true, and the bounds are measured."""
        for program in self._programs.of(TERMINAL):
            program.kill()
        self._programs.tend(everybody=True)
        self._keep_watchers()
        begin = time.monotonic()
        yield "all is true again after a storm", self._until(REST_SECONDS, self._is_at_rest, begin, "rest")
        self.onlooker.judge_events()
        self._stop_everything()
        measure = self._dice.choice([self._end, self._watcher, self._orphan, self._stop])
        with contextlib.suppress(_NotMeasured):
            yield measure()
        self._stop_everything()

    def _is_at_rest(self) -> bool:
        sight = self.onlooker.look()
        return sight is not None and self.onlooker.is_at_rest(sight)

    def _until(self, patience: float, condition: Callable[[], object], begin: float, what: str) -> float:
        """Seconds from begin until the condition holds; beyond patience it is a violation."""
        while not condition():
            if time.monotonic() - begin > patience:
                self.onlooker.violations.append(f"3: {what} did not come about within {patience} s: {self._state()}")
                break
            time.sleep(0.05)
        return time.monotonic() - begin

    def _state(self) -> str:
        sight = self.onlooker.look()
        return "the database is away" if sight is None else f"{sight.alive}; " + "; ".join(
            str(row) for row in sight.rows.values() if row["status"] == "running" or row["gone"] is False
        )  # fmt: skip

    def _terminal(self, *words: str) -> None:
        program = self._programs.open(TERMINAL, *words)
        wait_until(lambda: program.has_ended, 60, f"the end of {words}")

    def _stop_everything(self) -> None:
        if any(row["status"] == "running" for row in self.onlooker.rows().values()):
            self._terminal("stop", "--force")
        self._until(15, self._is_at_rest, time.monotonic(), "a stop")

    def _started(self, configuration: str) -> str:
        self._terminal("start", "--config", configuration)
        sight = self.onlooker.look()
        running = (
            [] if sight is None else [run_id for run_id in sight.alive if sight.rows[run_id]["status"] == "running"]
        )
        if not running:
            raise _NotMeasured
        name = self.onlooker.batch_name(running[0])
        self._server.wait_for_output(name, "at work")
        return running[0]

    def _end(self) -> Figure:
        run_id = self._started(self._applications.long)
        for pid, _ in self.onlooker.alive().get(run_id, set()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.wait_for_state(self.onlooker.batch_name(run_id), "dead")
        what = "an end is recorded"
        return what, self._until(10, lambda: not self._runs(run_id), time.monotonic(), what)

    def _watcher(self) -> Figure:
        holder = self._holder()
        self._dice.choice(self._programs.of(WINDOW, SERVICE)).kill()
        begin = time.monotonic()
        while time.monotonic() - begin < 10:
            if self._holder() not in (holder, None):
                return "a dead watcher is replaced", time.monotonic() - begin
            time.sleep(0.05)
        raise _NotMeasured  # the other one leads

    def _holder(self) -> str | None:
        held = self.onlooker.read(
            "SELECT holder FROM pipeline_watcher WHERE expires_at > clock_timestamp() AT TIME ZONE 'UTC'"
        )
        return str(held[0]["holder"]) if held else None

    def _orphan(self) -> Figure:
        run_id = self._started(self._applications.long)
        self.onlooker.other_program_writes(run_id)
        self.onlooker.execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = %s", run_id)
        what = "an orphan is killed"
        return what, self._until(60, lambda: run_id not in self.onlooker.alive(), time.monotonic(), what)

    def _stop(self) -> Figure:
        run_id = self._started(self._applications.stubborn)
        stopping = self._programs.open(TERMINAL, "stop")
        wait_until(lambda: self.onlooker.rows()[run_id]["stop_requested_at"], 30, "the recorded stop")
        begin = time.monotonic()
        stopping.kill()
        what = "a recorded stop is carried out, beyond its grace"
        return what, max(0.0, self._until(GRACE + 15, lambda: not self._runs(run_id), begin, what) - GRACE)

    def _runs(self, run_id: str) -> bool:
        sight = self.onlooker.look()
        return sight is None or sight.rows[run_id]["status"] == "running"

    def counts(self) -> dict[str, int]:
        """What was done so far."""
        rows = self.onlooker.rows()
        return {"blows": self.blows.total(), "runs": len(rows), "looks": self.onlooker.looks}

    def close(self) -> None:
        """End every program."""
        self._programs.close()


class _NotMeasured(Exception):
    """What was to be measured did not come about: another operator's run was in the way."""


@contextmanager
def prepared_soak(folder: Path, seed: int) -> Iterator[Soak]:
    """A soak on servers of its own, whose database keeps what it acknowledged."""
    with running_server(folder / "postgres", fsync=True) as postgres, command_server(folder / "spark") as server:
        soak = Soak(folder, postgres, server, seed)
        try:
            yield soak
        finally:
            soak.close()
