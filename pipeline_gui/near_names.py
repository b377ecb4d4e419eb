"""What somebody may have meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

NEAR = 0.5
"""How alike two names must be (0 to 1, as difflib counts)."""
_LONGEST = 200


def near_name(name: object, known: Iterable[str]) -> str | None:
    """The known name that is most like this one; None where none is."""
    import difflib  # only for who mistyped something

    return next(iter(difflib.get_close_matches(str(name)[:_LONGEST], list(known), n=1, cutoff=NEAR)), None)
