"""The record of every run, on PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg import errors as pg

from pipeline_gui.pipeline.errors import FiredBefore, RunBusy, StoreRefused, StoreUnavailable, StoreUnclear
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
from pipeline_gui.pipeline.run import Ending, Overview, Run, RunRecord
from pipeline_gui.pipeline.start_key import StartedBefore
from pipeline_gui.store import queries
from pipeline_gui.store.configurations import PostgresConfigurations
from pipeline_gui.store.listener import CONFIGURATIONS, SCHEDULES, Listener
from pipeline_gui.store.rows import KeptRuns, event_of, past_run_of, progress_values, record_of, run_of
from pipeline_gui.store.session import Reading, Session, Statement, Timeouts
from pipeline_gui.store.target import parse_target
from pipeline_gui.store.values import bounded_text, clean_text, json_text

if TYPE_CHECKING:
    from pipeline_gui.pipeline.schedule import Firing
    from pipeline_gui.store.alerts import PostgresAlerts
    from pipeline_gui.store.figures import PostgresFigures
    from pipeline_gui.store.metrics import PostgresMetrics
    from pipeline_gui.store.outbox import PostgresOutbox
    from pipeline_gui.store.retention import PostgresRetention
    from pipeline_gui.store.schedules import PostgresSchedules

LONGEST_ERROR = 8_192
"""Bytes of an error message that are recorded; the log has the rest."""
_PAST_DAYS = 90.0
_LONGEST_DAYS = 1e6
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
        return [run_of(row) for row in self._session.read(queries.RECENT, _since(days, limit))]

    def overview(self, days: float) -> Overview:
        """The running row and the rows of the last days, in one round trip; an unchanged run is the same object."""
        running, recent = self._session.read_together(
            [Reading(queries.RUNNING, {}), Reading(queries.RECENT, _since(days), raw=True)]
        )
        return Overview(record_of(running[0]) if running else None, self._kept.runs_of(recent))

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
            **_since(days, limit + 1),
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
        values = {**_since(_PAST_DAYS, limit), "pipeline": clean_text(pipeline)}
        rows = self._session.read(queries.PAST_RUNS, values)
        return PastRuns(pipeline, tuple(past_run_of(row) for row in reversed(rows)))

    # --- writing --------------------------------------------------------------------------------------------------

    def insert(self, new: NewRun, actor: Actor) -> Inserted:
        """Record a new running run with phase starting, in one commit.

        Raises RunBusy, StartedBefore for a start key that was used, or StoreRefused in a copy.
        """
        if not self.installation().is_original:
            raise StoreRefused(
                f"The database “{self._session.target.database}” is a copy of another, so nothing starts here. Run "
                "“pipeline-gui migrate --moved” if the original is no more, or “--new-identity” if both are to live."
            )
        values = {
            "run_id": new.run_id,
            "command": clean_text(new.command),
            "metadata": json_text({**new.metadata, "phase": "starting"}),
            "batch_name": new.batch_name,
            "spark_url": new.spark_url,
            "generation": new.generation,
            "grace_seconds": new.grace_seconds,
            "timeout_seconds": new.timeout_seconds,
        }
        keys: list[Statement] = []
        if new.start_key is not None:
            key = {"key_hash": new.start_key.key_hash, "fingerprint": new.start_key.fingerprint, "run_id": new.run_id}
            # First: who comes second with the same key waits here for the first, and is told that it was used.
            keys = [(queries.INSERT_START_KEY, key)]
        if new.firing is not None:
            keys.append((queries.FIRE, _fired(new.firing, new.run_id)))
        try:
            return self._insert(values, keys, actor)
        except RunBusy as busy:
            if busy.run_id is not None:
                raise
        # The other ended between our INSERT and our look: the place was free again.
        return self._insert(values, keys, actor)

    def _insert(self, values: dict[str, Any], keys: list[Statement], actor: Actor) -> Inserted:
        try:
            *_, inserted, some_not_gone = self._session.write(
                [*keys, (queries.INSERT, values), (queries.ANY_NOT_GONE, {"run_id": values["run_id"]})], actor
            )
        except StoreRefused as error:
            cause = error.__cause__
            if not isinstance(cause, pg.UniqueViolation):
                raise
            if cause.diag.table_name == "pipeline_schedule_firings":
                raise FiredBefore("This time of the schedule was decided already.") from None
            if cause.diag.table_name == "pipeline_start_keys":
                raise StartedBefore("A start under this idempotency key is recorded already.") from None
            if cause.diag.constraint_name != "pipeline_runs_one_running":
                raise StoreRefused(f"A run with the id {values['run_id']} is recorded already.") from None
            other = self.running()
            raise RunBusy(other.run.run_id if other else None) from None
        return Inserted(record_of(inserted[0]), self._not_gone_after_insert() if some_not_gone[0][0] else ())

    def _not_gone_after_insert(self) -> tuple[RunRecord, ...]:
        try:
            return tuple(self.not_gone())
        except StoreUnavailable as error:
            raise StoreUnclear(f"The run is recorded, but not what may still live: {error}") from error

    def change(self, run_id: str, rev: int, change: EngineChange, actor: Actor) -> int | None:
        """Compare-and-set on running and rev; the new rev, or None when it was lost."""
        summary = dict(change.summary)
        if change.phase is not None:
            summary["phase"] = change.phase.value
        if change.application_id is not None:
            summary["application_id"] = change.application_id
        if change.progress is not None:
            summary["progress"] = change.progress.sentence()
        values = {
            "run_id": run_id,
            "rev": rev,
            "phase": None if change.phase is None else change.phase.value,
            "generation": change.generation,
            "batch_id": change.batch_id,
            "application_id": None if change.application_id is None else clean_text(change.application_id),
            "unclear": change.unclear,
            "contact_lost": change.contact_lost,
            "progress": None if change.progress is None else json_text(progress_values(change.progress)),
            "summary": json_text(summary),
        }
        # What was seen of Spark can be seen again: should the database crash before it is on disk, the run is looked up
        # by its name once more. That a starter does not know, only it could say.
        durable = change.unclear is True
        (rows,) = self._session.write([(queries.CHANGE, values)], actor, durable=durable)
        return rows[0][0] if rows else None

    def request_stop(
        self, run_id: str, grace_seconds: float | None, actor: Actor, reason: str | None = None
    ) -> RunRecord | None:
        """Record the wish to stop a running run of ours; a later, smaller grace wins. None when it does not run.

        reason: a sentence that becomes the row's error message; the first wish's counts.
        """
        values = {"run_id": run_id, "rev": None, "grace_seconds": grace_seconds, "reason": reason, **_who(actor)}
        (rows,) = self._session.write([(queries.REQUEST_STOP, values)], actor)
        return record_of(rows[0]) if rows else None

    def settle(self, run_id: str, rev: int | None, ending: Ending, actor: Actor) -> RunRecord | None:
        """End a running run, compare-and-set on rev (None: a fact the server reported). None when it was lost."""
        summary = dict(ending.detail)
        if ending.exit_code is not None:
            summary["exit_code"] = ending.exit_code
        ended_ago = ending.ended_ago
        if ended_ago is None or not math.isfinite(ended_ago):
            ended_ago = None
            summary["end_time_is"] = "when noticed"
        else:
            ended_ago = min(max(ended_ago, 0.0), _LONGEST_DAYS * 86_400)
        values = {
            "run_id": run_id,
            "rev": rev,
            "status": ending.status.value,
            "ended_ago": ended_ago,
            "error_message": bounded_text(ending.error_message, LONGEST_ERROR),
            "summary": json_text(summary),
            "gone": ending.gone,
            "abandoned": ending.abandoned,
            "exit_code": ending.exit_code,
        }
        detail = {**summary, "gone": ending.gone}
        (rows,) = self._session.write([(queries.SETTLE, values)], actor, detail=detail)
        return record_of(rows[0]) if rows else None

    def mark_gone(self, run_id: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Record the evidence that nothing of an ended run lives, with an event; a second time does nothing."""
        values = {"run_id": run_id, "detail": json_text(detail), **_who(actor)}
        self._session.write([(queries.MARK_GONE, values)], actor)

    def release_foreign(self, run_id: str, actor: Actor) -> bool:
        """End a running row of another program as failed, as a person says that it is over; False: there is none."""
        values = {"run_id": run_id, "message": f"Released by {clean_text(str(actor))}, who said that it is over."}
        (rows,) = self._session.write([(queries.RELEASE_FOREIGN, values)], actor, detail={"released": True})
        return bool(rows)

    def add_event(self, run_id: str, kind: str, actor: Actor, detail: dict[str, Any]) -> None:
        """Append an event that is not a change of status."""
        values = {"run_id": clean_text(run_id), "kind": clean_text(kind), "detail": json_text(detail), **_who(actor)}
        self._session.write([(queries.ADD_EVENT, values)], actor)

    # --- the watcher's lease --------------------------------------------------------------------------------------

    def take_lease(self, holder: str, actor: Actor) -> Lease | None:
        """Take or renew the watcher's lease (2.25 s, the database's clock); None when another's, or in a copy."""
        if not self.installation().may_act:
            return None
        values = {"holder": holder, **_who(actor)}
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


def _since(days: float, limit: int | None = None) -> dict[str, Any]:
    days = 0.0 if math.isnan(days) else min(max(days, 0.0), _LONGEST_DAYS)
    return {"seconds": days * 86_400, "limit": limit}


def _fired(firing: Firing, run_id: str) -> dict[str, Any]:
    due = firing.due.astimezone(UTC).replace(tzinfo=None)
    return {
        "schedule_id": firing.schedule_id,
        "revision": firing.revision,
        "due": due,
        "run_id": run_id,
        "number": firing.number,
        "retry_of": firing.retry_of,
    }


def _who(actor: Actor) -> dict[str, str]:
    return {"who": clean_text(str(actor)), "face": clean_text(actor.via)}
