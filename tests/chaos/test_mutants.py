"""Every planted bug is found: the checks can fail, and each rule of the protocol is needed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.model.machine import DatabaseAlone, Model, PlainLivy, Scheduled
from tests.chaos.model.mutants import MUTANTS, Mutant
from tests.chaos.model.violation import Violation
from tests.chaos.model.walk import Walk
from tests.chaos.source_mutants import ROOT, SOURCE_MUTANTS, SourceMutant

WALKS = 4000
"""At most; most are found within a hundred."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    with mutant.plant():
        for seed in [mutant.seed, *range(WALKS)]:
            try:
                Walk(seed, mutant.world()).run()
            except Violation:
                return
    pytest.fail(f"{mutant.name} ({mutant.rule}) is not found: the rule is not needed, or not tested")


FOR_EACH_INVARIANT = {
    1: "count, then insert",
    2: "nobody confirms",
    3: "watch for stops only",
    4: "settle without compare",
    5: "longer grace wins",
    6: "forget the intent",
    7: "an event without an actor",
}


FOR_EACH_MACHINE = {DatabaseAlone: "gone without evidence", PlainLivy: "DELETE is proof", Scheduled: "always replace"}
FOUND_BY_HYPOTHESIS = [
    *(pytest.param(Model, name, id=f"invariant-{number}") for number, name in FOR_EACH_INVARIANT.items()),
    *(pytest.param(machine, name, id=machine.__name__) for machine, name in FOR_EACH_MACHINE.items()),
]


@pytest.mark.parametrize(("machine", "name"), FOUND_BY_HYPOTHESIS)
def test_hypothesis_finds_one_for_each_invariant_and_on_each_machine(machine: type[Model], name: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    of_mutant = {
        "guard": machine.guard and mutant.guard,
        "one_running": mutant.one_running,
        "make_store": staticmethod(mutant.make_store),
    }
    mutated: type[Model] = type("Mutated", (machine,), of_mutant)
    many = settings(
        max_examples=3000,
        stateful_step_count=40,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with mutant.plant(), pytest.raises(Violation):
        run_state_machine_as_test(mutated, settings=many)


@pytest.mark.parametrize("mutant", SOURCE_MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_bug_in_the_sources_can_still_be_planted(mutant: SourceMutant) -> None:
    """`make chaos` plants it and looks whether its tests fail; here the sources may not have gone from under it."""
    assert mutant.new in mutant.planted()
    assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests if test.startswith("tests/"))
