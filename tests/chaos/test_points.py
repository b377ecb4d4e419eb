"""The map of the crash points is whole: a step that is added needs its name, and each call is known for what it is."""

from __future__ import annotations

import inspect

import pytest

from pipeline_gui.pipeline import alert, ports
from pipeline_gui.pipeline.schedule import ScheduleStore
from tests.chaos.model.walk import Walk
from tests.chaos.model.world import World
from tests.chaos.points import NO_REQUEST, READS, STEPS, WRITES, call_of, calls_in_the_domain
from tests.chaos.real.crossing import faults_at
from tests.chaos.real.network import Trouble
from tests.chaos.real.scenarios import ONLY_ON_PLAIN_LIVY
from tests.chaos.real.victim import KILLED_AFTER, KILLED_BEFORE

_PORTS = {
    "store": ports.RunStore,
    "schedules": ScheduleStore,
    "spark": ports.SparkServer,
    "archive": ports.Archive,
    "alerts": alert.AlertStore,
    "outbox": alert.Outbox,
    "receiver": alert.Receiver,
}


def test_every_call_that_leaves_the_process_has_its_name() -> None:
    assert set(calls_in_the_domain()) == set(STEPS)


def test_every_method_of_a_port_is_known_to_write_to_read_or_to_ask_nobody() -> None:
    methods = {
        f"{port}.{name}"
        for port, protocol in _PORTS.items()
        for name, _ in inspect.getmembers(protocol)
        if not name.startswith("_")
    }
    assert methods == WRITES | READS | NO_REQUEST
    assert len(WRITES) + len(READS) + len(NO_REQUEST) == len(methods)


def test_the_firing_of_a_schedule_has_its_points() -> None:
    """Before and after the commit of a time's run, of what waits, and of a start after a failure."""
    named = {
        "Starter.start store.insert of a time",
        "Starter.start store.insert of a retry",
        "Firer.decide schedules.decide that waits",
        "Firer.decide schedules.decide_retry that waits",
        "Firer.decide schedules.decide",
        "Firer.decide schedules.decide_retry",
    }
    assert named <= STEPS.keys()
    for point in named:
        assert call_of(point) in WRITES
        assert {KILLED_BEFORE, KILLED_AFTER, *map(str, Trouble)} - {"twice", "none"} <= set(faults_at(point))


@pytest.mark.parametrize("kind", ["our server", "plain Livy", "schedules"])
def test_the_model_comes_to_every_point(kind: str) -> None:
    """But to those that only ask, to alerts, and to three outside of what it does."""
    only_plain = {point for point, step in STEPS.items() if step.startswith("plain Livy")} | ONLY_ON_PLAIN_LIVY
    at_the_end = {"Watcher._watch store.release_lease", "Watcher._watch store.withdraw_service"}
    outside = {"PipelineController.stop_pipeline store.running", *at_the_end}
    outside |= {point for point, step in STEPS.items() if step.startswith(("alert: ", "deliver: "))}
    of_schedules = {point for point, step in STEPS.items() if step.startswith("schedule")}
    ours = {point for point, step in STEPS.items() if not step.startswith("answer") or step == "answer: status"}
    ours -= only_plain | outside | of_schedules
    wanted = {"our server": ours, "plain Livy": only_plain, "schedules": of_schedules}[kind]
    for seed in range(1500):
        world = World(plain=kind == "plain Livy", schedules=kind == "schedules")
        Walk(seed, world).run()
        wanted -= {point for point, _ in world.scheduler.reached}
        if not wanted:
            return
    pytest.fail(f"never reached: {sorted(wanted)}")
