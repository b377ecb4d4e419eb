"""The record in memory: RunStore as PostgreSQL keeps it, each call one atomic step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Engine
from pipeline_gui.pipeline.errors import RunBusy, StoreRefused
from pipeline_gui.pipeline.ports import (
    Actor,
    Change,
    Contact,
    EngineChange,
    Event,
    Inserted,
    Installation,
    Lease,
    NewRun,
    StartedRun,
    Subscription,
)
from pipeline_gui.pipeline.run import Overview, Phase, Run, RunRecord, RunStatus
from pipeline_gui.pipeline.schedule import Decided, Schedule
from pipeline_gui.pipeline.start_key import StartedBefore
from tests.chaos.model.schedules import Key, MemorySchedules
from tests.chaos.model.time import VirtualTime

LEASE_SECONDS = 2.25


@dataclass
class Database:
    """The tables, with the index and the triggers of the migrations."""

    time: VirtualTime
    installation_id: str = "0123456789ab"
    is_original: bool = True
    one_running: bool = True
    """Whether the unique index is there; without it, only Spark's own guard holds."""
    runs: dict[str, Run] = field(default_factory=dict)
    engines: dict[str, Engine] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    starts: dict[str, StartedRun] = field(default_factory=dict)
    lease: tuple[str, datetime] | None = None
    services: dict[str, datetime] = field(default_factory=dict)
    schedules: dict[int, Schedule] = field(default_factory=dict)
    firings: dict[Key, Decided] = field(default_factory=dict)
    """What became of each start of each time."""
    awaited: set[Key] = field(default_factory=set)
    """The starts whose run's end is still to be answered."""
    listeners: list[Callable[[Change], None]] = field(default_factory=list)

    def put(self, run: Run, actor: Actor | None = None, detail: dict[str, Any] | None = None) -> None:
        """Insert or update a row, whoever does it: the index and the triggers act. Raises RunBusy."""
        if self.one_running and run.is_running:
            for other in self.runs.values():
                if other.is_running and other.run_id != run.run_id:
                    raise RunBusy(other.run_id)
        before = self.runs.get(run.run_id)
        self.runs[run.run_id] = run
        if before is None:
            self.say(run.run_id, "recorded", actor, detail or {}, None, run.status)
        elif before.status != run.status:
            self.say(run.run_id, "status changed", actor, detail or {}, before.status, run.status)
        self.tell(Change(run.run_id, run.status))

    def delete(self, run_id: str) -> None:
        """Delete a row, as another program may; what our machines know stays."""
        before = self.runs.pop(run_id)
        self.say(run_id, "deleted", None, {}, before.status, None)
        self.tell(Change(run_id, None))

    def say(
        self,
        run_id: str,
        kind: str,
        actor: Actor | None,
        detail: dict[str, Any],
        old: str | None = None,
        new: str | None = None,
    ) -> None:
        """Append an event."""
        who, via = (str(actor), actor.via) if actor else ("other@local", "other")
        self.events.append(
            Event(len(self.events) + 1, run_id, self.time.now(), kind, who, via, old, new, copy.deepcopy(detail))
        )

    def tell(self, change: Change) -> None:
        """NOTIFY."""
        for listener in list(self.listeners):
            listener(change)

    def record(self, run_id: str) -> RunRecord | None:
        """A row with what our machines know of it."""
        run = self.runs.get(run_id)
        return None if run is None else self.joined(run)

    def joined(self, run: Run) -> RunRecord:
        """A row joined with its engine's."""
        age = (self.time.now() - run.start_time).total_seconds() if run.start_time else None
        if run.is_running and age is not None:
            run = run._replace(duration=max(0.0, age))
        watched = self.lease is not None and self.lease[1] > self.time.now()
        return RunRecord(run, self.engines.get(run.run_id), age, watched)


