"""The SQL that the store reads with, and what all of its SQL is made of."""

from __future__ import annotations

import math
from typing import Any

LONGEST_DAYS = 1e6

NOW = "(clock_timestamp() AT TIME ZONE 'UTC')"
"""The moment, as ``TIMESTAMP`` holds it: UTC, by the database's clock."""


def is_running(status: str) -> str:
    """The condition of the unique index, so that the index answers it."""
    return f"lower(btrim({status})) = 'running'"


def run_columns(run: str) -> str:
    """The columns that rows.run_of reads; other programs' rows may hold infinity or null anywhere."""
    return f"""coalesce({run}.run_id, ''), {run}.command, {run}.status, {run}.start_time, {run}.end_time,
        CASE WHEN {is_running(f"{run}.status")} THEN {duration_of(run)} ELSE {run}.duration END,
        {run}.error_message, {run}.metadata"""


def age_of(run: str) -> str:
    """Seconds since a run's start; null where it can't be said, negative where the clock was set back since."""
    return f"CASE WHEN isfinite({run}.start_time) THEN extract(epoch FROM {NOW} - {run}.start_time)::float8 END"


def duration_of(run: str) -> str:
    """Seconds that a run has lasted, for people: never negative."""
    return f"CASE WHEN {age_of(run)} < 0 THEN 0 ELSE {age_of(run)} END"


_ENGINE = (
    "run_id, rev, phase, spark_url, generation, batch_id, application_id, grace_seconds, stop_requested_at, "
    "stop_requested_by, unclear, contact_lost_at, gone, progress, timeout_seconds, stop_reason, abandoned, batch_name"
)

# A dead watcher is replaced within 3 s: its lease, and the half second until another looks.
_LEASE = "interval '2.25 seconds'"
# Not further from now than a lease lasts: when the clock is set back, none must last for that hour.
_HELD_NOW = f"(holder IS NOT NULL AND expires_at > {NOW} AND expires_at <= {NOW} + {_LEASE})"
WATCHED = f"EXISTS (SELECT FROM pipeline_watcher WHERE {_HELD_NOW})"


def record_columns(run: str, engine: str) -> str:
    """The columns that rows.record_of reads."""
    of_engine = ", ".join(f"{engine}.{column.strip()}" for column in _ENGINE.split(","))
    return f"{run_columns(run)}, {age_of(run)}, {WATCHED}, {of_engine}"


# --- before a statement ---------------------------------------------------------------------------------------------

# A statement of ours wants a handful of rows by an index. Without statistics (just restored), or among millions of
# rows, the planner expects more, and would read the whole table, start processes or compile code for them.
_FEW_ROWS = """set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true),
           set_config('jit', 'off', true)"""

READ_SETTINGS = f"SELECT set_config('statement_timeout', %(statement_timeout)s, true), {_FEW_ROWS}"

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"

WRITE_SETTINGS = f"""
    SELECT set_config('pipeline_gui.actor', %(actor)s, true),
           set_config('pipeline_gui.via', %(via)s, true),
           set_config('pipeline_gui.detail', %(detail)s, true),
           set_config('lock_timeout', %(lock_timeout)s, true),
           set_config('statement_timeout', %(statement_timeout)s, true),
           set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true),
           set_config('synchronous_commit', %(synchronous_commit)s, true),
           {_FEW_ROWS}
"""

# --- reading --------------------------------------------------------------------------------------------------------

INSTALLATION = """
    SELECT installation_id,
           (system_identifier, database_oid) = (
               SELECT control.system_identifier, here.oid::bigint
               FROM pg_control_system() AS control, pg_database AS here WHERE here.datname = current_database()),
           (SELECT max(number) FROM pipeline_migrations),
           -- As JSON: before migration 13 there is no such column, and that is to be said in other words.
           (SELECT max(coalesce((to_jsonb(applied) ->> 'oldest_reader')::integer, number))
            FROM pipeline_migrations AS applied)
    FROM pipeline_installation
"""

RUNNING = f"""
    SELECT {record_columns("run", "engine")}
    FROM pipeline_runs AS run LEFT JOIN pipeline_run_engine AS engine ON engine.run_id = run.run_id
    WHERE {is_running("run.status")}
    LIMIT 1
"""

FIND = f"""
    SELECT {record_columns("run", "engine")}
    FROM pipeline_runs AS run LEFT JOIN pipeline_run_engine AS engine ON engine.run_id = run.run_id
    WHERE run.run_id = %(run_id)s
"""

# A row that another program deleted is null here, but for its id.
NOT_GONE = f"""
    SELECT {record_columns("run", "engine")}
    FROM pipeline_run_engine AS engine LEFT JOIN pipeline_runs AS run ON run.run_id = engine.run_id
    WHERE NOT engine.gone AND ({is_running("run.status")}) IS NOT TRUE
    ORDER BY engine.run_id
"""

# Two index scans and never the table: what was touched since, and the one that runs however long ago it began. LIMIT
# says that there is one at most: the planner can't see it in the index.
_SINCE = "(statement_timestamp() AT TIME ZONE 'UTC') - make_interval(secs => %(seconds)s)"
RECENT = f"""
    SELECT {run_columns("run")} FROM (
        SELECT * FROM pipeline_runs WHERE GREATEST(start_time, end_time) >= {_SINCE}
        UNION ALL
        (SELECT * FROM pipeline_runs
         WHERE {is_running("status")} AND (GREATEST(start_time, end_time) >= {_SINCE}) IS NOT TRUE
         LIMIT 1)
    ) AS run
    ORDER BY run.start_time DESC NULLS LAST, run.run_id DESC
    LIMIT %(limit)s
"""


