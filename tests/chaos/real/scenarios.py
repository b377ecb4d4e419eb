"""What a victim does: between them the scenarios come to every crash point that our own server has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline_gui.pipeline.errors import SparkNotConnected, SparkUnclear, StoreUnclear
from tests.chaos.real.acts import (
    Act,
    abandon,
    ask,
    beaten_at_limit,
    beaten_step,
    confirm_gone,
    deliver,
    deliver_in_vain,
    disturbed_start,
    hunt,
    keyed_start,
    look_at_the_clock,
    lose_contact,
    refused_start,
    release,
    start,
    start_failing,
    step,
    stop,
    stop_unheard,
    undone_start,
    watch,
    watch_nothing,
)
from tests.chaos.real.prepared import (
    DONE,
    a_test_is_asked_for,
    abandoned,
    abandoned_and_dead,
    completed,
    completed_past_limit,
    ended_by_another_program,
    failed,
    foreign,
    lasting_too_long,
    never_sent,
    nothing,
    outlasting,
    running,
    settled,
    stop_recorded,
    unseen,
    without_a_row,
)
from tests.chaos.real.schedule_scenarios import (
    FAILS,
    GONE,
    TOO_LATE_SECONDS,
    beaten_turn,
    due,
    due_beside_a_run,
    ended,
    turn,
    waiting,
)

if TYPE_CHECKING:
    from tests.pipeline.conftest import World

Prepare = Callable[["World"], str | None]


@dataclass(frozen=True)
class Scenario:
    """How things stand, what the victim does, and how the run that stood there may end up."""

    prepare: Prepare
    act: Act
    ends: frozenset[str]
    """What may become of the run that was prepared; empty: there was none."""


def _ends(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


ONLY_ON_PLAIN_LIVY = {"Settler.make_sure_gone spark.find", "OrphanHunter._judge spark.kill"}
"""Points that no scenario comes to, besides those whose step says it."""
SUBMIT = "Starter._send spark.submit"
SCENARIOS = {
    "start": Scenario(nothing, start, _ends()),
    "start under a key": Scenario(nothing, keyed_start, _ends()),
    "start after an abandoned run": Scenario(abandoned, start, _ends("failed")),
    "start that is refused": Scenario(nothing, refused_start, _ends()),
    "start that is not clear": Scenario(nothing, start_failing(SUBMIT, SparkUnclear("No answer.")), _ends()),
    "start that is answered too late": Scenario(
        nothing, start_failing(SUBMIT, SparkUnclear("No answer."), after=True), _ends()
    ),
    "start without a connection": Scenario(nothing, start_failing(SUBMIT, SparkNotConnected("Nobody.")), _ends()),
    "start with an unclear commit": Scenario(
        nothing, start_failing("Starter.start store.insert", StoreUnclear("No answer."), after=True), _ends()
    ),
    "start that is undone": Scenario(nothing, undone_start, _ends()),
    "start that is disturbed": Scenario(nothing, disturbed_start, _ends()),
    "stop": Scenario(running, stop, _ends("running", "stopped")),
    "stop of what ended": Scenario(completed, stop, _ends("completed")),
    "stop while Spark is away": Scenario(running, stop_unheard, _ends("running", "stopped")),
    "look at what lives": Scenario(unseen, step, _ends("running")),
    "look at what completed": Scenario(completed, step, _ends("completed")),
    "look at what failed": Scenario(failed, step, _ends("failed")),
    "look at what was never sent": Scenario(never_sent, step, _ends("failed")),
    "look at what is to be stopped": Scenario(stop_recorded, step, _ends("stopped")),
    "look at what outlasts its limit": Scenario(outlasting, step, _ends("stopped")),
    "look at what outlasts its limit, and another is faster": Scenario(
        completed_past_limit, beaten_at_limit, _ends("completed")
    ),
    "look, and another is faster": Scenario(completed, beaten_step, _ends("completed")),
    "hunt an orphan": Scenario(ended_by_another_program, hunt, _ends("completed")),
    "hunt what has no row": Scenario(without_a_row, hunt, _ends("")),
    "hunt what is to be confirmed": Scenario(abandoned_and_dead, hunt, _ends("failed")),
    "watch": Scenario(running, watch, _ends("running")),
    "watch nothing": Scenario(nothing, watch_nothing, _ends()),
    "lose contact": Scenario(running, lose_contact, _ends("running")),
    "abandon": Scenario(running, abandon, _ends("running", "failed")),
    "confirm gone": Scenario(abandoned_and_dead, confirm_gone, _ends("failed")),
    "release": Scenario(foreign, release, _ends("running", "failed")),
    "look at what lasts too long": Scenario(lasting_too_long, look_at_the_clock, _ends("running")),
    "deliver": Scenario(settled, deliver, _ends("completed")),
    "deliver in vain": Scenario(settled, deliver_in_vain, _ends("completed")),
    "deliver a test in vain": Scenario(a_test_is_asked_for, deliver_in_vain, _ends("completed")),
    "look at nothing": Scenario(nothing, step, _ends()),
    "ask about yesterday": Scenario(settled, ask, _ends("completed")),
    "ask": Scenario(running, ask, _ends("running")),
    "fire": Scenario(due(), turn, _ends()),
    "fire what is refused": Scenario(due(configuration=GONE), turn, _ends()),
    "fire while something runs": Scenario(due_beside_a_run(), turn, _ends("running")),
    "fire, and wait": Scenario(due_beside_a_run(when_busy="wait"), turn, _ends("running")),
    "fire, and replace": Scenario(due_beside_a_run(when_busy="replace"), turn, _ends("stopped")),
    "fire, and another is faster": Scenario(due(), beaten_turn, _ends()),
    "fire what waits": Scenario(waiting, turn, _ends()),
    "miss a time": Scenario(due(TOO_LATE_SECONDS, catch_up_seconds=0), turn, _ends()),
    "start again what failed": Scenario(ended(FAILS), turn, _ends("failed")),
    "start again, and wait": Scenario(ended(FAILS, beside_a_run=True, when_busy="wait"), turn, _ends("failed")),
    "start again while something runs": Scenario(ended(FAILS, beside_a_run=True), turn, _ends("failed")),
    "let be what completed": Scenario(ended(DONE), turn, _ends("completed")),
}
ON_PLAIN_LIVY = [
    "start",
    "start after an abandoned run",
    "start that is not clear",
    "start that is answered too late",
    "start without a connection",
    "start with an unclear commit",
    "start that is undone",
    "start that is disturbed",
    "stop",
    "stop of what ended",
    "look at what lives",
    "look at what completed",
    "look at what failed",
    "look at what was never sent",
    "hunt an orphan",
    "hunt what has no row",
    "watch",
    "lose contact",
    "abandon",
    "look at nothing",
]
"""The scenarios that a plain Livy can be in, with nothing but its own word for what lives."""
