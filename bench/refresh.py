"""A refresh of the window, from the wish to the updated model, against the bare query of the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.figures import Figure, against_floor, milliseconds
from bench.ground import Ground, child

GOAL = 1.5
GROWTH_GOAL = 1.25
"""Of the larger history against the smaller one."""
ONE_CHANGED, UNCHANGED = "refresh_one_changed", "refresh_unchanged"
_KINDS = {"refresh": ONE_CHANGED, ONE_CHANGED: ONE_CHANGED, UNCHANGED: UNCHANGED}
_SMALL, _LARGE = "1k", "10m"


def needs(name: str, size: str) -> bool:
    """Whether a figure is measured on a history of that size."""
    kind, _, end = name.rpartition("_")
    return size in (_SMALL, _LARGE) if end == "growth" else size == end and kind in _KINDS


def figures(names: Sequence[str], place: Ground, urls: Mapping[str, str]) -> list[Figure]:
    """The medians, each history and kind measured in a process of its own."""
    measured: dict[tuple[str, str], tuple[float, float]] = {}

    def medians(kind: str, size: str) -> tuple[float, float]:
        if (kind, size) not in measured:
            with child("bench.children.refresh", place.environment(urls[size]), kind) as process:
                times = process.hear()
            measured[kind, size] = milliseconds(times["refreshes"]), milliseconds(times["floors"])
        return measured[kind, size]

    made = []
    for name in names:
        kind, _, size = name.rpartition("_")
        if size == "growth":
            large, small = medians(_KINDS[kind], _LARGE)[0], medians(_KINDS[kind], _SMALL)[0]
            made.append(against_floor(name, large, small, "ms", GROWTH_GOAL))
        else:
            made.append(against_floor(name, *medians(_KINDS[kind], size), "ms", GOAL))
    return made
