"""What is being edited, and what a save came to. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pipeline_gui.configurations.differences import merged
from pipeline_gui.configurations.owner import Entry, NamedConfiguration, Version
from pipeline_gui.pipeline.saved import SavedConfiguration


class Owner(Protocol):
    """The part of ``Configurations`` that the window uses; every call blocks and raises PipelineError."""

    def entries(self) -> list[Entry]:
        """All of them, the samples last."""

    def show(self, name: object) -> NamedConfiguration:
        """One with its values."""

    def create(self, values: dict[str, Any]) -> NamedConfiguration:
        """Save a new one."""

    def save(self, values: dict[str, Any], based_on: Version) -> NamedConfiguration:
        """Change one, unless somebody else did meanwhile."""

    def delete(self, based_on: Version) -> None:
        """Delete one, unless somebody changed it meanwhile."""

    def of_run(self, run_id: str) -> tuple[dict[str, Any], list[str]]:
        """A past run's configuration, and the fields whose secrets were not recorded."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The configuration in the form: which revision it is based on, if any, and that revision's values."""

    version: Version | None
    base: dict[str, Any]
    is_sample: bool = False

    def on_top_of(self, mine: dict[str, Any], theirs: SavedConfiguration) -> tuple[Edited, dict[str, Any]]:
        """Based on what somebody else saved: my changes laid over theirs, so that neither is undone unseen."""
        values = merged(self.base, mine, dict(theirs.values))
        return edited_of_saved(theirs), values


NEW = Edited(None, {})


def edited_of(found: NamedConfiguration) -> Edited:
    """To edit one that was read."""
    return Edited(found.entry.version, dict(found.values), found.entry.is_sample)


def edited_of_saved(saved: SavedConfiguration) -> Edited:
    """To edit one as somebody else saved it."""
    return Edited(Version(saved.configuration_id, saved.revision), dict(saved.values))


def free_name(name: str, taken: set[str]) -> str:
    """A name for a copy that nobody has, as far as is known."""
    copies = (f"{name} (copy)" if number == 1 else f"{name} (copy {number})" for number in range(1, len(taken) + 3))
    return next(copy for copy in copies if copy.casefold() not in taken)
