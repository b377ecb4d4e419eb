"""What chaos happens on: a PostgreSQL, a command server with a stand-in Spark, and operators' processes."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.identity import new_identity
from pipeline_gui.store.migrate import migrate
from tests.command_server.harness import CommandServer, command_server
from tests.pipeline.conftest import World
from tests.postgres import PostgresServer, running_server

_MIGRATOR = Actor("chaos", "localhost", "terminal")

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.chaos.real.victim", "tests.chaos.real.scenarios", "tests.chaos.real.storm"])


class Ground:
    """The servers of one run of chaos, shared by its rounds: each has a database, so an installation, of its own."""

    aged = "UPDATE pipeline_runs SET start_time = start_time - interval '9 s' WHERE status = 'running'"
    """What makes a running row old enough to be settled."""
    is_plain = False

    def __init__(self, postgres: PostgresServer, server: CommandServer) -> None:
        self.postgres = postgres
        self.server = server
        self._template = postgres.create_database()
        migrate(postgres.url_of(self._template), actor=_MIGRATOR)

    def is_forgotten(self, _name: str, _engine: dict[str, Any]) -> bool:
        """Whether the server can't say any more what became of a run."""
        return False

    def ever_had(self, world: World, name: str) -> bool:
        """Whether Spark ever had a batch of that name."""
        return world.plain_spark.find(name) is not None

    def moved_to(self, _world: World, _url: str) -> None:
        """The server has another address for whoever looks now; its generation says that it is the same."""

    def server_is_up(self) -> None:
        """Start the command server again if it was killed."""
        if self.server.process is None:
            self.server.start()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh database."""
        with self.postgres.fresh_database(self._template) as url:
            new_identity(url, actor=_MIGRATOR)
            yield url

    @contextmanager
    def world(self) -> Iterator[World]:
        """An operator with a fresh database; at its end nothing of its installation lives."""
        with self.database() as url:
            world = World(url, self.server)
            try:
                yield world
            finally:
                end_everything(world)
                world.close()


def end_everything(world: World) -> None:
    """Kill what is left alive of an installation."""
    prefix = f"{world.plain_store.installation().installation_id}."
    for _ in range(100):
        alive = world.plain_spark.alive(prefix)
        if not alive:
            return
        for batch in alive:
            world.plain_spark.fence(str(batch.name), 0)
    raise AssertionError(f"{[batch.name for batch in alive]} can't be killed")


@contextmanager
def prepared_ground(folder: Path) -> Iterator[Ground]:
    """Servers below a folder, stopped at the end."""
    logging.getLogger("pipeline_gui").setLevel(logging.CRITICAL)  # what goes wrong here is meant to
    with running_server(folder / "postgres") as postgres, command_server(folder / "spark") as server:
        yield Ground(postgres, server)
