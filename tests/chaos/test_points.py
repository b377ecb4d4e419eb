"""The map of the crash points is whole: a step that is added needs its name, and each call is known for what it is."""

from __future__ import annotations

import inspect

import pytest

from pipeline_gui.pipeline import alert, ports
from tests.chaos.model.walk import Walk
from tests.chaos.model.world import World
from tests.chaos.points import NO_REQUEST, READS, STEPS, WRITES, calls_in_the_domain
from tests.chaos.real.scenarios import ONLY_ON_PLAIN_LIVY


def test_every_call_that_leaves_the_process_has_its_name() -> None:
    assert set(calls_in_the_domain()) == set(STEPS)


def test_every_method_of_a_port_is_known_to_write_to_read_or_to_ask_nobody() -> None:
    methods = {
        f"{port}.{name}"
        for port, protocol in (
            ("store", ports.RunStore),
            ("spark", ports.SparkServer),
            ("archive", ports.Archive),
            ("alerts", alert.AlertStore),
            ("outbox", alert.Outbox),
            ("receiver", alert.Receiver),
        )
        for name, _ in inspect.getmembers(protocol)
        if not name.startswith("_")
    }
    assert methods == WRITES | READS | NO_REQUEST
    assert len(WRITES) + len(READS) + len(NO_REQUEST) == len(methods)


@pytest.mark.parametrize("plain", [False, True], ids=["our server", "plain Livy"])
def test_the_model_comes_to_every_point(plain: bool) -> None:
    """But to those that only ask, to alerts, and to three outside of what it does."""
    only_plain = {point for point, step in STEPS.items() if step.startswith("plain Livy")} | ONLY_ON_PLAIN_LIVY
    at_the_end = {"Watcher._watch store.release_lease", "Watcher._watch store.withdraw_service"}
    outside = {"PipelineController.stop_pipeline store.running", *at_the_end}
    outside |= {point for point, step in STEPS.items() if step.startswith(("alert: ", "deliver: "))}
    ours = {point for point, step in STEPS.items() if not step.startswith("answer") or step == "answer: status"}
    wanted = only_plain if plain else ours - only_plain - outside
    for seed in range(1500):
        world = World(plain=plain)
        Walk(seed, world).run()
        wanted -= {point for point, _ in world.scheduler.reached}
        if not wanted:
            return
    pytest.fail(f"never reached: {sorted(wanted)}")
