"""How a run ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline_gui.pipeline.status import RunStatus


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and the evidence for it."""

    status: RunStatus
    gone: bool
    """Whether the evidence says that nothing of the run lives or can come to life."""
    error_message: str | None = None
    ended_ago: float | None = None
    """Seconds before the database's now at which it ended; None: not known, so when it was noticed."""
    exit_code: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    """Goes into the event and, as a readable summary, into ``metadata``."""
    abandoned: bool = False
    """Whether a person let go of it: nothing starts it again by itself."""
