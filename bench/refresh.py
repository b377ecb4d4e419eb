"""A refresh of the window, from the wish to the updated model, against the bare query of the history."""

from __future__ import annotations

from bench.figures import Figure, against_floor, milliseconds
from bench.ground import Ground, child

GOAL = 1.5


def figure(name: str, place: Ground, database: str) -> Figure:
    """The medians, measured in a process of its own."""
    with child("bench.children.refresh", place.environment(database)) as process:
        times = process.hear()
    return against_floor(name, milliseconds(times["refreshes"]), milliseconds(times["floors"]), "ms", GOAL)
