"""An operator's world for tests of the domain: a real database and command server, behind ports that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.orphans import OrphanHunter
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.store.store import open_store
from tests.command_server.harness import CommandServer, command_server
from tests.pipeline.clockwork import Clockwork
from tests.pipeline.faults import Faulty, MovableClock
from tests.waiting import wait_until

SLEEPS = "import time\nprint('at work', flush=True)\ntime.sleep(600)\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPS


class World:
    """One operator: a controller on ports that can be made to fail, and the means to look behind them."""

    def __init__(self, database: str, server: CommandServer, user: str = "ana") -> None:
        self.database = database
        self.server = server
        self.actor = Actor(user, "ops-3", "terminal")
        self.clock = MovableClock()
        self.plain_store = open_store(database, application_name="tests", max_connections=2)
        self.plain_spark = LivyServer(server.url, server.token)
        self.store = Faulty(self.plain_store)
        self.spark = Faulty(self.plain_spark)
        self.settler = Settler(self.store, self.spark, self.actor)
        self.watcher = Watcher(self.store, self.spark, self.actor)
        self.hunter = OrphanHunter(self.store, self.spark, self.settler, self.actor, self.clock)
        self.controller = PipelineController(self.store, self.spark, self.actor, self.watcher)

    def configuration(self, source: str = SLEEPS, name: str = "app", **more: Any) -> dict[str, Any]:
        """A configuration of an application given as text."""
        return {"file": str(self.server.app(source, f"{name}.py")), "name": name, "grace_seconds": 2, **more}

    def start(self, source: str = SLEEPS, name: str = "app", **more: Any) -> str:
        """Start an application that must start, and wait until it works where it stays; its run id."""
        answer = self.controller.start_pipeline(self.configuration(source, name, **more))
        assert answer["success"], answer
        assert answer["run_id"]
        if source in (SLEEPS, STUBBORN):
            self.wait_at_work(answer["run_id"])
        return answer["run_id"]

    def record(self, run_id: str) -> RunRecord:
        """A run as it is recorded now."""
        record = self.plain_store.find(run_id)
        assert record is not None
        return record

    def batch_name(self, run_id: str) -> str:
        """Spark's name of a run."""
        return f"{self.plain_store.installation().installation_id}.{run_id}"

    def processes(self, run_id: str) -> list[int]:
        """The living processes of a run."""
        return self.server.pids(self.batch_name(run_id))

    def wait_at_work(self, run_id: str) -> None:
        """Wait until the application itself runs."""
        self.server.wait_for_output(self.batch_name(run_id), "at work")

    def settle_until_ended(self, run_id: str, timeout: float = 15.0) -> RunRecord:
        """Take watcher's steps until the run has ended in the record."""

        def ended() -> RunRecord | None:
            self.watcher.step()
            record = self.record(run_id)
            return None if record.run.is_running else record

        found = wait_until(ended, timeout, f"the end of {run_id}")
        assert found is not None
        return found

    def event_kinds(self, run_id: str) -> list[str]:
        """The kinds of a run's events, oldest first."""
        return [event.kind for event in self.plain_store.events(run_id)]

    def execute(self, statement: str, *parameters: object) -> None:
        """Do something to the database as another program would."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement, parameters)

    def close(self) -> None:
        """End everything of this operator."""
        self.controller.close()
        self.watcher.close()
        self.plain_store.close()
        self.plain_spark.close()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A command server that the tests of this process share: each test has an installation of its own."""
    with command_server(tmp_path_factory.mktemp("command-server")) as server:
        yield server


@pytest.fixture
def own_server(tmp_path: Any) -> Iterator[CommandServer]:
    """A command server that the test may kill."""
    with command_server(tmp_path / "command-server") as server:
        yield server


@pytest.fixture
def world(database: str, shared_server: CommandServer) -> Iterator[World]:
    """One operator on the shared command server."""
    world = World(database, shared_server)
    yield world
    world.close()


@pytest.fixture
def own_world(database: str, own_server: CommandServer) -> Iterator[World]:
    """One operator on a command server that the test may kill."""
    world = World(database, own_server)
    yield world
    world.close()


@pytest.fixture
def clockwork(world: World) -> Iterator[Clockwork]:
    yield Clockwork(world)
    prefix = world.batch_name("")

    def ended() -> bool:
        alive = world.plain_spark.alive(prefix)
        return all(world.plain_spark.fence(str(batch.name), 0).done for batch in alive)

    wait_until(ended, what="the end of what was started")
