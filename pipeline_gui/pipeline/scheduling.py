"""The scheduler: starts what is due, and says of every time that starts nothing why (protocol 6).

Whoever watches does this (docs/adr/0010). A time is decided once, by its row; the row of a time that starts is written
in the transaction of the run's INSERT, so that two who fire at once make one run. Times are decided in their order, so
that the newest decided one says how far a schedule has come. While Spark answers nobody, and so nobody watches, whoever
is there says what was missed.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby, islice, takewhile

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.firing import SOON, WHAT_IT_TAKES, Fired, Firer, Start, busy_text, is_too_late, is_void
from pipeline_gui.pipeline.ports import Actor, RunStore
from pipeline_gui.pipeline.retrying import Retries
from pipeline_gui.pipeline.schedule import (
    Attempt,
    Outcome,
    Running,
    Schedule,
    ScheduleState,
    ScheduleStore,
    Standing,
    WhenBusy,
)
from pipeline_gui.pipeline.sentences import duration_text

LOOK_SECONDS = 10.0
"""How often the schedules are read while nothing is due: where nothing tells of a new one, it is seen so much later."""
MOST_AT_ONCE = 1000
"""Times that are decided in one turn; after months away there are many."""


class Scheduler:
    """Takes one turn after the other; safe when two do it."""

    def __init__(
        self,
        schedules: ScheduleStore,
        runs: RunStore,
        start: Start,
        actor: Actor,
    ) -> None:
        self._schedules = schedules
        self._runs = runs
        self._actor = actor
        self._firer = Firer(schedules, start, actor)
        self._retries = Retries(schedules, self._firer, actor)

    def turn(self, silence: str | None = None) -> float:
        """Decide what is due; the seconds until there may be more to do. Raises the store's errors.

        silence: why this process can't ask Spark, so that it starts nothing. Then it only says what has become too late
        to start, and only where nobody holds the lease: who does may have Spark in reach.
        """
        state = self._schedules.state()
        if silence is not None and state.is_watched:
            return LOOK_SECONDS
        self._firer.begin_turn(silence)
        try:
            return min([LOOK_SECONDS, *(self._attend(standing, state) for standing in state.standings)])
        except StoreRefused:
            if silence is None:
                raise
            return LOOK_SECONDS  # a viewer, who would not hold the lease either

    def _attend(self, standing: Standing, state: ScheduleState) -> float:
        schedule, now, waiting = standing.schedule, state.now, standing.waiting
        if waiting is not None and self._attend_waiting(schedule, waiting, state.running):
            waiting = None
        due = self._due(standing, now)
        if len(due) == MOST_AT_ONCE:
            self._miss(schedule, due, now)
            return 0.0
        pauses = [self._firer.pause] if waiting is not None else []
        if due:
            self._miss(schedule, due[:-1], now)
            if not self._attend_due(schedule, due[-1], state, waiting):
                return self._firer.pause
        ends = [awaited for awaited in standing.awaited if not _is_in_line(awaited.attempt, standing.waiting)]
        if due and ends:
            pauses.append(SOON)  # what came due may have made an end a matter of the past
        else:
            pauses += [self._retries.attend(schedule, awaited, state) for awaited in ends]
        following = next(schedule.times_after(now), None) if schedule.is_enabled else None
        if following is not None:
            pauses.append((following - now).total_seconds())
        return min(pauses, default=LOOK_SECONDS)

    @staticmethod
    def _due(standing: Standing, now: datetime) -> list[datetime]:
        """The times that have come and are not decided, the first ones."""
        if not standing.schedule.is_enabled:
            return []
        after = max(filter(None, (standing.schedule.since, standing.last_due)))
        return list(islice(takewhile(lambda time: time <= now, standing.schedule.times_after(after)), MOST_AT_ONCE))

    def _attend_due(self, schedule: Schedule, due: datetime, state: ScheduleState, waiting: Attempt | None) -> bool:
        """Whether the newest time that is due is done with; else there may be more to do soon."""
        if is_too_late(schedule, (state.now - due).total_seconds()):
            self._miss(schedule, [due], state.now)
            return True
        if not self._firer.may_start:
            return self._fire(schedule, Attempt(due), None)
        if waiting is not None and waiting.number > 1:
            sentence = "A later time of this schedule came while this start after a failure waited."
            self._firer.decide(schedule, waiting, Outcome.SKIPPED, sentence)
        elif waiting is not None:
            sentence = "An earlier time of this schedule is still waiting."
            self._firer.decide(schedule, Attempt(due), Outcome.SKIPPED, sentence)
            return True
        return self._fire(schedule, Attempt(due), state.running)

    def _fire(self, schedule: Schedule, attempt: Attempt, running: Running | None) -> bool:
        if running is not None:
            return self._meet_busy(schedule, attempt, running)
        match self._firer.fire(schedule, attempt):
            case Fired.DECIDED:
                return True
            case Fired.BUSY:
                taken = self._schedules.state().running
                return taken is not None and self._meet_busy(schedule, attempt, taken)
            case Fired.NOT_YET:
                return False

    def _meet_busy(self, schedule: Schedule, attempt: Attempt, running: Running) -> bool:
        busy = busy_text(running)
        if schedule.when_busy is WhenBusy.REPLACE and not running.is_ours:
            self._firer.decide(schedule, attempt, Outcome.SKIPPED, f"{busy}, which another program alone can stop.")
        elif schedule.when_busy is WhenBusy.SKIP:
            self._firer.decide(schedule, attempt, Outcome.SKIPPED, f"{busy}.")
        else:
            if schedule.when_busy is WhenBusy.REPLACE:
                # The stop first: a scheduler that dies in between asks for it again, which changes nothing.
                reason = f"The schedule “{schedule.name}” was due and replaces what runs, so it was stopped."
                self._runs.request_stop(running.run_id, None, self._actor, reason)
            self._firer.decide(schedule, attempt, Outcome.WAITING, f"{busy}.")
            return False
        return True

    def _attend_waiting(self, schedule: Schedule, waiting: Attempt, running: Running | None) -> bool:
        """Whether it is decided what becomes of what waits."""
        if is_void(schedule, waiting):
            sentence = "The schedule was changed or paused while this time waited."
            self._firer.decide(schedule, waiting, Outcome.SKIPPED, sentence)
            return True
        return running is None and self._firer.fire(schedule, waiting) is Fired.DECIDED

    def _miss(self, schedule: Schedule, due: list[datetime], now: datetime) -> None:
        """The earliest first: the newest that is decided says how far the schedule has come."""
        for obstacle, group in groupby(due, lambda time: self._firer.obstacle(schedule, Attempt(time))):
            times = list(group)
            late = duration_text((now - times[-1]).total_seconds())
            sentence = (
                f"No program started it in time; that was noticed {late} after the last time that was missed. "
                f"{WHAT_IT_TAKES}"
                if obstacle is None
                else f"It could not be started in the {late} since it was due. {obstacle}"
            )
            self._schedules.decide(schedule, times, Outcome.MISSED, sentence, self._actor)


def _is_in_line(attempt: Attempt, waiting: Attempt | None) -> bool:
    """Whether what answers the end of an attempt's run waits already."""
    return waiting is not None and (waiting.due, waiting.number) == (attempt.due, attempt.number + 1)
