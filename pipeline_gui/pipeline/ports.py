"""The two protocols that the domain needs from the outside: a record of runs, and a Spark server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from pipeline_gui.pipeline.configuration import Configuration
from pipeline_gui.pipeline.past_runs import PastRuns
from pipeline_gui.pipeline.run import Ending, Overview, Phase, Progress, Run, RunRecord
from pipeline_gui.pipeline.start_key import StartKey

if TYPE_CHECKING:
    from pipeline_gui.pipeline.alert import AlertStore, Outbox
    from pipeline_gui.pipeline.figures import FiguresStore
    from pipeline_gui.pipeline.metrics import MetricsStore
    from pipeline_gui.pipeline.retention import RetentionStore
    from pipeline_gui.pipeline.saved import ConfigurationStore
    from pipeline_gui.pipeline.schedule import Firing, ScheduleStore

# --- the record -----------------------------------------------------------------------------------------------------


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
class Installation:
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
class Contact:
    """Whether a server answers, as this process last saw it."""

    reachable: bool | None
    """None: not asked yet."""
    since: datetime | None
    """Aware, UTC, by this computer's clock; for display only."""
    reason: str | None
    """Why it can't be reached; or, where it can, why only for reading."""


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


class Subscription(Protocol):
    """A running LISTEN."""

    @property
    def is_live(self) -> bool:
        """Whether changes are heard now; False while the connection is lost or the database does not let us listen."""

    def close(self) -> None:
        """Stop listening and wait (bounded) until no callback runs any more."""


class RunStore(Protocol):
    """The record of every run. Calls have deadlines; raise StoreUnavailable, StoreUnclear (writes), StoreRefused."""

    def installation(self) -> Installation:
        """Which database this is; cached per connection target once it was read."""

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        """Record a new running run with phase starting, in one commit. Raises RunBusy, StartedBefore or FiredBefore."""

    def find_start(self, key_hash: str) -> StartedRun | None:
        """What was started under a key."""

    def running(self) -> RunRecord | None:
        """The row that holds the single place, whoever made it."""

    def find(self, run_id: str) -> RunRecord | None:
        """One run, read on the primary."""

    def recent(self, days: float, limit: int | None = None) -> list[Run]:
        """The rows that run now, or started or ended within the last days; newest start first, null times last."""

    def overview(self, days: float) -> Overview:
        """``running`` and ``recent`` at one go; a run that is as the last call found it is the same object."""

    def not_gone(self) -> list[RunRecord]:
        """Ended runs of ours of which something may still live."""

    def change(self, run_id: str, rev: int, change: EngineChange, actor: Actor) -> int | None:
        """Compare-and-set on running and rev; the new rev, or None when it was lost."""

    def request_stop(
        self, run_id: str, grace_seconds: float | None, actor: Actor, reason: str | None = None
    ) -> RunRecord | None:
        """Record the wish to stop a running run of ours; a later, smaller grace wins. None when it does not run.

        reason: a sentence that becomes the row's error message; the first wish's counts.
        """

    def settle(self, run_id: str, rev: int | None, ending: Ending, actor: Actor) -> RunRecord | None:
        """End a running run, compare-and-set on rev (None: a fact the server reported). None when it was lost."""

    def release_foreign(self, run_id: str, actor: Actor) -> bool:
        """Record another program's running row as failed, so that the place is free. False: it does not run."""

    def mark_gone(self, run_id: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Record the evidence that nothing of an ended run lives, with an event."""

    def add_event(self, run_id: str, kind: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Append an event that is not a change of status."""

    def events(self, run_id: str) -> list[Event]:
        """The events of a run, oldest first."""

    def take_lease(self, holder: str, actor: Actor) -> Lease | None:
        """Take or renew the watcher's lease (2.25 s, the database's clock); None when another holds it."""

    def release_lease(self, holder: str) -> None:
        """Give the lease up, if held."""

    def announce_service(self, service_id: str, actor: Actor) -> None:
        """Say that a process that is always on watches; it is believed for 30 s."""

    def withdraw_service(self, service_id: str) -> None:
        """Say that it ends."""

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None] | None = None,
        on_schedules: Callable[[], None] | None = None,
    ) -> Subscription:
        """LISTEN on a connection and in a thread of its own; after each (re)connect reports Change(None, None).

        on_configurations is called whenever the saved configurations changed, on_schedules whenever the schedules did;
        both after each (re)connect, too.
        """

    def contact(self) -> Contact:
        """Whether the database answered this process's last request; asks nothing."""

    def close(self) -> None:
        """Close every connection."""


