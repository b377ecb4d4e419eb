"""Rules that hold for all operators until they are paused: schedules and alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline_gui.window.rules.changes import Field


class Rule(Protocol):
    """A schedule, or an alert."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def is_enabled(self) -> bool:
        """Whether it is not paused."""

    @property
    def revision(self) -> int:
        """Counts its changes."""

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
    empty: str
    """What to do while there is none."""
    stays: str
    """What becomes of the rest when one is deleted."""
    fields: Sequence[Field]
    """As somebody else's change of them is told."""
    together: tuple[str, ...]
    """Keys that mean something only together."""
    form_values: Callable[[Any], dict[str, Any]]
    """What the form shows of one; of None, what a new one begins with."""

    def part(self, before: str, after: str) -> str:
        """The name of a part."""
        return f"{before}{self.name.capitalize()}{after}"
