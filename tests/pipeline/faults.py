"""Ports wrapped so that a fault can be injected before or after any call has had its effect."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any


class Faulty:
    """Passes every call on to a port; `before` and `after` hooks may raise, wait or act, once or always.

    An `after` hook that raises is the fault "the call had its effect and the caller saw a time-out".
    """

    def __init__(self, port: Any) -> None:
        self._port = port
        self._before: dict[str, list[Callable[[], object]]] = defaultdict(list)
        self._after: dict[str, list[Callable[[], object]]] = defaultdict(list)
        self._always: dict[str, Callable[[], object]] = {}
        self.calls: Counter[str] = Counter()

    def once_before(self, method: str, hook: Callable[[], object]) -> None:
        """Run hook before the next call of method."""
        self._before[method].append(hook)

    def once_after(self, method: str, hook: Callable[[], object]) -> None:
        """Run hook after the next call of method has had its effect."""
        self._after[method].append(hook)

    def always_before(self, method: str, hook: Callable[[], object]) -> None:
        """Run hook before every call of method."""
        self._always[method] = hook

    def heal(self) -> None:
        """Forget all hooks."""
        self._before.clear()
        self._after.clear()
        self._always.clear()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            if name in self._always:
                self._always[name]()
            if self._before[name]:
                self._before[name].pop(0)()
            result = value(*args, **kwargs)
            if self._after[name]:
                self._after[name].pop(0)()
            return result

        return call


def raising(error: Exception) -> Callable[[], object]:
    """A hook that raises error."""

    def hook() -> object:
        raise error

    return hook


class MovableClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        """Let seconds pass."""
        self.seconds += seconds
