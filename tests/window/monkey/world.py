"""What a monkey's window stands on, and what happens there meanwhile."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Truth:
    """What the record says."""

    is_running: bool | None
    """None: it can't be read."""
    run_ids: set[str]


class World(Protocol):
    """Servers, real or not."""

    settle_seconds: float
    """Within which a window must say what the record says, once everything answers."""

    def backend(self) -> Any:
        """What a new window stands on."""

    def let_go_of(self, backend: Any) -> None:
        """Its window is gone."""

    def change(self, dice: random.Random) -> None:
        """Something happens; it waits for nothing."""

    def settle(self) -> None:
        """From now on everything answers and nothing new happens; it waits for nothing."""

    @property
    def is_quiet(self) -> bool:
        """Whether all that happened is over."""

    def tell(self) -> None:
        """The record says that it changed, where it does not do so by itself."""

    def truth(self) -> Truth:
        """What the record says now."""
