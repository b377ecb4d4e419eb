"""What was tried and what came of it: a table, and build/chaos.json."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.model.scheduler import Fault
from tests.chaos.points import STEPS
from tests.chaos.real.bounds import BOUNDS
from tests.chaos.real.crossing import FAULTS

RESULTS = Path(__file__).resolve().parents[2] / "build" / "chaos.json"


class Report:
    """The results of one run of chaos."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._crossings: Counter[tuple[str, str]] = Counter()
        self._on_plain_livy: Counter[tuple[str, str]] = Counter()
        self._model: Counter[tuple[str, str]] = Counter()
        self._bounds: dict[str, list[float]] = {}
        self._blows: Counter[str] = Counter()
        self._mutants: dict[str, tuple[str, bool]] = {}
        self.violations: list[str] = []
        self.soaked: dict[str, float] = {}
        """Hours, blows, runs and looks of the soak."""

    def add_crossing(self, point: str, fault: str, *, plain: bool = False) -> None:
        """A fault befell a point, on real parts; plain: with a plain Livy in the place of the command server."""
        (self._on_plain_livy if plain else self._crossings)[point, fault] += 1

    def add_model(self, reached: Iterable[tuple[str, Fault]]) -> None:
        """Faults befell points, in the model."""
        self._model.update((point, str(fault)) for point, fault in reached if fault is not Fault.NONE)

    def add_mutant(self, name: str, rule: str, found: bool) -> None:
        """A planted bug was looked for."""
        self._mutants[name] = (rule, found)

    def add_bounds(self, measured: Iterable[tuple[str, float]]) -> None:
        """Bounds are measured, one after another."""
        for name, seconds in measured:
            self._bounds.setdefault(name, []).append(seconds)

    def add_storm(self, blows: Mapping[str, int]) -> None:
        """A storm is over."""
        self._blows.update(blows)

    def add_violation(self, part: str, what: str) -> None:
        """Something does not hold."""
        self.violations.append(f"{part}: {what}")

    @property
    def mutants_found(self) -> list[str]:
        """The planted bugs that were found."""
        return [name for name, (_, found) in self._mutants.items() if found]

    @property
    def is_bad(self) -> bool:
        """Whether something was violated, missed or too slow."""
        slow = any(max(seconds) > BOUNDS[name] for name, seconds in self._bounds.items())
        return bool(self.violations) or slow or len(self.mutants_found) < len(self._mutants)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as it is written."""
        return {
            "seed": self._seed,
            "points": sorted({point for point, _ in (*self._crossings, *self._on_plain_livy)}),
            "faults": FAULTS,
            "tried": len(self._crossings.keys() | self._on_plain_livy.keys()),
            "tried on plain Livy": len(self._on_plain_livy),
            "violations": self.violations,
            "bounds": {name: _figures(name, seconds) for name, seconds in self._bounds.items()},
            "crossings": [
                {"point": point, "fault": fault, "times": times} for (point, fault), times in self._crossings.items()
            ],
            "model": {"tried": len(self._model), "calls": self._model.total()},
            "mutants": {name: {"rule": rule, "found": found} for name, (rule, found) in self._mutants.items()},
            "storm": dict(self._blows),
            "soak": self.soaked,
        }

    def write(self) -> None:
        """Write build/chaos.json, and build/chaos.md with the tables for docs/reliability.md."""
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(self.as_dict(), indent=2) + "\n", "utf-8")
        RESULTS.with_suffix(".md").write_text(self.as_markdown(), "utf-8")

    def as_markdown(self) -> str:
        """The tables, for a page of documentation."""
        lines = [f"| step | {' | '.join(FAULTS)} |", f"|---|{'---|' * len(FAULTS)}"]
        for step, counts in self._rows():
            if any(counts):
                lines.append(f"| {step} | {' | '.join(str(count or '') for count in counts)} |")
        lines += ["", "| bound | at most, s | n | p50 | p99 | max |", "|---|---|---|---|---|---|"]
        for name, seconds in self._bounds.items():
            figures = _figures(name, seconds)
            values = " | ".join(f"{figures[key]:.2f}" for key in ("p50", "p99", "max"))
            lines.append(f"| {name} | {BOUNDS[name]:g} | {len(seconds)} | {values} |")
        lines += [
            "",
            f"{len(self._crossings)} pairs of point and fault on real parts, "
            f"{len(self._on_plain_livy)} with a plain Livy and {len(self._model)} in the model, "
            f"{len(self.mutants_found)} of {len(self._mutants)} planted bugs found, "
            f"{self._blows.total()} blows of the storms, {len(self.violations)} violations. SEED={self._seed}.",
            f"The real program was soaked for {self.soaked.get('hours', 0) * 60:.0f} minutes: "
            f"{self.soaked.get('runs', 0)} runs, {self.soaked.get('looks', 0)} looks at tables and processes.",
        ]
        return "\n".join(lines) + "\n"

    def _rows(self) -> Iterator[tuple[str, list[int]]]:
        """Each step and how often each fault befell it; what only a plain Livy has comes from there."""
        for point, step in STEPS.items():
            ours = [self._crossings[point, fault] for fault in FAULTS]
            yield step, ours if any(ours) else [self._on_plain_livy[point, fault] for fault in FAULTS]

    def show(self, console: Console) -> None:
        """The tables, and what was violated."""
        table = Table("step", *FAULTS, title="times tried on real parts")
        for step, counts in self._rows():
            if any(counts):
                table.add_row(step, *(str(count or "") for count in counts))
        console.print(table)
        bounds = Table("bound", "at most, s", "n", "p50", "p99", "max", title="bounds")
        for name, seconds in self._bounds.items():
            figures = _figures(name, seconds)
            values = (f"{figures[key]:.2f}" for key in ("p50", "p99", "max"))
            bounds.add_row(name, f"{BOUNDS[name]:g}", str(len(seconds)), *values)
        console.print(bounds)
        missed = [name for name, (_, found) in self._mutants.items() if not found]
        console.print(f"Planted bugs: {len(self.mutants_found)} found, missed: {missed or 'none'}.")
        console.print(f"Model: {len(self._model)} pairs of point and fault. Storm: {dict(self._blows)}.")
        console.print(
            f"Points × faults on real parts: {len(self._crossings)} pairs, "
            f"and {len(self._on_plain_livy)} with a plain Livy."
        )
        for violation in self.violations:
            console.print(violation, style="red", markup=False)
        console.print(f"{len(self.violations)} violations. Repeat with SEED={self._seed}. Written to {RESULTS}.")


def _figures(name: str, seconds: list[float]) -> dict[str, Any]:
    ordered = sorted(seconds)
    return {
        "unit": "s",
        "goal": BOUNDS[name],
        "n": len(ordered),
        "p50": statistics.median(ordered),
        "p99": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        "max": ordered[-1],
        "met": ordered[-1] <= BOUNDS[name],
    }
