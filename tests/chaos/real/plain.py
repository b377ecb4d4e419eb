"""A plain Livy in the place of the command server: what a world asks of its server; its batches are no processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.real.ground import Ground
from tests.pipeline.conftest import World
from tests.spark.fault_server import Behaviour
from tests.spark.plain_livy import PlainLivy

ENDED = ("success", "dead", "killed", "error")
AGED_PAST_ANY_START = (
    "UPDATE pipeline_runs SET start_time = start_time - interval '160 s' WHERE lower(btrim(status)) = 'running'"
)
"""Beyond the time in which a POST may still come to a Livy."""


class LivyParts(PlainLivy):
    """PlainLivy, and what tests of ours ask of a server besides."""

    token = "none"
    process = "its own"

    def __init__(self, apps: Path) -> None:
        super().__init__()
        self._apps = apps
        self.names: set[str | None] = set()
        """Of every batch that ever was."""

    def _create(self, body: bytes) -> Behaviour:
        answer = super()._create(body)
        self.names |= {batch.name for batch in self.batches.values()}
        return answer

    def app(self, source: str, name: str | None = None) -> Path:
        """An application; nothing runs it."""
        path = self._apps / (name or "app.py")
        path.write_text(source)
        return path

    def pids(self, key: str) -> list[int]:
        """One for a batch that lives."""
        return [batch.batch_id for batch in self.batches.values() if batch.name == key and batch.state not in ENDED]

    def wait_for_output(self, key: str, text: str) -> None:
        """It is at work at once."""

    def wait_for_state(self, key: str, *states: str) -> None:
        """It ends as it is told to."""
        self.end(key, states[0])


class PlainGround(Ground):
    """Databases of one PostgreSQL, and a Livy that is not ours."""

    aged = AGED_PAST_ANY_START
    is_plain = True

    def __init__(self, ground: Ground, livy: LivyParts) -> None:
        self.postgres = ground.postgres
        self.server: Any = livy
        self._template = ground._template

    @contextmanager
    def world(self) -> Iterator[World]:
        """An operator with a fresh database; at its end Livy has forgotten everything."""
        with self.database() as url:
            world = World(url, self.server)
            try:
                yield world
            finally:
                world.close()
                self.server.restart()

    def ever_had(self, _world: World, name: str) -> bool:
        """Whether Livy ever had it; it forgets what was deleted."""
        return name in self.server.names

    def moved_to(self, world: World, url: str) -> None:
        """A plain Livy is known by its address alone, so the record moves along."""
        world.execute("UPDATE pipeline_run_engine SET spark_url = %s", url)

    def is_forgotten(self, name: str, engine: dict[str, Any]) -> bool:
        """Whether Livy has no batch of that name (any more), so that only a person can say what became of it."""
        known = any(batch.name == name for batch in self.server.batches.values())
        return not known and (engine["batch_id"] is not None or engine["stop_requested_at"] is not None)


@contextmanager
def plain_ground(ground: Ground, folder: Path) -> Iterator[PlainGround]:
    """The same databases on a plain Livy."""
    folder.mkdir(exist_ok=True)
    with LivyParts(folder) as livy:
        yield PlainGround(ground, livy)
