"""From the start of the program until the first rows of a running PostgreSQL are painted, against a bare window."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.figures import Figure, against_floor, milliseconds
from bench.ground import child, ground
from bench.history import make_history

ROUNDS = 9
GOAL = 1.5
HISTORY = 1_000


def measure(_names: Sequence[str]) -> list[Figure]:
    """The medians of several starts of either kind, turn by turn; one of each goes before, to warm up."""
    starts: list[float] = []
    floors: list[float] = []
    with ground() as place:
        environment = place.environment(make_history(place, HISTORY))
        for number in range(ROUNDS + 1):
            for kept, module in ((floors, "bare_window"), (starts, "window_start")):
                taken = _painted(f"bench.children.{module}", environment)
                if number:
                    kept.append(taken)
    return [against_floor("window_start", milliseconds(starts), milliseconds(floors), "ms", GOAL)]


def _painted(module: str, environment: dict[str, str]) -> float:
    begin = time.monotonic()
    with child(module, environment) as process:
        moment: float = process.hear()
    return moment - begin
