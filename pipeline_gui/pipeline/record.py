"""What the record is told and what it tells: the values that pass through the ports of the store.

They stand apart from the ports because the first rows of a window are read without the protocols; what they need of
these, the installation and the contact, stands apart from the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.contact import Contact as Contact
from pipeline_gui.pipeline.installation import Installation as Installation

if TYPE_CHECKING:
    from pipeline_gui.pipeline.engine import Progress
    from pipeline_gui.pipeline.run import Phase, Run, RunRecord
    from pipeline_gui.pipeline.schedule import Firing
    from pipeline_gui.pipeline.start_key import StartKey


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where; every event carries it."""

    user: str
    host: str
    via: str
    """The face: window, terminal, service, watcher, keeper."""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}"


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is recorded before anything is sent to Spark."""

    run_id: str
    batch_name: str
    command: str
    metadata: dict[str, Any]
    spark_url: str
    generation: str | None
    grace_seconds: float
    timeout_seconds: float | None = None
    """How long it may last, by the database's clock; None: no limit."""
    firing: Firing | None = None
    """The time of a schedule that starts it, recorded in the same commit; a second run for it is refused."""
    start_key: StartKey | None = None
    """Recorded in the same commit; a second run under the same key is refused."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """The recorded run, and the earlier ones of ours of which something may still live."""

    record: RunRecord
    not_gone: tuple[RunRecord, ...]


@dataclass(frozen=True, slots=True)
class EngineChange:
    """A change of what our machines know; a field left None stays as it is."""

    phase: Phase | None = None
    generation: str | None = None
    batch_id: int | None = None
    application_id: str | None = None
    unclear: bool | None = None
    contact_lost: bool | None = None
    """True: contact was lost now (kept if already set); False: it is back."""
    progress: Progress | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    """Merged into ``metadata`` by ``||``, for people and other programs."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only history of a run."""

    event_id: int
    run_id: str
    at: datetime
    kind: str
    actor: str | None
    via: str | None
    old_status: str | None
    new_status: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lease:
    """The watcher's lease is held; and what its renewal saw on the way."""

    something_runs: bool
    """Whether a row holds the single place, whoever made it."""
    has_schedules: bool
    has_alerts: bool
    """Whether there is a rule, be it off."""
    has_days_to_count: bool
    """Whether days changed since their figures were summed up."""


@dataclass(frozen=True, slots=True)
class Change:
    """What NOTIFY says: a run changed."""

    run_id: str | None
    """None: anything may have changed (after a reconnect), so read everything."""
    status: str | None


@dataclass(frozen=True, slots=True)
class StartedRun:
    """What was started under a key."""

    run_id: str
    fingerprint: str
    """Of what was asked for."""


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of the history ends, so that the next one begins behind it."""

    start_epoch: str | None
    """Seconds since 1970 in decimals, as the database writes them (``Infinity`` too); None: the row has no start."""
    run_id: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """A part of the history, newest start first."""

    runs: Sequence[Run]
    next: PageKey | None
    """None: nothing follows."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What an operator's alerts look at."""

    seconds_since_success: float | None
    """Since a run last completed; None: not within the last 31 days."""
    is_watched: bool
    """Whether any process holds the watcher's lease."""
    alerts_waiting: int
    """Messages of alerts that are not delivered yet."""
