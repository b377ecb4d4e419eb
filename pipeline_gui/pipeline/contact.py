"""Whether a server answers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Contact(NamedTuple):
    """Whether a server, the database or Spark, answers, as this process last saw it."""

    reachable: bool | None
    """None: not asked yet."""
    since: datetime | None
    """Aware, UTC, by this computer's clock; for display only."""
    reason: str | None
    """Why it can't be reached; or, where it can, why only for reading."""
