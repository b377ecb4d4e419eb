"""The SQL that the store writes with, and the values that it takes: each is one round trip, and compares and sets.

Locks are always taken engine row first, then run row: two of our programs never wait for each other in a circle. Under
READ COMMITTED, who had to wait for a lock re-reads the row, so the loser of a race finds its condition false.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.record import Actor, EngineChange
from pipeline_gui.store.queries import LONGEST_DAYS, NOW, duration_of, is_running, record_columns
from pipeline_gui.store.values import bounded_text, clean_text, json_text

"""That PostgreSQL can reckon with."""
LONGEST_ERROR = 8_192
"""Bytes of an error message that are recorded; the log has the rest."""


def merged(metadata: str, summary: str) -> str:
    """Metadata with a summary merged in; what is not an object (other programs wrote it) is kept under ``value``."""
    return (
        f"CASE coalesce(jsonb_typeof({metadata}), 'null') WHEN 'object' THEN {metadata} WHEN 'null' THEN '{{}}'::jsonb"
        f" ELSE jsonb_build_object('value', {metadata}) END || {summary}"
    )


_HELD = """
    held AS MATERIALIZED (
        SELECT run_id, stop_requested_by FROM pipeline_run_engine
        WHERE run_id = %(run_id)s AND (%(rev)s::bigint IS NULL OR rev = %(rev)s::bigint)
        FOR UPDATE
    )"""

CHANGE = f"""
    WITH {_HELD}, run AS (
        UPDATE pipeline_runs AS run SET metadata = {merged("run.metadata", "%(summary)s::jsonb")}
        FROM held WHERE run.run_id = held.run_id AND {is_running("run.status")}
        RETURNING run.run_id
    )
    UPDATE pipeline_run_engine AS engine SET
        rev = engine.rev + 1,
        phase = coalesce(%(phase)s::text, engine.phase),
        generation = coalesce(%(generation)s::text, engine.generation),
        batch_id = coalesce(%(batch_id)s::bigint, engine.batch_id),
        application_id = coalesce(%(application_id)s::text, engine.application_id),
        unclear = coalesce(%(unclear)s::boolean, engine.unclear),
        contact_lost_at = CASE %(contact_lost)s::boolean
            WHEN true THEN coalesce(engine.contact_lost_at, {NOW}) WHEN false THEN NULL ELSE engine.contact_lost_at END,
        progress = coalesce(%(progress)s::jsonb, engine.progress)
    FROM run WHERE engine.run_id = run.run_id
    RETURNING engine.rev
"""

_STOPPING = (
    "jsonb_build_object('phase', 'stopping', 'stop_requested_by', coalesce(held.stop_requested_by, %(who)s::text))"
)

REQUEST_STOP = f"""
    WITH {_HELD}, run AS (
        UPDATE pipeline_runs AS run SET metadata = {merged("run.metadata", _STOPPING)}
        FROM held WHERE run.run_id = held.run_id AND {is_running("run.status")}
        RETURNING run.*
    ), engine AS (
        UPDATE pipeline_run_engine AS engine SET
            rev = engine.rev + 1,
            phase = 'stopping',
            grace_seconds = CASE WHEN engine.stop_requested_at IS NULL
                THEN coalesce(%(grace_seconds)s::float8, engine.grace_seconds)
                ELSE least(engine.grace_seconds, %(grace_seconds)s::float8) END,
            stop_reason = CASE WHEN engine.stop_requested_at IS NULL THEN %(reason)s::text ELSE engine.stop_reason END,
            stop_requested_at = coalesce(engine.stop_requested_at, {NOW}),
            stop_requested_by = coalesce(engine.stop_requested_by, %(who)s::text)
        FROM run WHERE engine.run_id = run.run_id
        RETURNING engine.*
    ), event AS (
        INSERT INTO pipeline_run_events (run_id, kind, actor, via, detail)
        SELECT run_id, 'stop requested', %(who)s, %(face)s, jsonb_strip_nulls(
            jsonb_build_object('grace_seconds', grace_seconds, 'because', %(reason)s::text))
        FROM engine
    )
    SELECT {record_columns("run", "engine")} FROM run, engine
