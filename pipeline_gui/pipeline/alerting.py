"""The alerts that come with time: a run that lasts too long, contact that is lost for long (docs/adr/0014).

Whoever watches looks, and whoever can't reach Spark as well: the row of a message exists once for each rule and run,
so that many who look at the same make one.
"""

from __future__ import annotations

from typing import Any

from pipeline_gui.pipeline.alert import AlarmState, Alert, AlertStore, Condition
from pipeline_gui.pipeline.expectation import LOOKED_AT, Expectation, expectation
from pipeline_gui.pipeline.ports import Actor, Archive, RunStore
from pipeline_gui.pipeline.run import RunRecord

LOOK_SECONDS = 10.0
"""How often it is looked; so much later than the moment itself a message is written at most."""
SOONEST_SECONDS = 0.5


class Alarm:
    """Takes one turn after the other; safe when many do it."""

    def __init__(self, alerts: AlertStore, runs: RunStore, archive: Archive, actor: Actor) -> None:
        self._alerts = alerts
        self._store = runs
        self._archive = archive
        self._actor = actor
        self._expected: tuple[str, Expectation | None] | None = None
        """Of the run that was looked at last: its past does not change while it runs."""

    def turn(self) -> float:
        """Write what is to be told now; the seconds until there may be more. Raises the store's errors."""
        state = self._alerts.state()
        record = state.running
        if record is None or not state.rules or not self._store.installation().may_act:
            return LOOK_SECONDS
        pauses = [self._attend(rule, record, state) for rule in state.rules if rule.is_about(record.run.pipeline)]
        return max(SOONEST_SECONDS, min([LOOK_SECONDS, *pauses]))

    def _attend(self, rule: Alert, record: RunRecord, state: AlarmState) -> float:
        """The seconds until the rule has something to tell; where it has, it is told."""
        left, facts = self._judge(rule, record, state)
        if left <= 0:
            self._alerts.tell(rule, record.run.run_id, facts, self._actor)
            return LOOK_SECONDS
        return left

    def _judge(self, rule: Alert, record: RunRecord, state: AlarmState) -> tuple[float, dict[str, Any]]:
        age = record.age_seconds
        limit = (rule.minutes or 0) * 60
        match rule.condition:
            case Condition.LIMIT if age is not None:
                return limit - age, {"limit_seconds": limit}
            case Condition.SLOW if age is not None:
                expected = self._expect(record)
                if expected is not None:
                    facts = {"usual_seconds": expected.middle, "limit_seconds": expected.longest, "runs": expected.runs}
                    return expected.longest - age, facts
            case Condition.LOST_CONTACT:
                lost = record.engine.contact_lost_at if record.engine else None
                if lost is not None:
                    lost_for = (state.now - lost).total_seconds()
                    return limit - lost_for, {"limit_seconds": limit, "silent_seconds": lost_for}
        return LOOK_SECONDS, {}

    def _expect(self, record: RunRecord) -> Expectation | None:
        run = record.run
        if self._expected is None or self._expected[0] != run.run_id:
            self._expected = run.run_id, expectation(self._archive.past_runs(run.pipeline, LOOKED_AT))
        return self._expected[1]
