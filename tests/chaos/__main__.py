"""``python -m tests.chaos``: the model, every point × every fault on real parts, the bounds, and a storm.

SEED repeats a run, ROUNDS (1) says how often everything is done, HOURS how long the real program is soaked at the end.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from tests.chaos.model.mutants import MUTANTS
from tests.chaos.model.violation import Violation
from tests.chaos.model.walk import Walk
from tests.chaos.model.world import KINDS
from tests.chaos.points import STEPS
from tests.chaos.real.bounds import measure
from tests.chaos.real.crossing import cross, faults_at
from tests.chaos.real.ground import Ground, prepared_ground
from tests.chaos.real.plain import plain_ground
from tests.chaos.real.scenarios import ON_PLAIN_LIVY, ONLY_ON_PLAIN_LIVY, SCENARIOS
from tests.chaos.real.storm import Storm
from tests.chaos.report import Report
from tests.chaos.soak.soak import prepared_soak
from tests.chaos.source_mutants import SOURCE_MUTANTS, SourceMutant

WALKS = 2000
"""Of the model, of each of its kinds, in each round."""
CONTRACTS = [
    "tests/chaos/test_contract.py",
    "tests/chaos/test_schedule_contract.py",
    "tests/store/test_races.py",
    "tests/store/test_transitions.py",
    "tests/command_server/test_fence.py",
    "tests/command_server/test_one_at_a_time.py",
]
MOST_WRONG = 5
ROOT = Path(__file__).resolve().parents[2]
BOUND_ROUNDS = 10
STORM_SECONDS = 60.0
SOAK_HOURS = 0.03
"""Of the real program, where no hours are asked for."""
SOAK_STORM_SECONDS, SOAK_SLEEP_SECONDS = 60.0, 180.0


def main() -> int:
    """Do it all; 0, or 1 when something was violated, a mutant was missed or a bound was not met."""
    seed = int(os.environ.get("SEED", secrets.randbelow(1_000_000)))
    rounds, hours = int(os.environ.get("ROUNDS", "1")), float(os.environ.get("HOURS", "0"))
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))  # so that no server outlives this
    console = Console()
    console.print(f"SEED={seed} ROUNDS={rounds} HOURS={hours:g}")
    logging.getLogger("pipeline_gui").setLevel(logging.CRITICAL)
    chaos = Chaos(console, seed)
    chaos.find_mutants()
    chaos.find_source_mutants()
    chaos.check_contracts()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, prepared_ground(Path(folder)) as ground:
        for number in range(1, rounds + 1):
            console.rule(f"round {number}")
            chaos.walk()
            chaos.cross_everything(ground)
            chaos.cross_plain_livy(ground, Path(folder) / "livy")
            chaos.measure_bounds(ground)
            chaos.storm(ground)
            chaos.report.write()
    chaos.soak(hours or SOAK_HOURS)
    chaos.report.write()
    chaos.report.show(console)
    return 1 if chaos.report.is_bad else 0


class Chaos:
    """The parts of a round; everything goes into the report."""

    def __init__(self, console: Console, seed: int) -> None:
        self._console = console
        self._dice = random.Random(seed)
        self.report = Report(seed)

    def find_mutants(self) -> None:
        """Each planted bug is found, so that a run without violations means something."""
        for mutant in MUTANTS:
            with mutant.plant():
                seeds = [mutant.seed, *range(2 * WALKS)]
                found = any(_is_violated(Walk(seed, mutant.world())) for seed in seeds)
            self.report.add_mutant(mutant.name, mutant.rule, found)
        self._console.print(f"{len(self.report.mutants_found)} of {len(MUTANTS)} planted bugs were found")

    def find_source_mutants(self) -> None:
        """So is each bug planted in the SQL, on the wire and in the command server."""

        def find(mutant: SourceMutant) -> bool | str:
            try:
                return mutant.is_found()
            except (ValueError, subprocess.TimeoutExpired) as error:
                return str(error)

        with ThreadPoolExecutor(2) as pool:
            for mutant, found in zip(SOURCE_MUTANTS, pool.map(find, SOURCE_MUTANTS), strict=True):
                self.report.add_mutant(mutant.name, mutant.rule, found is True)
                if isinstance(found, str):
                    self.report.add_violation("harness", f"{mutant.name}: {found}")
        self._console.print(f"{len(SOURCE_MUTANTS)} bugs were planted in the sources")

    def check_contracts(self) -> None:
        """The model's store and Spark are the real ones: what holds on it holds on them, races for the place too."""
        words = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", *CONTRACTS]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
        for line in done.stdout.splitlines():
            if line.startswith(("FAILED", "ERROR")):
                self.report.add_violation("contract", line)
        if done.returncode:
            self.report.add_violation("contract", f"pytest ended with {done.returncode}")
        self._console.print(f"contracts: {(done.stdout.strip().splitlines() or ['nothing'])[-1]}", markup=False)

    def walk(self) -> None:
        """Long walks of the model; after some that went wrong, more of their kind tell nothing new."""
        begin = time.monotonic()
        for kind, make_world in KINDS.items():
            wrong = 0
            for _ in range(WALKS):
                seed, world = self._dice.randrange(2**32), make_world()
                walk = Walk(seed, world)
                try:
                    walk.run()
                except Exception as error:  # noqa: BLE001 - a program that is broken may raise anything
                    self.report.add_violation("model", f"walk {seed} ({kind}): {error!r}\n{walk.trace}")
                    wrong += 1
                self.report.add_model(world.scheduler.reached)
                if wrong == MOST_WRONG:
                    break
        self._console.print(f"{len(KINDS) * WALKS} walks of the model took {time.monotonic() - begin:.0f} s")

    def cross_everything(self, ground: Ground) -> None:
        """Every point × every fault that can befall it, in one of the scenarios that come to it."""
        scenarios = self._scenarios_by_point(ground, list(SCENARIOS))
        for point, step in STEPS.items():
            if point not in scenarios and point not in ONLY_ON_PLAIN_LIVY and not step.startswith("plain Livy"):
                self.report.add_violation("harness", f"no scenario comes to {step} ({point})")
        self._cross_all(ground, scenarios)

    def cross_plain_livy(self, ground: Ground, folder: Path) -> None:
        """The same on a Livy that is not ours, as far as its promise goes."""
        with plain_ground(ground, folder) as plain:
            scenarios = self._scenarios_by_point(plain, ON_PLAIN_LIVY)
            for point, step in STEPS.items():
                if point not in scenarios and (point in ONLY_ON_PLAIN_LIVY or step.startswith("plain Livy")):
                    self.report.add_violation("harness", f"no scenario on a plain Livy comes to {step} ({point})")
            self._cross_all(plain, scenarios)

    def _scenarios_by_point(self, ground: Ground, names: list[str]) -> dict[str, list[str]]:
        """The scenarios that come to each point; that nothing goes wrong without a fault is seen on the way."""
        scenarios: dict[str, list[str]] = {}
        for scenario in names:
            outcome = cross(ground, scenario, None, None)
            for violation in outcome.violations:
                self.report.add_violation("points", f"{scenario}, no fault: {violation}")
            for point in outcome.reached:
                scenarios.setdefault(point, []).append(scenario)
        return scenarios

    def _cross_all(self, ground: Ground, scenarios: dict[str, list[str]]) -> None:
        pairs = [
            (self._dice.choice(coming), point, fault)
            for point, coming in scenarios.items()
            for fault in faults_at(point)
        ]
        self._dice.shuffle(pairs)
        begin = time.monotonic()
        for number, (scenario, point, fault) in enumerate(pairs, 1):
            self._guarded(
                f"{scenario}: {point}: {fault}",
                lambda s=scenario, p=point, f=fault: self._cross(ground, s, p, f),  # type: ignore[misc]
            )
            if number % 25 == 0:
                left = (time.monotonic() - begin) / number * (len(pairs) - number) / 60
                count = len(self.report.violations)
                self._console.print(f"  {number} of {len(pairs)} crossings, {count} violations, {left:.0f} min left")

    def _cross(self, ground: Ground, scenario: str, point: str, fault: str) -> None:
        outcome = cross(ground, scenario, point, fault, late_first=self._dice.random() < 0.5)
        if outcome.sprung:
            self.report.add_crossing(point, fault, plain=ground.is_plain)
        where = "on a plain Livy: " if ground.is_plain else ""
        for violation in outcome.violations:
            self.report.add_violation("points", f"{where}{scenario}: {STEPS[point]} ({point}): {fault}: {violation}")

    def measure_bounds(self, ground: Ground) -> None:
        """The bounds, some times each."""
        for _ in range(BOUND_ROUNDS):
            self._guarded("bounds", lambda: self.report.add_bounds(measure(ground)))

    def storm(self, ground: Ground) -> None:
        """A storm over a database of its own."""
        seed = self._dice.randrange(2**32)
        self._console.print(f"a storm of {STORM_SECONDS:.0f} s, seed {seed}")

        def rage() -> None:
            with ground.world() as world:
                storm = Storm(ground, world, seed)
                storm.rage(STORM_SECONDS)
                self.report.add_storm(storm.blows)
                for violation in dict.fromkeys(storm.violations):
                    self.report.add_violation("storm", f"storm {seed}: {violation}")

        self._guarded(f"storm {seed}", rage)

    def soak(self, hours: float) -> None:
        """The real program in its real processes: storms, and calms in which the bounds are measured."""
        seed, end = self._dice.randrange(2**32), time.monotonic() + hours * 3600
        self._console.print(f"a soak of {hours:g} hours, seed {seed}")

        def rage() -> None:
            with tempfile.TemporaryDirectory(prefix="soak-") as folder, prepared_soak(Path(folder), seed) as soak:
                if hours > SOAK_HOURS:
                    soak.sleep_for(SOAK_SLEEP_SECONDS)
                told = 0
                while time.monotonic() < end:
                    soak.storm(SOAK_STORM_SECONDS)
                    self.report.add_bounds(soak.calm())
                    for violation in soak.violations[told:]:
                        self.report.add_violation("soak", f"seed {seed}: {violation}")
                    told = len(soak.violations)
                    self.report.soaked = {**soak.counts(), "hours": hours}
                    left = max(0.0, end - time.monotonic()) / 60
                    self._console.print(f"  {soak.counts()}, {told} violations, {left:.0f} min left")
                    self.report.write()
                self.report.add_storm(soak.blows)

        self._guarded(f"soak {seed}", rage)

    def _guarded(self, what: str, work: Callable[[], object]) -> None:
        """A part that breaks is a violation, and the rest goes on."""
        try:
            work()
        except Exception as error:  # noqa: BLE001
            self.report.add_violation("harness", f"{what}: {error!r}")


def _is_violated(walk: Walk) -> bool:
    try:
        walk.run()
    except Violation:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
