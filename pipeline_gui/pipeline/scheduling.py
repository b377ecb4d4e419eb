"""The scheduler: starts what is due, and says of every time that starts nothing why (protocol 6).

Whoever watches does this (docs/adr/0010). A time is decided once, by its row; the row of a time that starts is written
in the transaction of the run's INSERT, so that two who fire at once make one run. Times are decided in their order, so
that the newest decided one says how far a schedule has come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice, takewhile

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.errors import FiredBefore
from pipeline_gui.pipeline.ports import Actor, RunStore
from pipeline_gui.pipeline.schedule import (
    Firing,
    Outcome,
    Running,
    Schedule,
    ScheduleState,
    ScheduleStore,
    Standing,
    WhenBusy,
)
from pipeline_gui.pipeline.sentences import duration_text

ON_TIME_SECONDS = 30.0
"""So late a time still counts as kept: a watcher that died is replaced within 3 s, a server restarted in some more."""
LOOK_SECONDS = 10.0
"""How often the schedules are read while nothing is due: where nothing tells of a new one, it is seen so much later."""
REST_SECONDS = 60.0
"""The same where a new one is told at once, and none is there that could be due."""
WAITING_SECONDS = 1.0
MOST_AT_ONCE = 1000
"""Times that are decided in one turn; after months away there are many."""

Start = Callable[[str, Firing], ActionAnswer]
"""Starts the configuration of a name for a firing. Raises FiredBefore."""


class Scheduler:
    """Takes one turn after the other; safe when two do it."""

    def __init__(
        self,
        schedules: ScheduleStore,
        runs: RunStore,
        start: Start,
        actor: Actor,
        hears: Callable[[], bool] = lambda: False,
    ) -> None:
        """hears: whether a turn is asked for whenever the schedules change."""
        self._schedules = schedules
        self._runs = runs
        self._start = start
        self._actor = actor
        self._hears = hears

    def turn(self) -> float:
        """Decide what is due; the seconds until there may be more to do. Raises the store's errors."""
        hears = self._hears()  # before the look: what is told from now on is not missed
        state = self._schedules.state()
        if hears and not state.standings:
            return REST_SECONDS
        return min([LOOK_SECONDS, *(self._attend(standing, state) for standing in state.standings)])

    def _attend(self, standing: Standing, state: ScheduleState) -> float:
        schedule, now = standing.schedule, state.now
        waits = standing.waiting is not None and not self._attend_waiting(schedule, standing.waiting, state.running)
        if not schedule.is_enabled:
            return LOOK_SECONDS
        after = max(filter(None, (schedule.since, standing.last_due)))
        due = list(islice(takewhile(lambda time: time <= now, schedule.times_after(after)), MOST_AT_ONCE))
        if len(due) == MOST_AT_ONCE:
            self._miss(schedule, due, now)
            return 0.0
        if due:
            self._miss(schedule, due[:-1], now)
            if not self._attend_due(schedule, due[-1], state, waits):
                return WAITING_SECONDS
        following = next(schedule.times_after(now), None)
        pauses = [WAITING_SECONDS] if waits else []
        if following is not None:
            pauses.append((following - now).total_seconds())
        return min([LOOK_SECONDS, *pauses])

    def _attend_due(self, schedule: Schedule, due: datetime, state: ScheduleState, waits: bool) -> bool:
        """Whether the newest time that is due is done with; else there may be more to do in a second."""
        late = (state.now - due).total_seconds()
        if late > max(ON_TIME_SECONDS, schedule.catch_up_seconds):
            self._miss(schedule, [due], state.now)
            return True
        if waits:
            self._decide(schedule, due, Outcome.SKIPPED, "An earlier time of this schedule is still waiting.")
            return True
        return self._fire(schedule, due, state.running)

    def _fire(self, schedule: Schedule, due: datetime, running: Running | None) -> bool:
        if running is not None:
            return self._meet_busy(schedule, due, running)
        try:
            answer = self._start(schedule.configuration, self._firing(schedule, due))
        except FiredBefore:
            return True
        if answer["success"] or self._is_decided(schedule, due):
            return True
        match answer.get("reason"):
            case "busy":
                taken = self._schedules.state().running
                return taken is not None and self._meet_busy(schedule, due, taken)
            case "unreachable" | "unconfirmed":
                return False  # tried again until it is too late
        self._decide(schedule, due, Outcome.REFUSED, answer["message"])
        return True

    def _meet_busy(self, schedule: Schedule, due: datetime, running: Running) -> bool:
        busy = f"“{running.pipeline}” ({running.run_id}) was running"
        if schedule.when_busy is WhenBusy.REPLACE and not running.is_ours:
            self._decide(schedule, due, Outcome.SKIPPED, f"{busy}, which another program alone can stop.")
        elif schedule.when_busy is WhenBusy.SKIP:
            self._decide(schedule, due, Outcome.SKIPPED, f"{busy}.")
        else:
            if schedule.when_busy is WhenBusy.REPLACE:
                # The stop first: a scheduler that dies in between asks for it again, which changes nothing.
                reason = f"The schedule “{schedule.name}” was due and replaces what runs, so it was stopped."
                self._runs.request_stop(running.run_id, None, self._actor, reason)
            self._decide(schedule, due, Outcome.WAITING, f"{busy}.")
            return False
        return True

    def _attend_waiting(self, schedule: Schedule, due: datetime, running: Running | None) -> bool:
        """Whether it is decided what becomes of the time that waits."""
        if not schedule.is_enabled or due <= schedule.since:
            self._decide(schedule, due, Outcome.SKIPPED, "The schedule was changed or paused while this time waited.")
            return True
        if running is not None:
            return False
        try:
            answer = self._start(schedule.configuration, self._firing(schedule, due))
        except FiredBefore:
            return True
        if answer["success"] or answer.get("reason") in ("busy", "unreachable", "unconfirmed"):
            return answer["success"]
        if not self._is_decided(schedule, due):
            self._decide(schedule, due, Outcome.REFUSED, answer["message"])
        return True

    # --- inside -------------------------------------------------------------------------------------------------

    def _miss(self, schedule: Schedule, due: list[datetime], now: datetime) -> None:
        if due:
            late = duration_text((now - due[-1]).total_seconds())
            sentence = (
                f"Nobody was there to start it in time; that was noticed {late} after the last time that was missed. "
                "A program has to be open, with the database and Spark in reach."
            )
            self._schedules.decide(schedule, due, Outcome.MISSED, sentence, self._actor)

    def _decide(self, schedule: Schedule, due: datetime, outcome: Outcome, sentence: str) -> None:
        self._schedules.decide(schedule, [due], outcome, sentence, self._actor)

    def _is_decided(self, schedule: Schedule, due: datetime) -> bool:
        found = self._schedules.decision(schedule.schedule_id, due)
        return found is not None and found.outcome is not Outcome.WAITING

    @staticmethod
    def _firing(schedule: Schedule, due: datetime) -> Firing:
        return Firing(schedule.schedule_id, schedule.revision, due, schedule.name)
