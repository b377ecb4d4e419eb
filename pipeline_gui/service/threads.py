"""Threads for what blocks: each kind of work has its own, so that long waits never keep a short question waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

from pipeline_gui.service.problems import Problem

P = ParamSpec("P")
T = TypeVar("T")

MOST_WAITING = 500
"""Calls that may wait for a thread of their kind; who comes after is told to come again."""


class Threads:
    """The threads of one kind of work."""

    def __init__(self, count: int, *, may_be_left: bool) -> None:
        self._limiter = anyio.CapacityLimiter(count)
        self._may_be_left = may_be_left
        self._waiting = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a function that blocks. Raises Problem when too many wait already."""
        if self._waiting >= MOST_WAITING:
            raise Problem(503, "overloaded", "Too many requests wait already; ask again.", headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            return await run_sync(
                lambda: function(*args, **kwargs), limiter=self._limiter, abandon_on_cancel=self._may_be_left
            )
        finally:
            self._waiting -= 1


class Workers:
    """All threads of the service."""

    def __init__(self) -> None:
        self.reads = Threads(12, may_be_left=True)
        self.starts = Threads(16, may_be_left=False)
        self.stops = Threads(32, may_be_left=False)
        self.logs = Threads(8, may_be_left=True)
        self.changes = Threads(1, may_be_left=True)
