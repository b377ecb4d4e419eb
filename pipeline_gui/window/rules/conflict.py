"""What to do when somebody else was quicker with a change of the same schedule or alert."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pipeline_gui.window.conflict_note import ConflictNote, field_lines
from pipeline_gui.window.rules.changes import PAUSED, laid_over, paused_field, told_changes
from pipeline_gui.window.rules.rule import Kind, Rule
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr

R = TypeVar("R", bound=Rule)


class RuleConflict(ConflictNote, Generic[R]):
    """Tells what they changed since the revision that is being edited here, and knows theirs."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind
        self.theirs: R | None = None
        """None: they deleted it."""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be said what becomes of both changes."""
        return not self.isHidden()

    def tell(self, seen: R, theirs: R | None) -> None:
        """Say what is another since it was seen."""
        self.theirs = theirs
        self.show_conflict(_sentence(seen, theirs), self._changes(seen, theirs), is_gone=theirs is None)

    def told_in_a_line(self, seen: R, theirs: R | None) -> str:
        """The same where nothing was typed, so that theirs can be shown at once."""
        lines = "; ".join(field_lines(self._changes(seen, theirs)))
        return f"{_sentence(seen, theirs)} {tr('Nothing was done; this is how it is now.')} {lines}".rstrip()

    def merged(self, mine: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
        """What was typed here, laid over theirs."""
        if self.theirs is None:
            return mine
        return laid_over(mine, base, self._kind.form_values(self.theirs), self._kind.together)

    def _changes(self, seen: R, theirs: R | None) -> list[tuple[str, str, str]]:
        if theirs is None:
            return []
        before, after = ({**self._kind.form_values(one), PAUSED: one.is_enabled} for one in (seen, theirs))
        return told_changes([*self._kind.fields, paused_field()], before, after)


def _sentence(seen: Rule, theirs: Rule | None) -> str:
    name = one_line(seen.name, 80)
    if theirs is None:
        return tr("“{0}” was deleted meanwhile.").format(name)
    return tr("“{0}” was changed meanwhile by {1}.").format(name, one_line(theirs.changed_by, 80))
