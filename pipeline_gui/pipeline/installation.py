"""Which database the record is in."""

from __future__ import annotations

from typing import NamedTuple


class Installation(NamedTuple):
    """Which database this is."""

    installation_id: str
    is_original: bool
    """False: the fingerprint differs, so this is a copy; no watcher and no start until a person says which it is."""
    schema_version: int
    newer_schema: str | None = None
    """Why this program may only read, in a sentence: the schema is newer than it. None where it is its own."""

    @property
    def may_act(self) -> bool:
        """Whether this program may settle and start runs of it."""
        return self.is_original and self.newer_schema is None
