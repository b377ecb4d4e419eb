"""What the doctor found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and a sentence that says how it is and what to do."""

    subject: str
    is_well: bool | None
    """None: worth knowing, and nothing wrong."""
    sentence: str
