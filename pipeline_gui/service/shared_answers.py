"""One asking at a time for all who ask the same: many pages that refresh at once cost the database one look.

Who asks while a question is being asked is answered by the next asking: never by what was read before they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedAnswers(Generic[T]):
    """Questions by what is asked. For one event loop."""

    def __init__(self) -> None:
        self._next: dict[Hashable, asyncio.Task[T]] = {}
        """Askings that have not begun."""
        self._turns: dict[Hashable, asyncio.Lock] = {}

    async def ask(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> T:
        """The answer of an asking that begins after this call; raises what it raises."""
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._ask(key, question))
            task.add_done_callback(_look_at)
        return await asyncio.shield(task)  # who leaves does not end it for the others

    async def _ask(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> T:
        turn = self._turns.setdefault(key, asyncio.Lock())
        try:
            async with turn:
                del self._next[key]  # who comes from here on is answered by the next
                return await question()
        finally:
            if key not in self._next:
                self._turns.pop(key, None)


def _look_at(task: asyncio.Task[T]) -> None:
    """Take note of an error that everybody who asked has left unheard."""
    if not task.cancelled():
        task.exception()
