"""How a start is recorded: in one commit, in the single place, and what else of ours may still live."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from psycopg import errors as pg

from pipeline_gui.pipeline.errors import FiredBefore, RunBusy, StoreRefused, StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.record import Actor, Inserted, NewRun
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.start_key import StartedBefore
from pipeline_gui.store.queries import NOT_GONE, NOW, RUNNING, record_columns
from pipeline_gui.store.rows import record_of
from pipeline_gui.store.session import Session, Statement
from pipeline_gui.store.values import clean_text, json_text

if TYPE_CHECKING:
    from pipeline_gui.pipeline.schedule import Firing

# Whether NOT_GONE has anything for a start; mostly not. While its own run holds the place, every other has ended.
ANY_NOT_GONE = "SELECT EXISTS (SELECT FROM pipeline_run_engine WHERE NOT gone AND run_id <> %(run_id)s)"

INSERT = f"""
    WITH run AS (
        INSERT INTO pipeline_runs (run_id, command, status, start_time, metadata)
        VALUES (%(run_id)s, %(command)s, 'running', {NOW}, %(metadata)s::jsonb)
        RETURNING run_id, command, status, start_time, end_time, duration, error_message, metadata
    ), engine AS (
        INSERT INTO pipeline_run_engine
            (run_id, batch_name, phase, spark_url, generation, grace_seconds, timeout_seconds)
        VALUES (%(run_id)s, %(batch_name)s, 'starting', %(spark_url)s, %(generation)s, %(grace_seconds)s,
                %(timeout_seconds)s::float8)
        RETURNING *
    )
    SELECT {record_columns("run", "engine")} FROM run, engine
"""

INSERT_START_KEY = """
    INSERT INTO pipeline_start_keys (key_hash, fingerprint, run_id)
    VALUES (%(key_hash)s, %(fingerprint)s, %(run_id)s)
"""

# Raises where it was decided already, so that the whole transaction is no more.
FIRE = """
    SELECT pipeline_gui_fire(%(schedule_id)s, %(revision)s, %(due)s::timestamp, %(run_id)s, %(number)s, %(retry_of)s)
"""


def insert(session: Session, new: NewRun, actor: Actor) -> Inserted:
    """Record a new running run with phase starting, in one commit.

    Raises RunBusy, StartedBefore for a start key that was used, or StoreRefused in a copy.
    """
    if not session.installation().is_original:
        raise StoreRefused(
            f"The database “{session.target.database}” is a copy of another, so nothing starts here. Run "
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
        keys = [(INSERT_START_KEY, key)]
    if new.firing is not None:
        keys.append((FIRE, _fired(new.firing, new.run_id)))
    try:
        return _insert(session, values, keys, actor)
    except RunBusy as busy:
        if busy.run_id is not None:
            raise
    # The other ended between our INSERT and our look: the place was free again.
    return _insert(session, values, keys, actor)


def _insert(session: Session, values: dict[str, Any], keys: list[Statement], actor: Actor) -> Inserted:
    try:
        *_, inserted, some_not_gone = session.write(
            [*keys, (INSERT, values), (ANY_NOT_GONE, {"run_id": values["run_id"]})], actor
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
        others = session.read(RUNNING, {})
        raise RunBusy(record_of(others[0]).run.run_id if others else None) from None
    return Inserted(record_of(inserted[0]), _not_gone_after_insert(session) if some_not_gone[0][0] else ())


def _not_gone_after_insert(session: Session) -> tuple[RunRecord, ...]:
    try:
        return tuple(record_of(row) for row in session.read(NOT_GONE, {}))
    except StoreUnavailable as error:
        raise StoreUnclear(f"The run is recorded, but not what may still live: {error}") from error


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