class MemoryStore:
    """RunStore on a database in memory."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.schedules = MemorySchedules(database)
        self.pause: Callable[[], None] = lambda: None
        """Lets others act in the middle of a call, where a mutant's is not one atomic step."""

    def installation(self) -> Installation:
        """Which database this is."""
        return Installation(self.database.installation_id, self.database.is_original, 1)

    def contact(self) -> Contact:
        """It always answers; faults are put in between by whoever wants them."""
        return Contact(True, self.database.time.now(), None)

    # --- reading ------------------------------------------------------------------------------------------------

    def running(self) -> RunRecord | None:
        """The row that holds the single place."""
        return next((self.database.joined(run) for run in self.database.runs.values() if run.is_running), None)

    def find(self, run_id: str) -> RunRecord | None:
        """One run."""
        return self.database.record(run_id)

    def recent(self, days: float, limit: int | None = None) -> list[Run]:
        """The rows that run now, or started or ended within the last days, newest start first."""
        since = self.database.time.now() - timedelta(days=days)
        moments = {
            run.run_id: max((at for at in (run.start_time, run.end_time) if at), default=None)
            for run in self.database.runs.values()
        }
        found = [
            self.database.joined(run).run
            for run in self.database.runs.values()
            if run.is_running or ((at := moments[run.run_id]) is not None and at >= since)
        ]
        found.sort(key=lambda run: (run.start_time is not None, run.start_time, run.run_id), reverse=True)
        return found[:limit]

    def overview(self, days: float) -> Overview:
        """What runs, and the runs of the last days."""
        return Overview(self.running(), self.recent(days))

    def not_gone(self) -> list[RunRecord]:
        """Ended runs of ours of which something may still live, also those whose row was deleted."""
        found = []
        for run_id, engine in sorted(self.database.engines.items()):
            record = self.database.record(run_id)
            if engine.gone or (record is not None and record.run.is_running):
                continue
            nothing = Run(run_id, None, None, None, None, None, None, None)
            found.append(record or RunRecord(nothing, engine, None, self.database.lease is not None))
        return found

    def events(self, run_id: str) -> list[Event]:
        """The events of a run, oldest first."""
        return [event for event in self.database.events if event.run_id == run_id]

    def find_start(self, key_hash: str) -> StartedRun | None:
        """What was started under a key."""
        return self.database.starts.get(key_hash)

    # --- writing ------------------------------------------------------------------------------------------------

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        """Record a new running run with phase starting. Raises RunBusy, or StoreRefused."""
        if not self.database.is_original:
            raise StoreRefused("The database is a copy of another, so nothing starts here.")
        if new.run_id in self.database.runs or new.run_id in self.database.engines:
            raise StoreRefused(f"A run with the id {new.run_id} is recorded already.")
        metadata = {**copy.deepcopy(new.metadata), "phase": "starting"}
        if new.start_key is not None and new.start_key.key_hash in self.database.starts:
            raise StartedBefore("A start under this key is recorded already.")
        if new.firing is not None:
            self.schedules.check(new.firing)
        run = Run(new.run_id, new.command, RunStatus.RUNNING, self.database.time.now(), None, None, None, metadata)
        self.database.put(run, actor)
        if new.start_key is not None:
            self.database.starts[new.start_key.key_hash] = StartedRun(new.run_id, new.start_key.fingerprint)
        if new.firing is not None:
            self.schedules.start(new.firing, new.run_id, actor)
        self.database.engines[new.run_id] = Engine(
            run_id=new.run_id,
            rev=1,
            phase=Phase.STARTING,
            spark_url=new.spark_url,
            generation=new.generation,
            batch_id=None,
            application_id=None,
            grace_seconds=new.grace_seconds,
            stop_requested_at=None,
            stop_requested_by=None,
            unclear=False,
            contact_lost_at=None,
            gone=False,
            progress=None,
            timeout_seconds=new.timeout_seconds,
            batch_name=new.batch_name,
        )
        return Inserted(self.database.joined(run), tuple(self.not_gone()))

    def held(self, run_id: str, rev: int | None) -> tuple[Run, Engine] | None:
        """The running run that a decision was made from; None when somebody acted meanwhile."""
        run, engine = self.database.runs.get(run_id), self.database.engines.get(run_id)
        if run is None or engine is None or not run.is_running or (rev is not None and engine.rev != rev):
            return None
        return run, engine

    def change(self, run_id: str, rev: int, change: EngineChange, actor: Actor) -> int | None:
        """Compare-and-set on running and rev."""
        held = self.held(run_id, rev)
        if held is None:
            return None
        run, engine = held
        given = {
            key: value
            for key in ("phase", "generation", "batch_id", "application_id", "unclear", "progress")
            if (value := getattr(change, key)) is not None
        }
        if change.contact_lost is not None:
            lost = engine.contact_lost_at or self.database.time.now()
            given["contact_lost_at"] = lost if change.contact_lost else None
        summary = dict(change.summary)
        if change.phase is not None:
            summary["phase"] = change.phase.value
        if change.application_id is not None:
            summary["application_id"] = change.application_id
        if change.progress is not None:
            summary["progress"] = change.progress.sentence()
        self.database.engines[run_id] = replace(engine, rev=engine.rev + 1, **given)
        self.database.put(run._replace(metadata={**(run.metadata or {}), **summary}), actor)
        return engine.rev + 1

    def request_stop(
        self, run_id: str, grace_seconds: float | None, actor: Actor, reason: str | None = None
    ) -> RunRecord | None:
        """Record the wish to stop; a later, smaller grace wins."""
        held = self.held(run_id, None)
        if held is None:
            return None
        run, engine = held
        grace = engine.grace_seconds if grace_seconds is None else grace_seconds
        if engine.stop_requested:
            grace = min(engine.grace_seconds, grace)
        by = engine.stop_requested_by or str(actor)
        self.database.engines[run_id] = replace(
            engine,
            rev=engine.rev + 1,
            phase=Phase.STOPPING,
            grace_seconds=grace,
            stop_requested_at=engine.stop_requested_at or self.database.time.now(),
            stop_requested_by=by,
            stop_reason=engine.stop_reason if engine.stop_requested else reason,
        )
        summary = {"phase": "stopping", "stop_requested_by": by}
        self.database.put(run._replace(metadata={**(run.metadata or {}), **summary}), actor)
        because = {"because": reason} if reason else {}
        self.database.say(run_id, "stop requested", actor, {"grace_seconds": grace, **because})
        return self.find(run_id)

    def settle(self, run_id: str, rev: int | None, ending: Ending, actor: Actor) -> RunRecord | None:
        """End a running run, compare-and-set on rev."""
        held = self.held(run_id, rev)
        if held is None:
            return None
        run, engine = held
        summary = dict(ending.detail)
        if ending.exit_code is not None:
            summary["exit_code"] = ending.exit_code
        if ending.ended_ago is None:
            summary["end_time_is"] = "when noticed"
        outcome = dict(summary)
        if engine.stop_requested_by is not None:
            outcome["stopped_by"] = engine.stop_requested_by
        start = run.start_time or self.database.time.now()
        end = max(start, self.database.time.now() - timedelta(seconds=max(0.0, ending.ended_ago or 0.0)))
        metadata = {**(run.metadata or {}), **outcome}
        metadata.pop("phase", None)
        self.database.engines[run_id] = replace(
            engine, rev=engine.rev + 1, gone=engine.gone or ending.gone, abandoned=ending.abandoned
        )
        ended = run._replace(
            status=ending.status.value,
            end_time=end,
            duration=(end - start).total_seconds(),
            error_message=ending.error_message,
            metadata=metadata,
        )
        self.database.put(ended, actor, {**summary, "gone": ending.gone})
        return self.find(run_id)

    def release_foreign(self, run_id: str, actor: Actor) -> bool:
        """End a running row of another program as failed."""
        run = self.database.runs.get(run_id)
        if run is None or run_id in self.database.engines or not run.is_running:
            return False
        message = f"Released by {actor}, who said that it is over."
        ended = run._replace(status="failed", end_time=self.database.time.now(), error_message=message)
        self.database.put(ended, actor, {"released": True})
        return True

    def mark_gone(self, run_id: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Record the evidence that nothing of an ended run lives; a second time does nothing."""
        engine, run = self.database.engines.get(run_id), self.database.runs.get(run_id)
        if engine is None or engine.gone or (run is not None and run.is_running):
            return
        self.database.engines[run_id] = replace(engine, gone=True, rev=engine.rev + 1)
        self.database.say(run_id, "gone", actor, detail)

    def add_event(self, run_id: str, kind: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Append an event that is not a change of status."""
        self.database.say(run_id, kind, actor, detail)

    # --- the lease, and listening -------------------------------------------------------------------------------

    def take_lease(self, holder: str, actor: Actor) -> Lease | None:
        """Take or renew the watcher's lease."""
        if not self.database.is_original:
            return None
        lease, now = self.database.lease, self.database.time.now()
        if lease is not None and lease[0] != holder and lease[1] > now:
            return None
        self.database.lease = (holder, now + timedelta(seconds=LEASE_SECONDS))
        nothing_else = {"has_schedules": False, "has_alerts": False, "has_days_to_count": False}
        return Lease(self.running() is not None, **nothing_else)

    def release_lease(self, holder: str) -> None:
        """Give the lease up, if held."""
        if self.database.lease is not None and self.database.lease[0] == holder:
            self.database.lease = None

    def announce_service(self, service_id: str, actor: Actor) -> None:
        """Say that a process that is always on watches."""
        self.database.services[service_id] = self.database.time.now()

    def withdraw_service(self, service_id: str) -> None:
        """Say that it ends."""
        self.database.services.pop(service_id, None)

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None] | None = None,
        on_schedules: Callable[[], None] | None = None,
    ) -> Subscription:
        """Report each change of a run at once."""
        on_change(Change(None, None))
        self.database.listeners.append(on_change)
        return MemorySubscription(self.database, on_change)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class MemorySubscription:
    """A running LISTEN in memory."""

    database: Database
    on_change: Callable[[Change], None]

    @property
    def is_live(self) -> bool:
        """Whether changes are heard."""
        return self.on_change in self.database.listeners

    def close(self) -> None:
        """Stop listening."""
        if self.on_change in self.database.listeners:
            self.database.listeners.remove(self.on_change)
