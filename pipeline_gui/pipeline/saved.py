"""Configurations that operators save and share: what one is, the port to where they are kept, and what can go wrong."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pipeline_gui.pipeline.errors import ConfigurationInvalid, PipelineError
from pipeline_gui.pipeline.record import Actor


@dataclass(frozen=True, slots=True)
class SavedSummary:
    """A saved configuration as a list shows it."""

    configuration_id: int
    """Stays through a rename."""
    name: str
    revision: int
    """Counts the changes, from 1."""
    changed_by: str
    changed_at: datetime | None
    """Aware, UTC, by the database's clock."""
    description: str | None


@dataclass(frozen=True, slots=True)
class SavedConfiguration:
    """A saved configuration in one of its revisions."""

    configuration_id: int
    name: str
    revision: int
    values: dict[str, Any]
    """As a configuration file holds them, the name included; another program may have written anything."""
    changed_by: str
    changed_at: datetime | None
    is_deleted: bool = False
    """Whether this revision is its end; the values are the last ones."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What somebody changed in one field."""

    field: str
    """A key of a configuration; a Spark property as ``conf.NAME``."""
    before: Any
    """None: it was not set."""
    after: Any
    changed_by: str
    changed_at: datetime | None


class NameTaken(ConfigurationInvalid):
    """Another configuration, or another schedule, has this name."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, field="name")


class ConfigurationChanged(PipelineError):
    """Somebody changed or deleted it since it was read, so that nothing was written."""

    def __init__(
        self, sentence: str, *, current: SavedConfiguration | None, changes: Sequence[FieldChange] = ()
    ) -> None:
        super().__init__(sentence)
        self.current = current
        """As it is now; None: it was deleted."""
        self.changes = tuple(changes)
        """What is different now, field by field; none: it was changed and changed back."""


class ConfigurationStore(Protocol):
    """Where saved configurations are kept.

    Calls have deadlines; raise StoreUnavailable, StoreUnclear (writes) and StoreRefused. write_id is the writer's own:
    after a StoreUnclear it finds by it whether the change was recorded.
    """

    def all(self) -> list[SavedSummary]:
        """All of them, by name."""

    def find(self, name_key: str) -> SavedConfiguration | None:
        """The one of a name."""

    def create(self, values: dict[str, Any], name_key: str, actor: Actor, write_id: str) -> SavedConfiguration:
        """Save a new one. Raises NameTaken."""

    def replace(
        self,
        configuration_id: int,
        revision: int,
        values: dict[str, Any],
        name_key: str,
        actor: Actor,
        write_id: str,
    ) -> SavedConfiguration | None:
        """Change one, compare-and-set on its revision; None when it was lost. Raises NameTaken."""

    def delete(self, configuration_id: int, revision: int, actor: Actor, write_id: str) -> bool:
        """Delete one, compare-and-set on its revision; False when it was lost."""

    def history(self, configuration_id: int, revision: int) -> list[SavedConfiguration]:
        """That revision and the later ones, oldest first."""

    def written(self, write_id: str) -> SavedConfiguration | None:
        """What was recorded under a write_id."""


def name_key(name: str) -> str:
    """What names are compared by: without regard to case, to doubled spaces, and to how a letter is composed."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())
