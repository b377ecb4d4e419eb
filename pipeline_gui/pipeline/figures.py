"""What a run's work amounts to, as Spark counts it, and how that compares with what is usual for its pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Protocol

from pipeline_gui.pipeline.ports import Actor, Batch

FEWEST_FOR_USUAL = 3
"""Completed runs below which nothing is called usual."""
MOST_FOR_USUAL = 20
"""The last ones before the run."""
_NOTABLE = 1.5
"""From this many times the usual on, more or less, it is said how many times."""
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Counted from the run's begin; a figure that Spark did not tell is None."""

    input_bytes: int | None = None
    input_records: int | None = None
    output_bytes: int | None = None
    output_records: int | None = None
    shuffle_read_bytes: int | None = None
    shuffle_write_bytes: int | None = None
    memory_spilled_bytes: int | None = None
    disk_spilled_bytes: int | None = None
    peak_memory_bytes: int | None = None
    """Of the Java process with the highest peak, heap and beside it."""
    failed_tasks: int | None = None
    executors: int | None = None
    """The most at one time; where the driver does the work itself, it is the one."""

    def at_least(self, other: RunFigures) -> RunFigures:
        """The higher one of each figure: none of them ever falls, though Spark forgets what is long ago."""
        values = {name: (getattr(self, name), getattr(other, name)) for name in NAMES}
        return RunFigures(
            **{name: max((v for v in pair if v is not None), default=None) for name, pair in values.items()}
        )


NAMES = tuple(field.name for field in fields(RunFigures))


@dataclass(frozen=True, slots=True)
class ComparedFigures:
    """The figures of one run, and what was usual for its pipeline until then."""

    run_id: str
    figures: RunFigures
    asked_at: datetime
    """Aware, UTC: when Spark was last asked; of what came after it nothing is known."""
    usual: RunFigures
    """The median of the completed runs before it; None where too few of them are known."""
    usual_of: int
    """Of how many runs."""

    def ratio(self, name: str) -> float | None:
        """A figure as a multiple of what is usual; None where that says nothing."""
        value, usual = getattr(self.figures, name), getattr(self.usual, name)
        return value / usual if value is not None and usual else None


class FiguresStore(Protocol):
    """Figures of runs, kept beyond their drivers. Deadlines and errors as RunStore's."""

    def note(self, run_id: str, pipeline: str, figures: RunFigures, actor: Actor) -> None:
        """Keep what Spark says now, in the place of what it said before."""

    def compared(self, run_id: str) -> ComparedFigures | None:
        """The figures of a run; None: Spark was never asked, or said nothing."""


class FiguresSource(Protocol):
    """What knows the figures of a run while its driver lives."""

    def figures(self, batch: Batch) -> RunFigures | None:
        """What the driver's own REST API says, or None while it says nothing."""

    def find(self, name: str) -> Batch | None:
        """The batch of that name."""


def usual_of(runs: Sequence[RunFigures]) -> RunFigures:
    """The median of each figure, of those runs that have it."""
    import statistics  # with fractions and decimals: a window that watches does without

    known = {name: [value for run in runs if (value := getattr(run, name)) is not None] for name in NAMES}
    return RunFigures(
        **{name: round(statistics.median(v)) if len(v) >= FEWEST_FOR_USUAL else None for name, v in known.items()}
    )


def figure_lines(compared: ComparedFigures) -> list[tuple[str, str]]:
    """What people read: a label and a text each, without what is not known."""
    lines = [
        ("Read", _volume(compared, "input_bytes", "input_records")),
        ("Written", _volume(compared, "output_bytes", "output_records")),
        ("Shuffle read", _bytes(compared, "shuffle_read_bytes")),
        ("Shuffle written", _bytes(compared, "shuffle_write_bytes")),
        ("Spilled from memory", _bytes(compared, "memory_spilled_bytes")),
        ("Spilled to disk", _bytes(compared, "disk_spilled_bytes")),
        ("Peak memory", _bytes(compared, "peak_memory_bytes")),
        ("Failed tasks", _count(compared, "failed_tasks")),
        ("Executors", _count(compared, "executors")),
    ]
    return [(label, text) for label, text in lines if text]


def bytes_text(number: float) -> str:
    """A size as people say it: ``512 bytes``, ``1.5 GB``; of 1,024, as Spark's own pages."""
    for unit in _UNITS[:-1]:
        if number < 1024:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1024
    return f"{number:,.1f} {_UNITS[-1]}"


def _volume(compared: ComparedFigures, size: str, records: str) -> str:
    text = _bytes(compared, size)
    count = getattr(compared.figures, records)
    if not text or count is None:
        return text
    return f"{_records(count)}, {text}"


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def _bytes(compared: ComparedFigures, name: str) -> str:
    value, usual = getattr(compared.figures, name), getattr(compared.usual, name)
    return (
        ""
        if value is None
        else bytes_text(value) + _against(compared, name, None if usual is None else bytes_text(usual))
    )


def _count(compared: ComparedFigures, name: str) -> str:
    value, usual = getattr(compared.figures, name), getattr(compared.usual, name)
    return "" if value is None else f"{value:,}" + _against(compared, name, None if usual is None else f"{usual:,}")


def _against(compared: ComparedFigures, name: str, usual: str | None) -> str:
    if usual is None:
        return ""
    ratio = compared.ratio(name)
    if ratio is None or 1 / _NOTABLE < ratio < _NOTABLE:
        return f" (usually {usual})"
    times = f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"
    return f" ({times} × the usual {usual})"
