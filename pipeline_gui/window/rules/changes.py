"""What somebody else changed of a rule, and one's own changes laid over theirs. Knows no widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_gui.window.translation import tr


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a rule, as a person reads it."""

    key: str
    title: str
    words: Mapping[Any, str] = field(default_factory=dict)
    """What stands for some of its values."""
    unit: str = ""

    def text_of(self, value: object) -> str:
        """A value in words."""
        if value in self.words:
            return self.words[value]
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return "–" if value is None else f"{text}{self.unit}"


PAUSED = "is_enabled"
"""The key of what a form does not show."""


def paused_field() -> Field:
    """Whether it is paused, as a field."""
    return Field(PAUSED, tr("Paused"), {True: tr("no"), False: tr("yes")})


def told_changes(
    fields: Iterable[Field], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """The title of each field that is another, with what it was and is."""
    return [
        (one.title, one.text_of(before[one.key]), one.text_of(after[one.key]))
        for one in fields
        if before[one.key] != after[one.key]
    ]


def laid_over(
    mine: Mapping[str, Any], base: Mapping[str, Any], theirs: Mapping[str, Any], together: Iterable[str]
) -> dict[str, Any]:
    """Theirs with what I changed since the base; of the keys that mean something only together, all or none."""
    changed = {key for key in mine if mine[key] != base[key]}
    if changed & set(together):
        changed |= set(together)
    return {key: mine[key] if key in changed else value for key, value in theirs.items()}
