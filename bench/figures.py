"""What a measurement says, and how it is shown and kept."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path("build") / "bench.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; the fields are those of build/bench.json."""

    figure: str
    value: float
    unit: str
    floor: float | None
    """The same work done bare in the same run; None where there is no such thing."""
    ratio: float | None
    """value / floor."""
    goal: float | None
    """An upper bound on the ratio where there is a floor, else on the value; None for a figure that only informs."""
    met: bool


def against_floor(figure: str, value: float, floor: float, unit: str, goal: float | None = None) -> Figure:
    """A figure that is judged by its ratio to the same work done bare."""
    ratio = value / floor
    return Figure(figure, _rounded(value), unit, _rounded(floor), _rounded(ratio), goal, goal is None or ratio <= goal)


def bounded(figure: str, value: float, unit: str, goal: float) -> Figure:
    """A figure that is judged by itself."""
    return Figure(figure, _rounded(value), unit, None, None, goal, value <= goal)


def milliseconds(seconds: Sequence[float]) -> float:
    """The median of some times, in milliseconds."""
    return statistics.median(seconds) * 1000


def percentile(values: Sequence[float], share: int) -> float:
    """The value that this share of all, in percent, does not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def write(figures: Sequence[Figure], path: Path = RESULTS) -> None:
    """Keep the figures as JSON. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", "utf-8")


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the figures as a table."""
    table = Table(title="Measurements")
    table.add_column("figure")
    for heading in ("value", "floor", "ratio", "goal"):
        table.add_column(heading, justify="right")
    table.add_column("met")
    for figure in figures:
        met = "" if figure.goal is None else "[green]yes[/]" if figure.met else "[bold red]NO[/]"
        table.add_row(
            figure.figure,
            f"{figure.value:g} {figure.unit}",
            "" if figure.floor is None else f"{figure.floor:g} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.goal is None else f"≤ {figure.goal:g}" + ("" if figure.ratio is None else " ×"),
            met,
        )
    console.print(table)


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
