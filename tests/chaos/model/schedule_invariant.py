"""Invariant 9: a time starts one run at most, a run of it that failed has one answer, and none passes silently."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import takewhile

from pipeline_gui.pipeline.engine import Engine
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.schedule import Decided, Outcome, WhenBusy
from tests.chaos.model.schedules import Key
from tests.chaos.model.store import Database
from tests.chaos.model.violation import Violation

LATEST = timedelta(seconds=3)
"""At rest: a time that came is decided by then."""


class ScheduleMonitor:
    """Sees what becomes of each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._decided: dict[Key, Decided] = {}
        self._can_replace = False
        self._lost_until: datetime | None = None

    def after_step(self, others: set[str]) -> None:
        """Check what must hold at every moment; others: the runs that another program wrote into."""
        for schedule in self._database.schedules.values():
            self._can_replace = self._can_replace or schedule.when_busy is WhenBusy.REPLACE
        for key, row in self._database.firings.items():
            before = self._decided.get(key)
            if before is None or before.outcome is Outcome.WAITING:
                self._decided[key] = row
                if row != before:
                    self._check_new(row, others)
            elif before != row:
                raise Violation(9, f"{before} became {row}")
        starts = Counter(
            (run.metadata["due"], run.metadata.get("attempt", 1))
            for run in self._database.runs.values()
            if run.metadata and "due" in run.metadata
        )
        if starts and max(starts.values()) > 1:
            raise Violation(9, f"{starts.most_common(1)} runs were started for one start of one time")

    def _check_new(self, row: Decided, others: set[str]) -> None:
        if row.outcome is not Outcome.STARTED and not row.sentence:
            raise Violation(9, f"{row} says no reason")
        if row.retry_of is None or row.retry_of in others:
            return
        run, engine = self._database.runs.get(row.retry_of), self._database.engines.get(row.retry_of)
        if run is None or engine is None:
            return
        if run.is_running or run.status == RunStatus.COMPLETED:
            raise Violation(9, f"{row.retry_of} is {run.status}, and was answered as one that failed: {row}")
        if row.outcome is Outcome.STARTED and (engine.abandoned or _is_stopped_by_a_person(engine)):
            raise Violation(9, f"a person ended {row.retry_of}, and it was started again: {row}")

    def replaces(self, engine: Engine) -> bool:
        """Whether a recorded stop is that of a schedule which may replace what runs."""
        return self._can_replace and (engine.stop_requested_by or "").startswith("schedule@")

    def lost(self, key: Key) -> None:
        """A failover lost what became of a start: who is in the midst of a turn may decide a later time before it."""
        self._decided.pop(key, None)
        self._lost_until = self._database.time.now()

    def check_at_rest(self) -> None:
        """Check that nothing passed silently."""
        now = self._database.time.now()
        for schedule in self._database.schedules.values():
            mine = {key: row for key, row in self._database.firings.items() if key[0] == schedule.schedule_id}
            since = max(filter(None, (schedule.since, self._lost_until)))
            came = takewhile(lambda time: time < now - LATEST, schedule.times_after(since))
            silent = [time for time in came if (schedule.schedule_id, time, 1) not in mine]
            if schedule.is_enabled and silent:
                raise Violation(9, f"nobody decided what becomes of {silent}")
            free = not any(run.is_running for run in self._database.runs.values())
            waiting = [row for row in mine.values() if row.outcome is Outcome.WAITING]
            if waiting and (free or not schedule.is_enabled):
                raise Violation(9, f"{waiting} wait for ever")
            self._check_answers(mine)

    def _check_answers(self, rows: dict[Key, Decided]) -> None:
        for key in self._database.awaited & rows.keys():
            run = self._database.runs.get(str(rows[key].run_id))
            in_line = rows.get((key[0], key[1], key[2] + 1))
            if (run is None or not run.is_running) and in_line is None:
                raise Violation(9, f"the end of {rows[key]} was never answered")


def _is_stopped_by_a_person(engine: Engine) -> bool:
    return engine.stop_requested and not (engine.stop_requested_by or "").startswith(("timeout@", "schedule@"))
