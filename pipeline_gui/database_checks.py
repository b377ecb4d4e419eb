"""What the doctor looks at in the database; it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
from psycopg.abc import Query
from psycopg.rows import TupleRow

from pipeline_gui.finding import Finding
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.store import queries
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.errors import connection_error, statement_error
from pipeline_gui.store.migrate import check_schema
from pipeline_gui.store.target import Target, parse_target

LOOK_SECONDS = 10.0
LARGEST_SKEW_SECONDS = 5.0
"""Beyond this, times on this computer's screens are confusing; nothing is decided from them."""

# Only tables and columns that every operator may read; an index that failed to build is there and not valid.
_INDEX = """
    SELECT bool_or(index.indisvalid AND index.indisunique) FROM pg_index AS index
    WHERE index.indrelid = to_regclass('pipeline_runs')
      AND index.indexrelid::regclass::text LIKE '%pipeline_runs_one_running'
"""
_RUNNING = f"SELECT run_id FROM pipeline_runs AS run WHERE {queries.is_running('run.status')} ORDER BY run_id LIMIT 20"
_RIGHTS = """
    SELECT has_table_privilege('pipeline_runs', 'SELECT') AND has_table_privilege('pipeline_run_engine', 'SELECT'),
           has_any_column_privilege('pipeline_runs', 'INSERT') AND has_any_column_privilege('pipeline_runs', 'UPDATE')
               AND has_any_column_privilege('pipeline_run_engine', 'INSERT')
               AND has_any_column_privilege('pipeline_run_engine', 'UPDATE')
"""
_WATCHER = f"SELECT actor, expires_at > {queries.NOW} FROM pipeline_watcher WHERE holder IS NOT NULL"
_SCHEDULES = "SELECT count(*) FROM pipeline_schedules WHERE is_enabled"
_NOT_GONE = "SELECT run_id FROM pipeline_run_engine WHERE NOT gone ORDER BY run_id LIMIT 20"


def examine_database(url: str) -> Iterator[Finding]:
    """Look at the database that a libpq URL names; every look has a deadline."""
    try:
        target = parse_target(url, "pipeline-gui doctor")
        connection = _connect(target)
    except PipelineError as error:
        yield Finding("database", False, str(error))
        return
    try:
        with connection, connection.until(time.monotonic() + LOOK_SECONDS):
            yield from _examine(connection, target, url)
    except psycopg.Error as error:
        yield Finding("database", False, str(statement_error(error, target, writing=False)))
    except PipelineError as error:
        yield Finding("database", False, str(error))


def _connect(target: Target) -> BoundedConnection:
    try:
        return BoundedConnection.connect(target.conninfo)
    except psycopg.Error as error:
        raise connection_error(error, target) from None


def _examine(connection: BoundedConnection, target: Target, url: str) -> Iterator[Finding]:
    version = connection.info.server_version // 10_000
    yield Finding("database", True, f"“{target.database}” at {target.place} answers (PostgreSQL {version}).")
    yield _clock(connection)
    table = _one(connection, "SELECT to_regclass('pipeline_runs') IS NOT NULL")
    running = [row[0] for row in connection.execute(_RUNNING)] if table and table[0] else []
    if len(running) > 1:
        yield Finding(
            "one run at a time", False,
            f"{len(running)} rows are marked running: {', '.join(running)}. Find out which one does run, "
            "mark the others as failed, then run “pipeline-gui migrate”.",
        )  # fmt: skip
    state = check_schema(url)
    if state.newer is not None:
        yield Finding("schema", False, state.newer)
    elif not state.is_ready:
        has = "is not prepared" if state.version is None else f"has version {state.version} of {state.known}"
        yield Finding("schema", False, f"It {has}: run “pipeline-gui migrate” with a role that owns the database.")
        return
    else:
        yield Finding("schema", True, f"It is prepared (version {state.version}).")
    index = _one(connection, _INDEX)
    if not (index and index[0]):
        yield Finding(
            "one run at a time", False,
            "The unique index pipeline_runs_one_running is missing or not valid, so two runs at once are possible. "
            "Restore it from pipeline_gui/store/migrations/0001_runs.sql.",
        )  # fmt: skip
    elif len(running) < 2:
        yield Finding("one run at a time", True, "The database allows one running row.")
    yield from _identity(connection)
    yield from _rights(connection)
    yield from _runs(connection, running)
    yield from _schedules(connection)