"""

_OUTCOME = """%(summary)s::jsonb || CASE WHEN ended.stop_requested_by IS NULL THEN '{}'::jsonb
                ELSE jsonb_build_object('stopped_by', ended.stop_requested_by) END"""

# The end is counted back from the database's clock, never before the start: no duration is negative.
SETTLE = f"""
    WITH {_HELD}, ended AS MATERIALIZED (
        SELECT run_id, stop_requested_by,
               {NOW} - make_interval(secs => coalesce(%(ended_ago)s::float8, 0)) AS moment FROM held
    ), run AS (
        UPDATE pipeline_runs AS run SET
            status = %(status)s,
            end_time = greatest(run.start_time, ended.moment),
            duration = CASE WHEN isfinite(run.start_time)
                THEN extract(epoch FROM greatest(run.start_time, ended.moment) - run.start_time)::float8 END,
            error_message = %(error_message)s,
            metadata = ({merged("run.metadata", _OUTCOME)}) - 'phase'
        FROM ended WHERE run.run_id = ended.run_id AND {is_running("run.status")}
        RETURNING run.*
    ), engine AS (
        UPDATE pipeline_run_engine AS engine SET
            rev = engine.rev + 1,
            gone = engine.gone OR %(gone)s::boolean,
            abandoned = %(abandoned)s::boolean,
            exit_code = coalesce(%(exit_code)s::integer, engine.exit_code)
        FROM run WHERE engine.run_id = run.run_id
        RETURNING engine.*
    )
    SELECT {record_columns("run", "engine")} FROM run, engine
"""

MARK_GONE = f"""
    WITH engine AS (
        UPDATE pipeline_run_engine AS engine SET gone = true, rev = engine.rev + 1
        WHERE engine.run_id = %(run_id)s AND NOT engine.gone
          AND NOT EXISTS (SELECT FROM pipeline_runs AS run
                          WHERE run.run_id = engine.run_id AND {is_running("run.status")})
        RETURNING engine.run_id
    )
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, detail)
    SELECT run_id, 'gone', %(who)s, %(face)s, %(detail)s::jsonb FROM engine
    RETURNING event_id
"""

# The trigger writes the event, so who released it is in there.
RELEASE_FOREIGN = f"""
    UPDATE pipeline_runs AS run SET
        status = 'failed', end_time = greatest(run.start_time, {NOW}),
        duration = coalesce(run.duration, {duration_of("run")}),
        error_message = coalesce(nullif(run.error_message, '') || E'\\n', '') || %(message)s
    WHERE run.run_id = %(run_id)s AND {is_running("run.status")}
      AND NOT EXISTS (SELECT FROM pipeline_run_engine AS engine WHERE engine.run_id = run.run_id)
    RETURNING run.run_id
"""

ADD_EVENT = """
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, detail)
    VALUES (%(run_id)s, %(kind)s, %(who)s, %(face)s, %(detail)s::jsonb)
"""


def values_of_change(change: EngineChange) -> dict[str, Any]:
    """What CHANGE takes, besides the run and its rev."""
    summary = dict(change.summary)
    if change.phase is not None:
        summary["phase"] = change.phase.value
    if change.application_id is not None:
        summary["application_id"] = change.application_id
    if change.progress is not None:
        summary["progress"] = change.progress.sentence()
    return {
        "phase": None if change.phase is None else change.phase.value,
        "generation": change.generation,
        "batch_id": change.batch_id,
        "application_id": None if change.application_id is None else clean_text(change.application_id),
        "unclear": change.unclear,
        "contact_lost": change.contact_lost,
        "progress": None if change.progress is None else json_text(_progress_values(change.progress)),
        "summary": json_text(summary),
    }


def summary_of_ending(ending: Ending) -> dict[str, Any]:
    """What is told of an end, to people and in its event."""
    summary = dict(ending.detail)
    if ending.exit_code is not None:
        summary["exit_code"] = ending.exit_code
    if _ended_ago(ending) is None:
        summary["end_time_is"] = "when noticed"
    return summary


def values_of_ending(ending: Ending) -> dict[str, Any]:
    """What SETTLE takes, besides the run and its rev."""
    return {
        "status": ending.status.value,
        "ended_ago": _ended_ago(ending),
        "error_message": bounded_text(ending.error_message, LONGEST_ERROR),
        "summary": json_text(summary_of_ending(ending)),
        "gone": ending.gone,
        "abandoned": ending.abandoned,
        "exit_code": ending.exit_code,
    }


def _ended_ago(ending: Ending) -> float | None:
    ended_ago = ending.ended_ago
    if ended_ago is None or not math.isfinite(ended_ago):
        return None
    return min(max(ended_ago, 0.0), LONGEST_DAYS * 86_400)


def who(actor: Actor) -> dict[str, str]:
    """Whose event it is."""
    return {"who": clean_text(str(actor)), "face": clean_text(actor.via)}


def _progress_values(progress: Progress) -> dict[str, Any]:
    """Progress as it is stored: only what is known."""
    values: dict[str, Any] = msgspec.to_builtins(progress)
    return {key: value for key, value in values.items() if value is not None}
