"""How far somebody has read the events, exactly: ids are given out before commits, so a smaller one may come later."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_GAPS = 64
_TEXT = re.compile(r"(\d{1,18})(?:-(\d{1,18}(?:\.\d{1,18}){0,63}))?")


@dataclass(frozen=True, slots=True)
class EventCursor:
    """Every event up to ``seen`` was read, but for the gaps; as text it is the id of an event of the stream."""

    seen: int
    gaps: frozenset[int] = frozenset()
    """Ids below that were not there: never committed, or not yet."""

    def has(self, event_id: int) -> bool:
        """Whether an event was read."""
        return event_id <= self.seen and event_id not in self.gaps

    def after(self, event_id: int) -> EventCursor:
        """The cursor when this event has been read, too."""
        if event_id <= self.seen:
            return EventCursor(self.seen, self.gaps - {event_id})
        new = range(max(self.seen + 1, event_id - MOST_GAPS), event_id)
        return EventCursor(event_id, frozenset(sorted(self.gaps | set(new))[-MOST_GAPS:]))

    def without(self, given_up: Iterable[int]) -> EventCursor:
        """The cursor for which these ids will never come."""
        return EventCursor(self.seen, self.gaps.difference(given_up))

    def __str__(self) -> str:
        gaps = ".".join(map(str, sorted(self.gaps)))
        return f"{self.seen}-{gaps}" if gaps else str(self.seen)


def parse_cursor(text: str) -> EventCursor | None:
    """A cursor from its text; None where it is none."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None
    gaps = frozenset(int(gap) for gap in (match[2] or "").split(".") if gap)
    return EventCursor(int(match[1]), gaps)
