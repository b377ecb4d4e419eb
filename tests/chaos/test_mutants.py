"""Every planted bug is found: the checks can fail, and each rule of the protocol is needed."""

from __future__ import annotations

import pytest

from tests.chaos.model.invariants import Violation
from tests.chaos.model.mutants import MUTANTS, Mutant
from tests.chaos.model.walk import Walk
from tests.chaos.model.world import World

WALKS = 4000
"""At most; most are found within a hundred."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    with mutant.plant():
        for seed in [mutant.seed, *range(WALKS)]:
            world = World(guard=mutant.guard, one_running=mutant.one_running, make_store=mutant.make_store)
            try:
                Walk(seed, world).run()
            except Violation:
                return
    pytest.fail(f"{mutant.name} ({mutant.rule}) is not found: the rule is not needed, or not tested")
