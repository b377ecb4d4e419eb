"""A table of very many runs: how long a sort of a million takes, and how late the event loop comes with 100,000."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bench.figures import Figure, against_floor, bounded, percentile
from bench.ground import child

SORT_RATIO = 1.5
P99_GOAL = 16.0
LONGEST_GOAL = 50.0
ENVIRONMENT = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}


def measure(names: Sequence[str]) -> list[Figure]:
    """Measured in processes of their own, which are gone afterwards with all their rows."""
    figures: list[Figure] = []
    if "sort_1m" in names:
        with child("bench.children.many_rows", ENVIRONMENT, "sort") as process:
            times = process.hear()
        figures.append(against_floor("sort_1m", times["sort"], times["floor"], "s", SORT_RATIO))
    if {"rows_pause", "rows_pause_longest"} & set(names):
        with child("bench.children.many_rows", ENVIRONMENT, "pause") as process:
            late: list[float] = process.hear()
        figures.append(bounded("rows_pause", percentile(late, 99) * 1000, "ms", P99_GOAL))
        figures.append(bounded("rows_pause_longest", max(late) * 1000, "ms", LONGEST_GOAL))
    return [figure for figure in figures if figure.figure in names]
