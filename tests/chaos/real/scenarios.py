"""What a victim does: between them the scenarios come to every crash point that our own server has."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.alert import NotDelivered
from pipeline_gui.pipeline.errors import PipelineError, SparkNotConnected, SparkUnavailable, SparkUnclear, StoreUnclear
from pipeline_gui.pipeline.ports import Actor, EngineChange, NewRun
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
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.chaos.real.victim import Victim
    from tests.pipeline.conftest import World

Prepare = Callable[["World"], str | None]
Act = Callable[["Victim"], Any]
OTHER = Actor("ben", "ops-1", "window")
DONE = "print('done')"
LATE = "UPDATE pipeline_runs SET start_time = start_time - interval '1 h' WHERE status = 'running'"
AGED = "UPDATE pipeline_runs SET start_time = start_time - interval '9 s' WHERE status = 'running'"


@dataclass(frozen=True)
class Scenario:
    """How things stand, what the victim does, and how the run that stood there may end up."""

    prepare: Prepare
    act: Act
    ends: frozenset[str]
    """What may become of the run that was prepared; empty: there was none."""


# --- before ---------------------------------------------------------------------------------------------------------


def nothing(world: World) -> None:
    """Nothing runs."""


def running(world: World) -> str:
    """A run at work."""
    return world.start()


def unseen(world: World) -> str:
    """A run at work whose batch nobody recorded yet."""
    run_id = world.start()
    world.execute("UPDATE pipeline_run_engine SET batch_id = NULL, phase = 'starting'")
    world.execute(AGED)
    return run_id


def outlasting(world: World) -> str:
    """A run at work, past its limit."""
    run_id = world.start(timeout_seconds=600)
    world.execute(LATE)
    return run_id


def completed_past_limit(world: World) -> str:
    """A run that ended while nobody looked, later than it may have."""
    run_id = world.start(DONE, timeout_seconds=600)
    world.server.wait_for_state(world.batch_name(run_id), "success")
    world.execute(LATE)
    return run_id


def abandoned(world: World) -> str:
    """A run that was let go of and lives on."""
    run_id = world.start()
    world.controller.abandon_run(run_id)
    return run_id


def abandoned_and_dead(world: World) -> str:
    """A run that was let go of and has died since."""
    run_id = abandoned(world)
    for pid in world.processes(run_id):
        os.kill(pid, signal.SIGKILL)
    world.server.wait_for_state(world.batch_name(run_id), "dead")
    return run_id


def completed(world: World) -> str:
    """A run that ended while nobody looked."""
    run_id = world.start(DONE)
    world.server.wait_for_state(world.batch_name(run_id), "success")
    return run_id


def settled(world: World) -> str:
    """A run that ended, as everybody knows."""
    run_id = completed(world)
    world.settle_until_ended(run_id)
    return run_id


def failed(world: World) -> str:
    """A run that failed while nobody looked."""
    run_id = world.start("raise ValueError('x')")
    world.server.wait_for_state(world.batch_name(run_id), "dead")
    return run_id


def never_sent(world: World) -> str:
    """A row whose starter died before it sent anything."""
    installation, identity = world.plain_store.installation().installation_id, world.plain_spark.identity()
    new = NewRun("p-1", f"{installation}.p-1", "spark-submit x", {}, identity.url, identity.generation, 1.0)
    world.plain_store.insert(new, world.actor)
    world.execute(AGED)
    return new.run_id


def stop_recorded(world: World) -> str:
    """A run at work whose stop was recorded by a process that died then."""
    run_id = world.start()
    world.plain_store.request_stop(run_id, 0, OTHER)
    return run_id


def ended_by_another_program(world: World) -> str:
    """A run at work whose row another program ended."""
    run_id = world.start()
    world.execute("UPDATE pipeline_runs SET status = 'completed'")
    return run_id


def without_a_row(world: World) -> str:
    """A batch whose rows a failover lost."""
    run_id = world.start()
    world.execute("DELETE FROM pipeline_runs")
    world.execute("DELETE FROM pipeline_run_engine")
    return run_id


def lasting_too_long(world: World) -> str:
    """A run at work, slower than its past, and past what is told."""
    for condition, minutes in (("slow", "NULL"), ("limit", "10")):
        world.execute(
            "INSERT INTO pipeline_alerts (name, name_key, condition, minutes, receiver) "
            f"VALUES ('{condition}', '{condition}', '{condition}', {minutes}, 'ops')"
        )
    for number in range(5):
        world.execute(
            f"INSERT INTO pipeline_runs (run_id, status, start_time, metadata) VALUES ('past-{number}', 'running', "
            """now() - interval '1 day', '{"configuration": {"name": "app"}}')"""
        )
        world.execute("UPDATE pipeline_runs SET status = 'completed', duration = 60 WHERE status = 'running'")
    run_id = world.start()
    world.execute(LATE)
    return run_id


def a_test_is_asked_for(world: World) -> str:
    """Somebody tries a receiver, while what ended is still to be told."""
    run_id = settled(world)
    world.plain_store.alerts.ask_for_test(world.plain_store.alerts.all()[0], OTHER)
    return run_id


def foreign(world: World) -> str:
    """Another program's running row."""
    world.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    return "theirs"


# --- what the victim does -------------------------------------------------------------------------------------------


def start(victim: Victim) -> Any:
    """Press Start."""
    return victim.controller.start_pipeline(victim.plan.configuration)


def keyed_start(victim: Victim) -> Any:
    """Start under a key, and ask for the same again, as a program does that lost the answer."""
    first = victim.controller.start_pipeline_once(victim.plan.configuration, "key")
    if not first["success"]:
        return first
    return victim.controller.start_pipeline_once(victim.plan.configuration, "key")


