"""The invariants, the seven of the design and that of schedules, checked after each step and when all is at rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pipeline_gui.pipeline.engine import Engine
from pipeline_gui.pipeline.ports import BatchState
from pipeline_gui.pipeline.run import Phase, Run
from tests.chaos.model.schedule_invariant import ScheduleMonitor
from tests.chaos.model.schedules import Key
from tests.chaos.model.spark import MemoryBatch, MemoryServer
from tests.chaos.model.store import Database
from tests.chaos.model.violation import Violation

PATIENCE_SECONDS = 10.0


@dataclass
class Before:
    """What a step began with."""

    runs: dict[str, Run]
    engines: dict[str, Engine]
    signalled: int
    alive: set[str]


class Monitor:
    """Sees everything, as nobody in the model can."""

    def __init__(self, database: Database, server: MemoryServer) -> None:
        self._database = database
        self._server = server
        self._prefix = f"{database.installation_id}."
        self._ended: dict[str, tuple[object, ...]] = {}
        self._recorded: set[str] = set()
        self._ended_at: dict[str, float] = {}
        self._others: set[str] = set()
        """The runs that another program wrote into."""
        self._lost: set[str] = set()
        """The runs whose server lost its state while it knew them."""
        self._alive_after_its_row: set[str] = set()
        self._pressed: set[str] = set()
        self._confirmed: set[str] = set()
        """The runs of which an operator was told that they started."""
        self._schedules = ScheduleMonitor(database)

    # --- around a step ------------------------------------------------------------------------------------------

    def before_step(self) -> Before:
        """Remember where things stand."""
        alive = {batch.name for batch in self._server.batches if batch.is_alive}
        return Before(dict(self._database.runs), dict(self._database.engines), len(self._server.signalled), alive)

    def after_step(self, before: Before | None) -> None:
        """Check what must hold at every moment."""
        runs, engines = self._database.runs, self._database.engines
        running = [run.run_id for run in runs.values() if run.is_running]
        if len(running) > 1:
            raise Violation(1, f"{running} are recorded as running")
        alive = {batch.name: batch for batch in self._server.batches if batch.is_alive}
        ours = [name for name in alive if name.startswith(self._prefix)]
        if len([name for name in ours if not self._may_overlap(name)]) > 1:
            raise Violation(2, f"{ours} are alive at once")
        for run_id, run in runs.items():
            self._check_terminal(run_id, run)
            self._check_gone(run, engines.get(run_id), alive, before)
        self._recorded |= set(engines)
        for name in ours:
            if name.removeprefix(self._prefix) not in self._recorded:
                raise Violation(7, f"{name} was launched, and it was never recorded who wanted it")
            row = runs.get(name.removeprefix(self._prefix))
            if row is not None and (row.error_message or "").startswith("Livy never showed the start"):
                raise Violation(2, f"{name} came to life when it had been given up")  # what its starter's end is for
            if row is None or not row.is_running:
                self._alive_after_its_row.add(name)
        self._schedules.after_step(self._others)
        if before is not None:
            self._check_foreign(before)
            self._check_signals(before)
            self._check_stops(before)

    def _may_overlap(self, name: str) -> bool:
        """Whether a batch may live beside another: where a plain Livy gave no evidence of its end."""
        run_id = name.removeprefix(self._prefix)
        run, engine, batch = self._database.runs.get(run_id), self._database.engines.get(run_id), self._batch(run_id)
        if not self._server.plain or (run is not None and run.is_running):
            return False
        late = batch is not None and self._ended_at.get(run_id, math.inf) <= batch.launched_at
        return run is None or engine is None or not engine.gone or late

    def _check_foreign(self, before: Before) -> None:
        """Another program's row is changed by a person's release and by nothing else."""
        for run_id, was in before.runs.items():
            now = self._database.runs.get(run_id)
            if run_id in before.engines or run_id in self._others or now is None or now.status == was.status:
                continue
            if not (now.error_message or "").startswith("Released by"):
                raise Violation(4, f"{run_id} is another program's, and we made it {now.status}")

    def _check_terminal(self, run_id: str, run: Run) -> None:
        if run.is_running or run_id in self._others:
            return
        self._ended_at.setdefault(run_id, self._database.time())
        end = (run.status, run.end_time, run.duration, run.error_message)
        if self._ended.setdefault(run_id, end) != end:
            raise Violation(4, f"{run_id} was {self._ended[run_id]} and became {end}")
        if run_id in self._database.engines:
            self._check_truth(run_id, run)

    def _check_truth(self, run_id: str, run: Run) -> None:
        """The record says of a run's end what Spark knows of it."""
        batch = self._batch(run_id)
        if self._server.plain and batch is not None and self._ended_at.get(run_id, math.inf) <= batch.launched_at:
            return  # delivered once more after the refusal or the end, which only a fence can prevent: an orphan
        own_end = batch is not None and batch.ends_by_itself
        succeeded = own_end and batch is not None and batch.state is BatchState.SUCCESS
        abandoned = (run.error_message or "").startswith("Abandoned")
        if run.status == "completed" and not succeeded:
            raise Violation(3, f"{run_id} is recorded as completed, and its batch is {batch}")
        if succeeded and run.status != "completed" and not abandoned and run_id not in self._lost:
            raise Violation(3, f"{run_id} is recorded as {run.status}, and its batch succeeded by itself")
        asked = self._database.engines[run_id].stop_requested
        if asked and run.status == "failed" and batch is not None and not own_end and not abandoned:
            raise Violation(5, f"{run_id} was stopped as an operator asked, and is recorded as failed")
        if run.status == "stopped" and own_end:
            raise Violation(6, f"{run_id} is recorded as stopped, and ended by itself: {batch}")

    def _check_gone(
        self, run: Run, engine: Engine | None, alive: dict[str, MemoryBatch], before: Before | None
    ) -> None:
        if engine is None or run.is_running:
            return
        was = before.runs.get(run.run_id) if before is not None else None
        if self._server.plain and (was is None or not was.is_running):
            return  # there a name is free again, so a delivery may come after what was true when it was recorded
        if run.status == "stopped" and run.run_id not in self._others:
            if engine.batch_name in alive:
                raise Violation(6, f"{run.run_id} is recorded as stopped and its batch is alive")
            if not engine.stop_requested:
                raise Violation(6, f"{run.run_id} is recorded as stopped and nobody asked for it")
        if engine.gone and engine.batch_name in alive:
            raise Violation(2, f"{run.run_id} is recorded as gone and its batch is alive")

    def _check_signals(self, before: Before) -> None:
        for name in self._server.signalled[before.signalled :]:
            if not name.startswith(self._prefix):
                raise Violation(2, f"{name}, a batch of somebody else, was signalled")
            run_id = name.removeprefix(self._prefix)
            run, engine = before.runs.get(run_id), before.engines.get(run_id)
            if run is None and engine is None:
                self._check_patience(run_id)
            good = run_id in self._confirmed and engine is not None and not engine.stop_requested
            if engine is not None and self._is_past_limit(run_id, engine):
                continue
            if run is not None and run.is_running and good and name in before.alive:
                raise Violation(3, f"{run_id} ran well, nobody asked to stop it, and it was killed")

    def _check_patience(self, run_id: str) -> None:
        """A batch of which the database knows nothing is looked at twice before it is killed, 10 s apart."""
        events = [event for event in self._database.events if event.run_id == run_id]
        if {"start undone", "stop requested"} & {event.kind for event in events}:
            return  # by its own starter or stopper, who knew it
        warned = [event.at for event in events if event.kind == "batch without a row"]
        if not warned or (self._database.time.now() - warned[0]).total_seconds() < PATIENCE_SECONDS:
            raise Violation(2, f"{run_id} has no row, and was killed at once: its row might have come back")

    def _check_stops(self, before: Before) -> None:
        for run_id, was in before.engines.items():
            now = self._database.engines.get(run_id)
            stopped_now = not was.stop_requested and now is not None and now.stop_requested
            replaced = stopped_now and now is not None and self._schedules.replaces(now)
            if stopped_now and not replaced and run_id not in self._pressed and not self._is_past_limit(run_id, was):
                raise Violation(5, f"nobody pressed Stop for {run_id}, within its limit, and its stop is recorded")
            if was.stop_requested and now is not None and not now.stop_requested:
                raise Violation(5, f"the recorded stop of {run_id} was erased")
            if now is not None and now.stop_requested and now.phase in (Phase.STARTING, Phase.RUNNING):
                raise Violation(5, f"the stop of {run_id} is recorded, and its phase is {now.phase}")
            if was.stop_requested and now is not None and now.grace_seconds > was.grace_seconds:
                raise Violation(5, f"the recorded stop of {run_id} was given more time")

    def _is_past_limit(self, run_id: str, engine: Engine) -> bool:
        start = self._database.runs[run_id].start_time if run_id in self._database.runs else None
        if engine.timeout_seconds is None or start is None:
            return False
        return (self._database.time.now() - start).total_seconds() > engine.timeout_seconds

    def check_answer(self, action: str, run_id: str | None, answer: Any) -> None:
        """What an operator was told is so."""
        if not isinstance(answer, dict):
            return
        if action == "start" and run_id is not None:
            batch, run = self._batch(run_id), self._database.runs.get(run_id)
            if answer["success"]:
                self._confirmed.add(run_id)
            if answer["success"] and batch is None:
                raise Violation(3, f"“{answer['message']}” was said of {run_id}, which Spark never had")
            alive = batch is not None and batch.is_alive
            if answer["success"] and alive and (run is None or not run.is_running) and not _was_not_noted(answer):
                raise Violation(2, f"“{answer['message']}” was said of {run_id}, whose row had ended: an orphan")
            runs = batch is not None and batch.is_alive and run is not None and run.is_running
            if not answer["success"] and answer.get("reason") in ("refused", "invalid", "busy") and runs:
                raise Violation(3, f"“{answer['message']}” was said of {run_id}, which runs")
        if action == "status" and answer["is_running"] is not None:
            running = [run.run_id for run in self._database.runs.values() if run.is_running]
            if answer["is_running"] != bool(running):
                raise Violation(
                    3, f"“{answer['sentence']}” was said while {running or 'nothing'} is recorded as running"
                )
        if action == "stop" and answer["success"] and self._database.runs[answer["run_id"]].is_running:
            raise Violation(6, f"“{answer['message']}” was said of {answer['run_id']}, which is recorded as running")

    def stop_was_pressed(self, run_id: str) -> None:
        """An operator sees this run, and presses Stop."""
        self._pressed.add(run_id)

    # --- what others did ----------------------------------------------------------------------------------------

    def other_program_wrote(self, run_id: str) -> None:
        """Another program changed a row: what it says is its own business."""
        self._others.add(run_id)

    def state_was_lost(self) -> None:
        """The server forgot everything: what it knew of runs nobody can find out any more."""
        self._lost |= set(self._database.engines)

    def firing_was_lost(self, key: Key) -> None:
        """A failover lost what became of a start."""
        self._schedules.lost(key)

    def _batch(self, run_id: str) -> MemoryBatch | None:
        name = f"{self._prefix}{run_id}"
        return next((batch for batch in self._server.batches if batch.name == name), None)

    # --- at rest ------------------------------------------------------------------------------------------------

    def check_at_rest(self) -> None:
        """Check what must have come about, with one process open, both sides in reach, and every bound over."""
        alive = {batch.name for batch in self._server.batches if batch.is_alive}
        for run_id, engine in self._database.engines.items():
            run = self._database.runs.get(run_id)
            if engine.generation != self._server.generation:
                continue  # its server is no more; only a person can say what became of it
            if self._server.plain and self._is_forgotten(run, engine):
                continue  # DELETE proves nothing there: only a person can say what became of it
            if run is not None and run.is_running:
                if engine.stop_requested:
                    raise Violation(5, f"the stop of {run_id} is recorded and was never carried out")
                if self._is_past_limit(run_id, engine):
                    raise Violation(5, f"{run_id} is past its limit, and nobody stops it")
                if engine.batch_name not in alive:
                    raise Violation(3, f"{run_id} is recorded as running for ever, and nothing of it lives")
            elif not engine.gone and not self._server.plain:
                raise Violation(2, f"{run_id} has ended, and nobody made sure that it is gone")
        for name in alive:
            row = self._database.runs.get(name.removeprefix(self._prefix))
            if name.startswith(self._prefix) and (row is None or not row.is_running):
                raise Violation(2, f"{name} is an orphan and lives on")
        self._schedules.check_at_rest()
        self._check_events()

    def _is_forgotten(self, run: Run | None, engine: Engine) -> bool:
        """Whether a plain Livy has forgotten a run that it once had, or that somebody wants to end."""
        known = engine.batch_name in self._server.known
        return run is not None and not known and (engine.batch_id is not None or engine.stop_requested)

    def _check_events(self) -> None:
        for event in self._database.events:
            if not event.actor or not event.via:
                raise Violation(7, f"nobody knows who did {event}")
            if event.kind == "orphan killed" and f"{self._prefix}{event.run_id}" not in self._alive_after_its_row:
                raise Violation(7, f"{event.run_id} was never an orphan, and an event says so")
        kinds: dict[str | None, set[str]] = {}
        for event in self._database.events:
            kinds.setdefault(event.run_id, set()).add(event.kind)
        for name in set(self._server.signalled):
            run_id = name.removeprefix(self._prefix)
            reasons = {"stop requested", "orphan killed", "start undone", "fence asked", "gone"}
            failed = self._database.runs.get(run_id)
            if not kinds.get(run_id, set()) & reasons and (failed is None or failed.status != "failed"):
                raise Violation(7, f"{run_id} was killed, and no event says why: {kinds.get(run_id)}")


def _was_not_noted(answer: Any) -> bool:
    """Whether the starter said that the database did not hear of its success."""
    return "did not take a note" in str(answer["message"])