def _clock(connection: BoundedConnection) -> Finding:
    before = datetime.now(UTC)
    row = _one(connection, "SELECT clock_timestamp()")
    after = datetime.now(UTC)
    if row is None:
        return Finding("clock", None, "The database did not say what time it is.")
    ahead = (before + (after - before) / 2 - row[0]).total_seconds()
    if abs(ahead) <= LARGEST_SKEW_SECONDS:
        return Finding("clock", True, "This computer and the database agree on the time.")
    way = "ahead of" if ahead > 0 else "behind"
    return Finding(
        "clock", False,
        f"This computer's clock is {duration_text(abs(ahead))} {way} the database's, so the times shown here mislead; "
        "runs are recorded by the database's. Switch on time synchronisation.",
    )  # fmt: skip


def _identity(connection: BoundedConnection) -> Iterator[Finding]:
    row = _one(connection, queries.INSTALLATION)
    if row is None:
        sentence = "The installation id is lost: run “pipeline-gui migrate --new-identity”."
        yield Finding("identity", False, sentence)
    elif not row[1]:
        yield Finding(
            "identity", False,
            "This database is a copy of another one, so nothing is started or watched from it. Run “pipeline-gui "
            "migrate --new-identity” if the original lives on, “--moved” if it is no more.",
        )  # fmt: skip
    else:
        yield Finding("identity", True, f"It is the installation {row[0]}, and the original.")


def _rights(connection: BoundedConnection) -> Iterator[Finding]:
    row = _one(connection, _RIGHTS)
    may_read, may_write = row or (False, False)
    user = connection.info.user
    if may_write:
        yield Finding("rights", True, f"The role {user} may start and stop.")
    elif may_read:
        yield Finding("rights", None, f"The role {user} may look, but neither start nor stop (a viewer).")
    else:
        yield Finding("rights", False, f"The role {user} may not read the runs: ask for the role pipeline_gui_viewer.")


def _runs(connection: BoundedConnection, running: list[str]) -> Iterator[Finding]:
    watcher = _one(connection, _WATCHER)
    if watcher and watcher[1]:
        yield Finding("watcher", True, f"{watcher[0] or 'A process'} watches.")
    elif running:
        sentence = f"Nobody watches {running[0]}: its end is recorded at the next look (status, runs, a window)."
        yield Finding("watcher", None, sentence)
    else:
        yield Finding("watcher", None, "Nobody watches now, and nothing needs to be watched.")
    left = [row[0] for row in connection.execute(_NOT_GONE) if row[0] not in running]
    if left:
        yield Finding(
            "earlier runs", None,
            f"Something of {', '.join(left)} may still live; the next start makes sure first that nothing does.",
        )  # fmt: skip


def _schedules(connection: BoundedConnection) -> Iterator[Finding]:
    services = connection.execute(queries.SERVICES).fetchall()
    count = _one(connection, _SCHEDULES)
    if services:
        there = ", ".join(f"{host} (since {since:%Y-%m-%d %H:%M} UTC)" for _actor, host, since in services[:5])
        yield Finding("schedules", True, f"An always-on service is there to start what is due: {there}.")
    elif count and count[0]:
        are_on = "1 schedule is on" if count[0] == 1 else f"{count[0]} schedules are on"
        yield Finding(
            "schedules", None,
            f"{are_on}, and no always-on service is there: what is due starts only while some window is open. "
            "“pipeline-gui serve” is always on.",
        )  # fmt: skip


def _one(connection: BoundedConnection, query: Query) -> TupleRow | None:
    return connection.execute(query).fetchone()
