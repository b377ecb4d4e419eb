"""What is different between two arrangements of many rows, found beside the GUI thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from pipeline_gui.window.snapshot import RunRow

MOST_TOLD = 200
"""Ranges; with more it is quicker to lay everything out anew."""
_FEW_HELD = 10


class Changes(NamedTuple):
    """How the old rows become the new ones: removals from the end, then insertions from the begin, then changes."""

    rows: list[RunRow]
    """The new ones."""
    removed: tuple[tuple[int, int], ...] = ()
    """First and last position among the old rows, the last range first."""
    inserted: tuple[tuple[int, int], ...] = ()
    """First and last position among the new rows, in order."""
    changed: tuple[int, ...] = ()
    """Positions among the new rows."""
    is_rearranged: bool = False
    """The order is another one, or there is too much to tell: none of the ranges is given."""
    places: Mapping[str, int] = MappingProxyType({})
    """Of what is rearranged: where the runs are now that views hold on to, by their ids."""
    running: tuple[int, ...] = ()
    """Where the runs are that run."""


def changes_between(
    old: Sequence[RunRow], new: list[RunRow], held: Collection[str] = (), running: Collection[RunRow] | None = None
) -> Changes:
    """The changes from the one to the other; ids are unique in each.

    held are the runs that views hold on to; running are the rows that run, where that is known.
    """
    changes = _told(old, new)
    if changes.is_rearranged or len(changes.removed) + len(changes.inserted) + len(changes.changed) > MOST_TOLD:
        return rearranged(new, held, running)
    return changes._replace(running=_places(new, running))


def rearranged(new: list[RunRow], held: Collection[str], running: Collection[RunRow] | None = None) -> Changes:
    """Everything is laid out anew; the rest is as in changes_between."""
    ids = list(map(attrgetter("run_id"), new)) if held else []
    if len(held) <= _FEW_HELD:
        places = {run_id: ids.index(run_id) for run_id in held if run_id in ids}
    else:
        wanted = set(held)
        places = {run_id: at for at, run_id in enumerate(ids) if run_id in wanted}
    return Changes(new, is_rearranged=True, places=places, running=_places(new, running))


def running_rows(rows: Sequence[RunRow]) -> list[RunRow]:
    """Those that hold the single place; in C as far as it goes, since this looks at each of very many rows."""
    return list(compress(rows, map(attrgetter("is_running"), rows)))


def _places(rows: Sequence[RunRow], running: Collection[RunRow] | None) -> tuple[int, ...]:
    # Rows in another order than they were made in lie anywhere in memory: they are not looked into where that can be.
    wanted = {id(row) for row in (running_rows(rows) if running is None else running)}
    return tuple(at for at, row in enumerate(map(id, rows)) if row in wanted) if wanted else ()


def _told(old: Sequence[RunRow], new: list[RunRow]) -> Changes:
    old_ids = [row.run_id for row in old]
    new_ids = [row.run_id for row in new]
    if old_ids == new_ids:
        return Changes(new, changed=tuple(at for at, row in enumerate(new) if row is not old[at]))
    old_set, new_set = set(old_ids), set(new_ids)
    if [run_id for run_id in old_ids if run_id in new_set] != [run_id for run_id in new_ids if run_id in old_set]:
        return Changes(new, is_rearranged=True)
    before = {row.run_id: row for row in old}
    changed = tuple(at for at, row in enumerate(new) if before.get(row.run_id, row) is not row)
    removed = _ranges([at for at, run_id in enumerate(old_ids) if run_id not in new_set])
    inserted = _ranges([at for at, run_id in enumerate(new_ids) if run_id not in old_set])
    return Changes(new, tuple(reversed(removed)), tuple(inserted), changed)


def _ranges(positions: list[int]) -> list[tuple[int, int]]:
    """Positions in order, as first and last of each stretch without a gap."""
    ranges: list[tuple[int, int]] = []
    for position in positions:
        if ranges and ranges[-1][1] == position - 1:
            ranges[-1] = (ranges[-1][0], position)
        else:
            ranges.append((position, position))
    return ranges
