"""The invariants hold in every order that was tried, under every fault."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.model.machine import DatabaseAlone, Model, PlainLivy, Scheduled
from tests.chaos.model.violation import Violation
from tests.chaos.model.walk import Walk
from tests.chaos.model.world import KINDS

QUICK = settings(
    max_examples=300,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


ESSENTIAL = {"Starter._send spark.submit", "Stopper.stop store.request_stop", "Settler._end store.settle"}
"""Who never comes to these has broken no invariant, and tried none."""


@pytest.mark.parametrize("machine", [Model, DatabaseAlone, PlainLivy, Scheduled], ids=lambda machine: machine.__name__)
def test_the_invariants_hold_in_every_order(machine: type[Model]) -> None:
    run_state_machine_as_test(machine, settings=QUICK)
    assert machine.reached >= ESSENTIAL


@pytest.mark.parametrize("kind", KINDS)
def test_the_invariants_hold_on_long_walks(kind: str) -> None:
    for seed in range(250):
        world = KINDS[kind]()
        walk = Walk(seed, world)
        try:
            walk.run()
        except Violation as violation:
            pytest.fail(f"seed {seed}: {violation}\n{walk.trace}")
