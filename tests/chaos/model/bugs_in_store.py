"""Bugs of a store: what each promises and does not hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline_gui.pipeline.errors import RunBusy
from pipeline_gui.pipeline.ports import Actor, EngineChange, Inserted, Lease, NewRun
from pipeline_gui.pipeline.run import RunRecord
from tests.chaos.model.store import MemoryStore


class CountsThenInserts(MemoryStore):
    """The rule of one run is in the program instead of the database."""

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        running = self.running()
        if running is not None:
            raise RunBusy(running.run.run_id)
        self.pause()
        return super().insert(new, actor)


class SettlesWithoutCompare(MemoryStore):
    """Ends whatever row there is."""

    def held(self, run_id: str, rev: int | None) -> Any:
        run, engine = self.database.runs.get(run_id), self.database.engines.get(run_id)
        return None if run is None or engine is None else (run, engine)


class ComparesStatusOnly(MemoryStore):
    """Forgets the revision."""

    def held(self, run_id: str, rev: int | None) -> Any:
        return super().held(run_id, None)


class WritesBackWhatItRead(MemoryStore):
    """A change writes the whole row as it was read at first, so a stop recorded meanwhile is erased."""

    def change(self, run_id: str, rev: int, change: EngineChange, actor: Actor) -> int | None:
        engine = self.database.engines.get(run_id)
        answer = super().change(run_id, engine.rev if engine else rev, change, actor)
        if engine is not None and answer is not None and engine.rev != rev:
            now = self.database.engines[run_id]
            self.database.engines[run_id] = replace(now, stop_requested_at=None, stop_requested_by=None)
        return answer


class ForgetsTheIntent(MemoryStore):
    """A stop is carried out, and not recorded before."""

    def request_stop(
        self, run_id: str, grace_seconds: float | None, actor: Actor, reason: str | None = None
    ) -> RunRecord | None:
        held = self.held(run_id, None)
        if held is None:
            return None
        record = self.find(run_id)
        assert record is not None
        assert record.engine is not None
        now = self.database.time.now()
        return record._replace(engine=replace(record.engine, stop_requested_at=now, stop_requested_by=str(actor)))


class LongerGraceWins(MemoryStore):
    """A second stop gives more time instead of less."""

    def request_stop(
        self, run_id: str, grace_seconds: float | None, actor: Actor, reason: str | None = None
    ) -> RunRecord | None:
        record = super().request_stop(run_id, grace_seconds, actor, reason)
        if record is not None:
            engine = self.database.engines[run_id]
            self.database.engines[run_id] = replace(engine, grace_seconds=engine.grace_seconds + 5)
        return self.find(run_id) if record else None


class InsertsWithoutActor(MemoryStore):
    """An event does not say who."""

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        return super().insert(new, Actor("", "", ""))


class HoldsTheLeaseForEver(MemoryStore):
    """A lease that never ends, as a session's lock under SIGSTOP."""

    def take_lease(self, holder: str, actor: Actor) -> Lease | None:
        if self.database.lease is not None and self.database.lease[0] != holder:
            return None
        return super().take_lease(holder, actor)
