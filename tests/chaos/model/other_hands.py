"""What is done to the record by none of our processes."""

from __future__ import annotations

import itertools
from typing import Any

from pipeline_gui.pipeline.run import Run
from tests.chaos.model.invariants import Monitor
from tests.chaos.model.schedules import MemorySchedules
from tests.chaos.model.spark import MemoryServer
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.time import VirtualTime


class OtherHands:
    """Other programs, which write into the table as they like, and a failover, which loses what was written."""

    def __init__(self, time: VirtualTime, database: Database, server: MemoryServer, monitor: Monitor) -> None:
        self._time = time
        self._database = database
        self._server = server
        self._monitor = monitor
        self._foreign = itertools.count(1)
        self.failover_without_guard = False
        """Whether commits may be lost though no other guard is there: then two batches at once are to be expected."""

    def lose_the_run_by_failover(self) -> None:
        """The database's new primary never had the last commits; Spark's guard alone knows of the run."""
        running = MemoryStore(self._database).running()
        if running is not None and (self._server.guard or self.failover_without_guard):
            self._database.delete(running.run.run_id)
            self._database.engines.pop(running.run.run_id, None)
            self._lose_firing(running.run.run_id)
            self._monitor.other_program_wrote(running.run.run_id)
            self._monitor.after_step(None)

    def _lose_firing(self, run_id: str) -> None:
        """The time that started it was in the commit that is lost, and what was decided since is lost with it."""
        rows = self._database.firings
        lost = next((row for row in rows.values() if row.run_id == run_id), None)
        since = [key for key, row in rows.items() if lost and row.decided_at >= lost.decided_at]  # type: ignore[operator]
        for key in since:
            again = rows[key].retry_of is not None
            MemorySchedules(self._database).forget(key)
            self._monitor.firing_was_lost(key)
            before = (key[0], key[1], key[2] - 1)
            if again and before in rows and before not in since:
                self._database.awaited.add(before)

    def end_the_run(self) -> None:
        """Another program writes a terminal status into the running row."""
        running = MemoryStore(self._database).running()
        if running is not None:
            self._database.put(Run(**{**_values(self._database.runs[running.run.run_id]), "status": "completed"}))
            self._monitor.other_program_wrote(running.run.run_id)
            self._monitor.after_step(None)

    def delete_the_run(self) -> None:
        """Another program deletes the running row."""
        running = MemoryStore(self._database).running()
        if running is not None:
            self._database.delete(running.run.run_id)
            self._monitor.other_program_wrote(running.run.run_id)
            self._monitor.after_step(None)

    def take_the_place(self) -> None:
        """Another program takes the single place, if it is free."""
        if MemoryStore(self._database).running() is None:
            run_id = f"theirs-{next(self._foreign)}"
            self._database.put(Run(run_id, None, "Running ", self._time.now(), None, None, None, None))


def _values(run: Run) -> dict[str, Any]:
    return run._asdict()