def since(days: float, limit: int | None = None) -> dict[str, Any]:
    """The values of RECENT: whatever number of days is asked for."""
    days = 0.0 if math.isnan(days) else min(max(days, 0.0), LONGEST_DAYS)
    return {"seconds": days * 86_400, "limit": limit}


# The same in pages. A page ends at a start and an id; the start as the database writes it, since it may be infinite, or
# in a year that Python has not. Only the last column, the key, is more than run_columns.
_START_EPOCH = "extract(epoch FROM run.start_time)"
_BEHIND = f"""(%(is_first)s OR CASE
        WHEN %(start_epoch)s::numeric IS NULL THEN run.start_time IS NULL AND run.run_id < %(run_id)s
        ELSE run.start_time IS NULL OR ({_START_EPOCH}, run.run_id) < (%(start_epoch)s::numeric, %(run_id)s) END)"""
PAGE = f"""
    SELECT {run_columns("run")}, {_START_EPOCH}::text FROM (
        SELECT * FROM pipeline_runs WHERE GREATEST(start_time, end_time) >= {_SINCE}
        UNION ALL
        (SELECT * FROM pipeline_runs
         WHERE {is_running("status")} AND (GREATEST(start_time, end_time) >= {_SINCE}) IS NOT TRUE
         LIMIT 1)
    ) AS run
    WHERE (%(statuses)s::text[] IS NULL OR lower(btrim(run.status)) = ANY (%(statuses)s)) AND {_BEHIND}
    ORDER BY run.start_time DESC NULLS LAST, run.run_id DESC
    LIMIT %(limit)s
"""

FIND_START = "SELECT run_id, fingerprint FROM pipeline_start_keys WHERE key_hash = %(key_hash)s"

EVENTS = """
    SELECT event_id, run_id, at, kind, actor, via, old_status, new_status, detail
    FROM pipeline_run_events WHERE run_id = %(run_id)s ORDER BY event_id
"""

NEWEST_EVENT = "SELECT coalesce(max(event_id), 0) FROM pipeline_run_events"

EVENTS_AFTER = """
    SELECT event_id, run_id, at, kind, actor, via, old_status, new_status, detail
    FROM pipeline_run_events WHERE event_id > %(event_id)s OR event_id = ANY (%(also)s::bigint[])
    ORDER BY event_id LIMIT %(limit)s
"""

# Backwards along the index, and not beyond a month: among millions of failed runs, none may have completed.
VITALS = f"""
    SELECT (SELECT greatest(0, extract(epoch FROM {NOW} - end_time))::float8 FROM pipeline_runs
            WHERE GREATEST(start_time, end_time) >= (statement_timestamp() AT TIME ZONE 'UTC') - interval '31 days'
              AND lower(btrim(status)) = 'completed' AND isfinite(end_time)
            ORDER BY GREATEST(start_time, end_time) DESC LIMIT 1),
           {WATCHED},
           (SELECT count(*) FROM pipeline_alert_messages WHERE state = 'waiting')
"""

# The name is inside other programs' JSON, on which there is no index: so many rows are looked through, and no more.
PAST_RUNS = f"""
    SELECT coalesce(run_id, ''), lower(btrim(status)), start_time, duration FROM (
        SELECT run_id, status, start_time, end_time, duration, metadata FROM pipeline_runs
        WHERE GREATEST(start_time, end_time) >= {_SINCE}
        ORDER BY GREATEST(start_time, end_time) DESC LIMIT 20000
    ) AS newest
    WHERE metadata #>> '{{configuration,name}}' = %(pipeline)s
      AND lower(btrim(status)) IN ('completed', 'failed', 'stopped')
    ORDER BY GREATEST(start_time, end_time) DESC, run_id DESC
    LIMIT %(limit)s
"""

# --- the watcher's lease --------------------------------------------------------------------------------------------

TAKE_LEASE = f"""
    UPDATE pipeline_watcher SET holder = %(holder)s, actor = %(who)s, expires_at = {NOW} + {_LEASE}
    WHERE holder = %(holder)s OR {_HELD_NOW} IS NOT TRUE
    RETURNING EXISTS (SELECT FROM pipeline_runs WHERE {is_running("status")}),
        EXISTS (SELECT FROM pipeline_schedules), EXISTS (SELECT FROM pipeline_alerts),
        EXISTS (SELECT FROM pipeline_run_days_changed)
"""

RELEASE_LEASE = "UPDATE pipeline_watcher SET holder = NULL, expires_at = NULL WHERE holder = %(holder)s RETURNING true"

# --- who is always on -----------------------------------------------------------------------------------------------

# Neither longer ago nor further ahead: when the clock is set back, none must be there for that hour.
_SERVICE = "interval '30 seconds'"
SERVICES = f"""
    SELECT actor, host, since FROM pipeline_services
    WHERE seen_at BETWEEN {NOW} - {_SERVICE} AND {NOW} + {_SERVICE} ORDER BY since, service_id
"""

# What is left of those that were killed goes with the next one's first word.
ANNOUNCE_SERVICE = f"""
    WITH forgotten AS (
        DELETE FROM pipeline_services WHERE seen_at < {NOW} - interval '1 day' AND service_id <> %(service_id)s
    )
    INSERT INTO pipeline_services (service_id, actor, host) VALUES (%(service_id)s, %(who)s, %(host)s)
    ON CONFLICT (service_id) DO UPDATE SET seen_at = {NOW}
"""

WITHDRAW_SERVICE = "DELETE FROM pipeline_services WHERE service_id = %(service_id)s"
