"""The record of every run, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.past_runs import PastRuns
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
from pipeline_gui.store import queries, writing
from pipeline_gui.store.configurations import PostgresConfigurations
from pipeline_gui.store.history_rows import event_of, past_run_of
from pipeline_gui.store.inserting import insert
from pipeline_gui.store.listener import CONFIGURATIONS, SCHEDULES, Listener
from pipeline_gui.store.overview import overview_readings
from pipeline_gui.store.reading import Reading
from pipeline_gui.store.rows import KeptRuns, overview_of, record_of, run_of
from pipeline_gui.store.session import Session, Timeouts
from pipeline_gui.store.target import parse_target
from pipeline_gui.store.values import clean_text, json_text

if TYPE_CHECKING:
    from pipeline_gui.store.alerts import PostgresAlerts
    from pipeline_gui.store.figures import PostgresFigures
    from pipeline_gui.store.metrics import PostgresMetrics
    from pipeline_gui.store.outbox import PostgresOutbox
    from pipeline_gui.store.retention import PostgresRetention
    from pipeline_gui.store.schedules import PostgresSchedules

_PAST_DAYS = 90.0
_NOBODY = Actor("", "", "")


def open_store(
    url: str, *, application_name: str, max_connections: int, timeouts: Timeouts | None = None
) -> PostgresStore:
    """A store for a libpq URL; connects when first asked. Raises StoreRefused for what is no address."""
    target = parse_target(url, application_name)
    return PostgresStore(Session(target, max_connections, timeouts or Timeouts()))


class PostgresStore:
    """RunStore on PostgreSQL. Thread-safe; finds the database again by itself."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept = KeptRuns()
        self._kept_page = KeptRuns()
        self.configurations = PostgresConfigurations(session)
        """What all operators share to start from."""

    @cached_property
    def schedules(self) -> PostgresSchedules:
        """When pipelines start by themselves; loaded when it is first asked for, since a window shows runs first."""
        from pipeline_gui.store.schedules import PostgresSchedules

        return PostgresSchedules(self._session)

    @cached_property
    def metrics(self) -> PostgresMetrics:
        """What the runs come to; loaded when it is first asked for."""
        from pipeline_gui.store.metrics import PostgresMetrics

        return PostgresMetrics(self._session)

    @cached_property
    def figures(self) -> PostgresFigures:
        """What each run's work amounts to; loaded when it is first asked for."""
        from pipeline_gui.store.figures import PostgresFigures

        return PostgresFigures(self._session)

    @cached_property
    def retention(self) -> PostgresRetention:
        """How long runs are kept; loaded when it is first asked for."""
        from pipeline_gui.store.retention import PostgresRetention

        return PostgresRetention(self._session)

    @cached_property
    def alerts(self) -> PostgresAlerts:
        """Whom to tell, and of what."""
        from pipeline_gui.store.alerts import PostgresAlerts

        return PostgresAlerts(self._session)

    @cached_property
    def outbox(self) -> PostgresOutbox:
        """What waits to be told, for who delivers it."""
        from pipeline_gui.store.outbox import PostgresOutbox

        return PostgresOutbox(self._session)

    def contact(self) -> Contact:
        """Whether the database answered this process's last call; asks nothing."""
        return self._session.contact.now

    def installation(self) -> Installation:
        """Which database this is. Raises StoreRefused when its schema is not this program's."""
        return self._session.installation()

    # --- reading --------------------------------------------------------------------------------------------------

    def running(self) -> RunRecord | None:
        """The row that holds the single place, whoever made it."""
        rows = self._session.read(queries.RUNNING, {})
        return record_of(rows[0]) if rows else None

    def find(self, run_id: str) -> RunRecord | None:
        """One run, read on the primary."""
        rows = self._session.read(queries.FIND, {"run_id": clean_text(run_id)})
        return record_of(rows[0]) if rows else None

    def recent(self, days: float, limit: int | None = None) -> list[Run]:
        """The rows that run now, or started or ended within the last days; newest start first, null times last."""
        return [run_of(row) for row in self._session.read(queries.RECENT, queries.since(days, limit))]

    def overview(self, days: float) -> Overview:
        """The running row and the rows of the last days, in one round trip; an unchanged run is the same object."""
        running, recent = self._session.read_together(overview_readings(days))
        return overview_of(running, recent, self._kept)

    def not_gone(self) -> list[RunRecord]:
        """Ended runs of ours of which something may still live, also those whose row was deleted."""
        return [record_of(row) for row in self._session.read(queries.NOT_GONE, {})]

    def events(self, run_id: str) -> list[Event]:
        """The events of a run, oldest first."""
        return [event_of(row) for row in self._session.read(queries.EVENTS, {"run_id": clean_text(run_id)})]

    def find_start(self, key_hash: str) -> StartedRun | None:
        """What was started under a key, read on the primary."""
        rows = self._session.read(queries.FIND_START, {"key_hash": key_hash})
        return StartedRun(*rows[0]) if rows else None

    # --- in portions ----------------------------------------------------------------------------------------------

    def page(self, days: float, *, limit: int, after: PageKey | None = None, statuses: Sequence[str] = ()) -> RunPage:
        """What recent() gives, limit rows at a time; statuses: none means all. An unchanged run is the same object."""
        values = {
            **queries.since(days, limit + 1),
            "statuses": list(statuses) or None,
            "is_first": after is None,
            "start_epoch": after.start_epoch if after else None,
            "run_id": clean_text(after.run_id) if after else None,
        }
        (rows,) = self._session.read_together([Reading(queries.PAGE, values, raw=True)])
        last = rows[limit - 1] if len(rows) > limit else None
        runs = self._kept_page.runs_of([row[:-1] for row in rows[:limit]])
        return RunPage(runs, PageKey(last[-1], last[0]) if last else None)

    def newest_event(self) -> int:
        """The id of the newest event, 0 where there is none."""
        return int(self._session.read(queries.NEWEST_EVENT, {})[0][0])

    def events_after(self, event_id: int, also: Sequence[int], limit: int) -> list[Event]:
        """Events with greater ids, and those of the ids besides that exist by now; in the order of their ids."""
        values = {"event_id": event_id, "also": list(also), "limit": limit}
        return [event_of(row) for row in self._session.read(queries.EVENTS_AFTER, values)]

    def vitals(self) -> Vitals:
        """What alerts look at."""
        return Vitals(*self._session.read(queries.VITALS, {})[0])

    def past_runs(self, pipeline: str, limit: int) -> PastRuns:
        """The last runs of a pipeline that ended, of the newest 20,000 runs of the last 90 days."""
        values = {**queries.since(_PAST_DAYS, limit), "pipeline": clean_text(pipeline)}
        rows = self._session.read(queries.PAST_RUNS, values)
        return PastRuns(pipeline, tuple(past_run_of(row) for row in reversed(rows)))

    # --- writing --------------------------------------------------------------------------------------------------

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        """Record a new running run with phase starting, in one commit.

        Raises RunBusy, StartedBefore for a start key that was used, or StoreRefused in a copy.
        """
        return insert(self._session, new, actor)

    def change(self, run_id: str, rev: int, change: EngineChange, actor: Actor) -> int | None:
        """Compare-and-set on running and rev; the new rev, or None when it was lost."""
        # What was seen of Spark can be seen again: should the database crash before it is on disk, the run is looked up
        # by its name once more. That a starter does not know, only it could say.
        durable = change.unclear is True
        values = {"run_id": run_id, "rev": rev, **writing.values_of_change(change)}
        (rows,) = self._session.write([(writing.CHANGE, values)], actor, durable=durable)
        return rows[0][0] if rows else None

    def request_stop(
        self, run_id: str, grace_seconds: float | None, actor: Actor, reason: str | None = None
    ) -> RunRecord | None:
        """Record the wish to stop a running run of ours; a later, smaller grace wins. None when it does not run.

        reason: a sentence that becomes the row's error message; the first wish's counts.
        """
        values = {"run_id": run_id, "rev": None, "grace_seconds": grace_seconds, "reason": reason, **writing.who(actor)}
        (rows,) = self._session.write([(writing.REQUEST_STOP, values)], actor)
        return record_of(rows[0]) if rows else None

    def settle(self, run_id: str, rev: int | None, ending: Ending, actor: Actor) -> RunRecord | None:
        """End a running run, compare-and-set on rev (None: a fact the server reported). None when it was lost."""
        values = {"run_id": run_id, "rev": rev, **writing.values_of_ending(ending)}
        detail = {**writing.summary_of_ending(ending), "gone": ending.gone}
        (rows,) = self._session.write([(writing.SETTLE, values)], actor, detail=detail)
        return record_of(rows[0]) if rows else None

    def mark_gone(self, run_id: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Record the evidence that nothing of an ended run lives, with an event; a second time does nothing."""
        values = {"run_id": run_id, "detail": json_text(detail), **writing.who(actor)}
        self._session.write([(writing.MARK_GONE, values)], actor)

    def release_foreign(self, run_id: str, actor: Actor) -> bool:
        """End a running row of another program as failed, as a person says that it is over; False: there is none."""
        values = {"run_id": run_id, "message": f"Released by {clean_text(str(actor))}, who said that it is over."}
        (rows,) = self._session.write([(writing.RELEASE_FOREIGN, values)], actor, detail={"released": True})
        return bool(rows)

    def add_event(self, run_id: str, kind: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Append an event that is not a change of status."""
        values = {"run_id": clean_text(run_id), "kind": clean_text(kind), "detail": json_text(detail)}
        self._session.write([(writing.ADD_EVENT, {**values, **writing.who(actor)})], actor)

    # --- the watcher's lease --------------------------------------------------------------------------------------

    def take_lease(self, holder: str, actor: Actor) -> Lease | None:
        """Take or renew the watcher's lease (2.25 s, the database's clock); None when another's, or in a copy."""
        if not self.installation().may_act:
            return None
        values = {"holder": holder, **writing.who(actor)}
        (rows,) = self._session.write([(queries.TAKE_LEASE, values)], actor, lease=True, durable=False)
        return Lease(*rows[0]) if rows else None

    def release_lease(self, holder: str) -> None:
        """Give the lease up, if held."""
        self._session.write([(queries.RELEASE_LEASE, {"holder": holder})], _NOBODY, lease=True, durable=False)

    def announce_service(self, service_id: str, actor: Actor) -> None:
        """Say that a process that is always on watches; it is believed for 30 s, by the database's clock."""
        values = {"service_id": service_id, "host": clean_text(actor.host), "who": clean_text(str(actor))}
        self._session.write([(queries.ANNOUNCE_SERVICE, values)], actor, lease=True, durable=False)

    def withdraw_service(self, service_id: str) -> None:
        """Say that it ends."""
        values = {"service_id": service_id}
        self._session.write([(queries.WITHDRAW_SERVICE, values)], _NOBODY, lease=True, durable=False)

    # --- listening ------------------------------------------------------------------------------------------------

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None] | None = None,
        on_schedules: Callable[[], None] | None = None,
    ) -> Listener:
        """LISTEN on a connection and a thread of its own; reconnects by itself, then reports Change(None, None)."""
        session = self._session
        told = {CONFIGURATIONS: on_configurations, SCHEDULES: on_schedules}
        lists = {channel: callback for channel, callback in told.items() if callback is not None}
        return Listener(session.target, on_change, session.contact, on_lists=lists)

    def close(self) -> None:
        """Close every connection but those of subscriptions."""
        self._session.close()