def refused_start(victim: Victim) -> Any:
    """Start what the server refuses."""
    conf = {"spark.driver.extraJavaOptions": "-javaagent:x"}
    return victim.controller.start_pipeline({**victim.plan.configuration, "conf": conf})


def _failing(point: str, error: PipelineError, *, after: bool = False) -> Act:
    def act(victim: Victim) -> Any:
        (victim.after if after else victim.before)[point] = _raiser(error)
        return start(victim)

    return act


def _raiser(error: PipelineError) -> Callable[[], None]:
    def hook() -> None:
        raise error

    return hook


def undone_start(victim: Victim) -> Any:
    """Start, while another program ends the row."""
    victim.after["Starter._send spark.submit"] = lambda: victim.execute("UPDATE pipeline_runs SET status = 'failed'")
    return start(victim)


def disturbed_start(victim: Victim) -> Any:
    """Start, while another process changes the row."""

    def change() -> None:
        record = victim.plain_store.running()
        assert record is not None
        victim.plain_store.change(record.run.run_id, 1, EngineChange(contact_lost=True), OTHER)

    victim.after["Starter._send spark.submit"] = change
    return start(victim)


def stop(victim: Victim) -> Any:
    """Press Stop."""
    return victim.controller.stop_pipeline()


def stop_unheard(victim: Victim) -> Any:
    """Press Stop while Spark does not answer the first time."""
    victim.before["Settler._fence spark.fence"] = _raiser(SparkUnavailable("No answer."))
    return stop(victim)


def step(victim: Victim) -> Any:
    """One look."""
    return str(victim.watcher.step())


def beaten_step(victim: Victim) -> Any:
    """One look, whose finding another watcher records first."""

    def settle() -> None:
        Settler(victim.plain_store, victim.plain_spark, OTHER).settle(_running(victim))

    from pipeline_gui.pipeline.settling import Settler

    victim.before["Settler._end store.settle"] = settle
    return step(victim)


def beaten_at_limit(victim: Victim) -> Any:
    """One look at a run past its limit, whose end another watcher records first."""

    def settle() -> None:
        Settler(victim.plain_store, victim.plain_spark, OTHER).settle(_running(victim))

    from pipeline_gui.pipeline.settling import Settler

    victim.before["Settler._stop_at_limit store.request_stop"] = settle
    return step(victim)


def _running(victim: Victim) -> Any:
    record = victim.plain_store.running()
    assert record is not None
    return record


def hunt(victim: Victim) -> None:
    """One hunt."""
    victim.hunter.hunt()


def watch(victim: Victim) -> None:
    """Watch until the lease is held, then close."""
    victim.watcher.start()
    wait_until(lambda: victim.watcher.holds_lease or victim.sprung, 10, "the lease")
    victim.watcher.close()


def watch_nothing(victim: Victim) -> None:
    """Take two turns of a watcher, between two hunts."""
    watcher = victim.patient_watcher
    watcher._turn()
    victim.clock.move(6)
    watcher._turn()


def lose_contact(victim: Victim) -> None:
    """Watch while Spark does not answer for 6 s."""
    watcher = victim.patient_watcher
    watcher._turn()
    for _ in range(2):
        victim.clock.move(6)
        victim.before["Settler.settle spark.find"] = _raiser(SparkUnavailable("No answer."))
        victim.before["Watcher._spark_answers spark.identity"] = _raiser(SparkUnavailable("No answer."))
        watcher._turn()


def look_at_the_clock(victim: Victim) -> None:
    """One look at what comes with time."""
    victim.alarm.turn()


def deliver(victim: Victim) -> None:
    """Deliver all that is due, then close."""
    deliverer = victim.deliverer
    deliverer.be_present()
    while (claimed := deliverer.take()) is not None:
        deliverer.deliver(claimed)
    deliverer.close()


def deliver_in_vain(victim: Victim) -> None:
    """Deliver to one that does not take it the first time."""

    def hook() -> None:
        raise NotDelivered("Nobody listens there.")

    victim.before["Deliverer.deliver receiver.send"] = hook
    deliver(victim)


def abandon(victim: Victim) -> Any:
    """Let go."""
    return victim.controller.abandon_run(str(victim.plan.run_id))


def confirm_gone(victim: Victim) -> Any:
    """Say that it is gone."""
    return victim.controller.confirm_gone(str(victim.plan.run_id))


def release(victim: Victim) -> Any:
    """Free the place."""
    return victim.controller.release_run(str(victim.plan.run_id))


def ask(victim: Victim) -> Any:
    """Ask everything that can be asked."""
    controller = victim.controller
    controller.get_pipeline_status()
    controller.is_pipeline_running()
    controller.get_recent_pipeline_runs()
    controller.get_overview()
    controller.get_run_events(str(victim.plan.run_id))
    controller.get_run(str(victim.plan.run_id))
    controller.get_run_log(str(victim.plan.run_id))
    return str(controller.get_run_log())


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
    "start that is not clear": Scenario(nothing, _failing(SUBMIT, SparkUnclear("No answer.")), _ends()),
    "start that is answered too late": Scenario(
        nothing, _failing(SUBMIT, SparkUnclear("No answer."), after=True), _ends()
    ),
    "start without a connection": Scenario(nothing, _failing(SUBMIT, SparkNotConnected("Nobody.")), _ends()),
    "start with an unclear commit": Scenario(
        nothing, _failing("Starter.start store.insert", StoreUnclear("No answer."), after=True), _ends()
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
