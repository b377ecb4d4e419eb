"""Retries: what a schedule does when a run that it started has ended.

Only who failed is started again: not who was stopped or let go of by a person, and not who was replaced. A run that its
limit stopped counts as failed: nobody was there who could have asked it to end.
"""

from __future__ import annotations

from pipeline_gui.pipeline.firing import SOON, WHAT_IT_TAKES, Fired, Firer, busy_text, is_too_late, is_void
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import RunRecord, RunStatus
from pipeline_gui.pipeline.schedule import Attempt, Awaited, Outcome, Schedule, ScheduleState, ScheduleStore, WhenBusy
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.pipeline.settling import is_stopped_by_limit

LATER = float("inf")
"""Until something is told."""


class Retries:
    """Answers the ends of runs that schedules started; safe when two do it."""

    def __init__(self, schedules: ScheduleStore, firer: Firer, actor: Actor) -> None:
        self._schedules = schedules
        self._firer = firer
        self._actor = actor

    def attend(self, schedule: Schedule, awaited: Awaited, state: ScheduleState) -> float:
        """Answer an end if there is one; the seconds until there may be more to do."""
        record = awaited.record
        if record.run.is_running:
            return LATER  # its end is told, or seen at the next look
        if not has_failed(record):
            self._schedules.finish(schedule, awaited.attempt, self._actor)
            return LATER
        attempt = awaited.attempt.after(record.run.run_id)
        if is_void(schedule, attempt):
            sentence = "The schedule was changed or paused after this run had begun, so it is not started again."
            self._firer.decide(schedule, attempt, Outcome.SKIPPED, sentence)
        elif awaited.attempt.number > schedule.retries:
            self._firer.decide(schedule, attempt, Outcome.GAVE_UP, _gave_up(awaited.attempt))
        elif awaited.is_superseded:
            sentence = "A later time of this schedule has come, so this one is not started again."
            self._firer.decide(schedule, attempt, Outcome.SKIPPED, sentence)
        else:
            return self._start_again(schedule, attempt, record, state)
        return LATER

    def _start_again(self, schedule: Schedule, attempt: Attempt, record: RunRecord, state: ScheduleState) -> float:
        ended = record.run.end_time or record.run.start_time or attempt.due
        late = (state.now - ended).total_seconds() - schedule.retry_delay_seconds
        if late < 0:
            return -late
        if is_too_late(schedule, late):
            obstacle = self._firer.obstacle(schedule, attempt)
            sentence = (
                f"No program started it again in time; that was noticed {duration_text(late)} later. {WHAT_IT_TAKES}"
                if obstacle is None
                else f"It could not be started again in the {duration_text(late)} since it was due. {obstacle}"
            )
            self._firer.decide(schedule, attempt, Outcome.MISSED, sentence)
        elif state.running is not None and self._firer.may_start:
            # It never replaces what runs: that may be what a person started to mend it.
            outcome = Outcome.SKIPPED if schedule.when_busy is WhenBusy.SKIP else Outcome.WAITING
            self._firer.decide(schedule, attempt, outcome, f"{busy_text(state.running)}.")
            return SOON
        elif self._firer.fire(schedule, attempt) is not Fired.DECIDED:
            return self._firer.pause
        return LATER


def has_failed(record: RunRecord) -> bool:
    """Whether an ended run is one that is started again; a row that another program deleted is not."""
    engine, status = record.engine, (record.run.status or "").strip().lower()
    if engine is None or engine.abandoned:
        return False
    if engine.stop_requested:
        return is_stopped_by_limit(engine) and status in (RunStatus.STOPPED, RunStatus.FAILED)
    return status == RunStatus.FAILED


def _gave_up(last: Attempt) -> str:
    if last.number == 1:
        return "It failed, and is not started again."
    return f"It failed {last.number} times, and is not started again."
