"""From the moment that a schedule is due to the recorded start, by the database's clock, with two that watch."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from bench.figures import Figure, bounded, percentile
from bench.world import World, world
from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline.schedule import Outcome
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings

ROUNDS = 25
APART_SECONDS = 4.0
"""So long after the one before: its run has ended, and that is recorded."""
WATCHERS = 2
GOAL = 1.0
ENDS = "print('done')"


def measure(_names: Sequence[str]) -> list[Figure]:
    """Its p99."""
    with world(real_spark=False) as bench, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        watchers = [stack.enter_context(_watcher(bench, Path(folder))) for _ in range(WATCHERS)]
        for watcher in watchers:
            watcher.watch()
        owner = watchers[0]
        file = Path(folder) / "due.toml"
        file.write_text(f'name = "due"\nfile = "{bench.configuration(ENDS)["file"]}"\n')
        owner.configurations.import_file(file)
        begin = owner.schedules.now() + timedelta(seconds=10)
        for number in range(ROUNDS):
            due = begin + timedelta(seconds=number * APART_SECONDS)
            owner.schedules.create(
                {"name": f"due {number}", "configuration": "due", "every_minutes": 525_600, "starts_at": due}
            )
        time.sleep(10 + ROUNDS * APART_SECONDS + 2)
        late = [_late(owner, f"due {number}") for number in range(ROUNDS)]
    return [bounded("due_to_started", percentile(late, 99), "s", GOAL)]


def _watcher(bench: World, folder: Path) -> Backend:
    settings = Settings(
        profile=Profile(name=str(folder), config=folder, data=folder, logs=folder),
        database_url=bench.database,
        spark_url=bench.server.url,
        spark_token=bench.server.token,
    )
    return open_backend(settings, face="service")


def _late(owner: Backend, name: str) -> float:
    decided = owner.schedules.decided(name)
    if len(decided) != 1 or decided[0].outcome is not Outcome.STARTED or decided[0].decided_at is None:
        raise RuntimeError(f"{name}: {decided}")
    return (decided[0].decided_at - decided[0].due).total_seconds()
