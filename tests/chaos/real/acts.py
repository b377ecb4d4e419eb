"""What the victim does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.alert import NotDelivered
from pipeline_gui.pipeline.errors import PipelineError, SparkUnavailable
from pipeline_gui.pipeline.ports import EngineChange
from tests.chaos.real.prepared import OTHER
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.chaos.real.victim import Victim

Act = Callable[["Victim"], Any]


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


def start_failing(point: str, error: PipelineError, *, after: bool = False) -> Act:
    """Press Start, where a call fails before it is made, or after."""

    def act(victim: Victim) -> Any:
        (victim.after if after else victim.before)[point] = _raising(error)
        return start(victim)

    return act


def _raising(error: PipelineError) -> Callable[[], None]:
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
    victim.before["Settler._fence spark.fence"] = _raising(SparkUnavailable("No answer."))
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
        victim.before["Settler.settle spark.find"] = _raising(SparkUnavailable("No answer."))
        victim.before["Watcher._spark_answers spark.identity"] = _raising(SparkUnavailable("No answer."))
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