class Archive(Protocol):
    """The record in the portions that a service hands out. Deadlines and errors as RunStore's."""

    def page(self, days: float, *, limit: int, after: PageKey | None = None, statuses: Sequence[str] = ()) -> RunPage:
        """RunStore.recent in pages; statuses: none means all."""

    def newest_event(self) -> int:
        """The id of the newest event, 0 where there is none."""

    def events_after(self, event_id: int, also: Sequence[int], limit: int) -> list[Event]:
        """Events with greater ids, and those of the ids besides that exist by now; in the order of their ids."""

    def vitals(self) -> Vitals:
        """What alerts look at."""

    def past_runs(self, pipeline: str, limit: int) -> PastRuns:
        """The last runs of a pipeline that ended, of the newest 20,000 runs of the last 90 days."""


class WholeRecord(RunStore, Archive, Protocol):
    """Both, the saved configurations, the schedules, the metrics and the alerts: as a store on a database is."""

    @property
    def configurations(self) -> ConfigurationStore:
        """What all operators share to start from."""

    @property
    def schedules(self) -> ScheduleStore:
        """When pipelines start by themselves."""

    @property
    def metrics(self) -> MetricsStore:
        """What the runs come to."""

    @property
    def retention(self) -> RetentionStore:
        """How long runs are kept."""

    @property
    def figures(self) -> FiguresStore:
        """What each run's work amounts to."""

    @property
    def alerts(self) -> AlertStore:
        """Whom to tell, and of what."""

    @property
    def outbox(self) -> Outbox:
        """What waits to be told."""


# --- Spark ----------------------------------------------------------------------------------------------------------


class BatchState(StrEnum):
    """The states of a batch in Livy's words, the ones that a batch can be in."""

    STARTING = "starting"
    RUNNING = "running"
    SUCCESS = "success"
    DEAD = "dead"
    KILLED = "killed"

    @property
    def is_terminal(self) -> bool:
        """Whether the batch has ended."""
        return self in (BatchState.SUCCESS, BatchState.DEAD, BatchState.KILLED)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its server reports it."""

    batch_id: int
    name: str | None
    state: BatchState
    application_id: str | None
    ui_url: str | None
    log_tail: tuple[str, ...]
    generation: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    """The signal that ended the driver, if one did."""
    signalled: bool | None = None
    """Whether the server sent a signal before the driver's exit; None where the server does not say."""
    ended_ago: float | None = None
    """Seconds since its end; None where the server does not say."""
    reason: str | None = None
    """The server's own words on the end, if it has any."""
    driver_ui_port: int | None = None
    """Where on the server's host the driver's own UI listens, for people; None where that is not said."""
    driver_ui_host: str | None = None
    """The address there that it listens on; None where that is not said."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The answer to a fence: while done is false, ask again."""

    name: str
    generation: str | None
    done: bool
    started: bool
    """False: it never started, and never will."""
    state: BatchState | None
    signalled: bool
    """Whether the exit came after a signal of the server."""
    exit_code: int | None
    ended_ago: float | None


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Which Spark server answers."""

    url: str
    generation: str | None
    """None on a Livy that is not ours."""
    version: str

    @property
    def can_fence(self) -> bool:
        """Whether it can promise that a name never starts."""
        return self.generation is not None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a batch's log."""

    start: int
    total: int
    lines: Sequence[str]


class SparkServer(Protocol):
    """What runs the pipelines. Every call has a deadline and raises SparkUnavailable or SparkRefused."""

    @property
    def url(self) -> str:
        """The server's address, without secrets."""

    def identity(self, *, fresh: bool = False) -> ServerIdentity:
        """Which server this is; asked once, then as every later answer of the server says it."""

    def contact(self) -> Contact:
        """Whether the server answered this process's last request; asks nothing."""

    def precheck(self, configuration: Configuration) -> None:
        """Refuse what is surely wrong before anything is recorded. Raises ConfigurationInvalid; asks no server."""

    def submit(self, name: str, configuration: Configuration, timeout: float, generation: str | None = None) -> Batch:
        """Launch under a name, once, within timeout seconds, on the server of that generation and no other.

        Raises SparkRefused, SparkNotConnected or SparkUnclear.
        """

    def find(self, name: str) -> Batch | None:
        """The batch of that name; None only when the server itself says that it has none."""

    def fence(self, name: str, grace_seconds: float) -> Fence:
        """One step of making sure that nothing of the name lives or ever starts; SparkRefused where it can't."""

    def kill(self, name: str) -> None:
        """Livy's plain DELETE, for servers that can't fence; its success proves nothing."""

    def alive(self, prefix: str) -> list[Batch]:
        """The batches that have not ended and whose names begin with prefix."""

    def log(self, name: str, start: int | None = None, size: int = 100) -> LogPage:
        """Lines of the log from start; None: the last ones."""

    def progress(self, batch: Batch) -> Progress | None:
        """What the driver's own REST API says, or None while it says nothing."""

    def close(self) -> None:
        """Close every connection."""
