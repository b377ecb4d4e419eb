"""The two protocols that the domain needs from the outside: a record of runs, and a Spark server.

The values that pass through them stand in ``record`` and ``batch``, and can be had from here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pipeline_gui.pipeline.batch import Batch, BatchState, Fence, LogPage, ServerIdentity
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.record import (
    Actor,
    Change,
    Contact,
    EngineChange,
    Event,
    Inserted,
    Installation,
    Lease,
    NewRun,
    PageKey,
    RunPage,
    StartedRun,
    Vitals,
)
from pipeline_gui.pipeline.run import Overview, Run, RunRecord

if TYPE_CHECKING:
    from pipeline_gui.pipeline.alert import AlertStore, Outbox
    from pipeline_gui.pipeline.configuration import Configuration
    from pipeline_gui.pipeline.figures import FiguresStore
    from pipeline_gui.pipeline.metrics import MetricsStore
    from pipeline_gui.pipeline.past_runs import PastRuns
    from pipeline_gui.pipeline.retention import RetentionStore
    from pipeline_gui.pipeline.saved import ConfigurationStore
    from pipeline_gui.pipeline.schedule import ScheduleStore

__all__ = [
    "Actor",
    "Archive",
    "Batch",
    "BatchState",
    "Change",
    "Contact",
    "EngineChange",
    "Event",
    "Fence",
    "Inserted",
    "Installation",
    "Lease",
    "LogPage",
    "NewRun",
    "PageKey",
    "RunPage",
    "RunStore",
    "ServerIdentity",
    "SparkServer",
    "StartedRun",
    "Subscription",
    "Vitals",
    "WholeRecord",
]

# --- the record -----------------------------------------------------------------------------------------------------


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
