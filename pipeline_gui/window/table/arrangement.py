"""Filters and sorts runs. Knows no Qt, so that it can be done in any thread."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.columns import Column

_MOST_APART = 100
"""Rows without a value that are put in their place one by one."""
_BUCKET = 4096
"""Rows that are sorted in one call, about."""
_MOST_EVENLY = 250_000


class Order(NamedTuple):
    """By which column, and in which direction."""

    column: Column = Column.STARTED
    is_descending: bool = True


class RunFilter(NamedTuple):
    """Which runs are shown."""

    text: str = ""
    """What one of the texts of a row holds, its local start (2026-11-24 09:30) among them; capitals are all one."""
    status: str = ""
    """As it is recorded; empty: every one."""

    @property
    def is_active(self) -> bool:
        """Whether it may hide a run."""
        return bool(self.text or self.status)

    def matches(self, row: RunRow) -> bool:
        """Whether a run is shown."""
        if self.status and (row.status or "").strip().lower() != self.status:
            return False
        return not self.text or _has(row, self.text)


def arrange(rows: Sequence[RunRow], order: Order, wanted: RunFilter, now: float) -> list[RunRow]:
    """The rows that are shown, in their order; rows of one value stay in the order that they had.

    now is the reading of seconds_with_sleep() at which running rows are as long as they are.
    """
    shown = [row for row in rows if wanted.matches(row)] if wanted.is_active else rows
    match order.column:
        case Column.STARTED:
            return _sorted(shown, "started", _moment, order.is_descending)
        case Column.DURATION:
            return _sorted(shown, "duration", lambda row: _seconds(row, now), order.is_descending)
        case column:
            return sort_evenly(list(shown), _TEXTS[column], order.is_descending)


def _sorted(rows: Sequence[RunRow], name: str, key: Callable[[RunRow], float], is_descending: bool) -> list[RunRow]:
    """By an attribute that few rows lack: asking for an attribute takes a fraction of what calling a function does."""
    value = attrgetter(name)
    try:
        return sort_evenly(list(rows), value, is_descending)
    except TypeError:
        pass  # None is not comparable
    apart = [row for row in rows if value(row) is None]
    if len(apart) > _MOST_APART:
        return sort_evenly(list(rows), key, is_descending)
    together = sort_evenly([row for row in rows if value(row) is not None], value, is_descending)
    for row in apart:
        if is_descending:
            insort(together, row, key=lambda other: -key(other))
        else:
            insort(together, row, key=key)
    return together


def sort_evenly(rows: list[RunRow], key: Callable[[RunRow], Any], is_descending: bool) -> list[RunRow]:
    """The rows, which are the caller's no more, in the order of their keys, stable; few are sorted at once.

    One call of list.sort would keep it from the GUI thread for 25 ms with 100,000 rows. What is beyond a window's bound
    is sorted in one call all the same: that is quicker.
    """
    if not _BUCKET * 2 < len(rows) <= _MOST_EVENLY:
        rows.sort(key=key, reverse=is_descending)
        return rows
    sample = sorted(map(key, rows[:: _BUCKET // 8]))
    pivots = sample[8::8]
    buckets: list[list[RunRow]] = [[] for _ in range(len(pivots) + 1)]
    for first in range(0, len(rows), _BUCKET):
        part = rows[first : first + _BUCKET]
        for row, number in zip(part, map(partial(bisect_right, pivots), map(key, part)), strict=True):
            buckets[number].append(row)
    for bucket in buckets:
        bucket.sort(key=key, reverse=is_descending)
    return list(chain.from_iterable(reversed(buckets) if is_descending else buckets))


def _moment(row: RunRow) -> float:
    return row.started.timestamp() if row.started is not None else float("-inf")


def _seconds(row: RunRow, now: float) -> float:
    if row.running_since is not None:
        return now - row.running_since
    return float("-inf") if row.duration is None else row.duration


def _has(row: RunRow, text: str) -> bool:
    """Whether one of the texts of a row holds this; the one that takes time to make is asked last."""
    if any(text in own.casefold() for own in (row.pipeline, row.outcome, row.by, row.look.word, row.run_id)):
        return True
    if row.started is None or not text[0].isdigit():
        return False
    return text in f"{row.started.astimezone():%Y-%m-%d %H:%M}"


_TEXTS: dict[Column, Callable[[RunRow], Any]] = {
    Column.STATUS: lambda row: row.look.word,
    Column.PIPELINE: lambda row: row.pipeline.casefold(),
    Column.BY: lambda row: row.by.casefold(),
    Column.OUTCOME: lambda row: row.outcome.casefold(),
}
