"""Rules that hold for all operators until they are paused: schedules and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Rule(Protocol):
    """A schedule, or an alert."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def is_enabled(self) -> bool:
        """Whether it is not paused."""

    @property
    def changed_by(self) -> str:
        """Who changed it last."""


class Named(Protocol):
    """What knows the names of configurations."""

    def names(self) -> list[str]:
        """Every name that can be asked for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Which rules."""

    name: str
    """In the names of the parts: an “alert” has an alertList and a newAlertButton."""
    title: str
    stays: str
    """What becomes of the rest when one is deleted."""

    def part(self, before: str, after: str) -> str:
        """The name of a part."""
        return f"{before}{self.name.capitalize()}{after}"
