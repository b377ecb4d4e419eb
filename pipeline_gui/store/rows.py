"""Rows of the database as the domain's values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline_gui.pipeline.engine import Engine, Progress
from pipeline_gui.pipeline.past_runs import PastRun
from pipeline_gui.pipeline.record import Change, Event
from pipeline_gui.pipeline.run import Phase, Run, RunRecord, RunStatus
from pipeline_gui.store.values import json_value, utc_moment

_RUN = 8
_AGE, _WATCHED, _ENGINE = _RUN, _RUN + 1, _RUN + 2


def run_of(row: Sequence[Any]) -> Run:
    """A row of queries.run_columns, whatever another program wrote into it."""
    run_id, command, status, start_time, end_time, duration, error_message, metadata = row[:_RUN]
    if duration is not None and not math.isfinite(duration):
        duration = None
    if metadata is not None and not isinstance(metadata, dict):
        metadata = {"value": metadata}
    return Run(run_id, command, status, start_time, end_time, duration, error_message, metadata)


def past_run_of(row: Sequence[Any]) -> PastRun:
    """A row of queries.PAST_RUNS; a duration that can't be one is none."""
    run_id, status, start_time, duration = row
    if duration is not None and not 0 <= duration < math.inf:
        duration = None
    return PastRun(run_id, RunStatus(status), start_time, duration)


class KeptRuns:
    """Decodes the rows of one reading after the other; a row that is as it was before is not decoded again."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Sequence[Any], Run]] = {}

    def runs_of(self, rows: Sequence[Sequence[Any]]) -> tuple[Run, ...]:
        """The runs of raw rows of queries.run_columns; an unchanged one is the same object as before. Thread-safe."""
        before = self._kept
        now: dict[str, tuple[Sequence[Any], Run]] = {}
        runs = []
        for row in rows:
            known = before.get(row[0])
            if known is None or known[0] != row:
                known = row, _run_of_raw(row)
            now[row[0]] = known
            runs.append(known[1])
        self._kept = now
        return tuple(runs)


def _run_of_raw(row: Sequence[Any]) -> Run:
    run_id, command, status, start_time, end_time, duration, error_message, metadata = row
    moments = (None if value is None else utc_moment(value) for value in (start_time, end_time))
    about = None if metadata is None else json_value(metadata)
    return run_of((run_id, command, status, *moments, duration, error_message, about))


def record_of(row: Sequence[Any]) -> RunRecord:
    """A row of queries.record_columns; a run whose row was deleted has its id and nothing else."""
    engine = engine_of(row[_ENGINE:])
    run = run_of(row)
    if engine is not None and not run.run_id:
        run = Run(engine.run_id, None, None, None, None, None, None, None)
    return RunRecord(run=run, engine=engine, age_seconds=row[_AGE], watched=row[_WATCHED])


def engine_of(row: Sequence[Any]) -> Engine | None:
    """The engine's part of a row; None where the run is another program's."""
    if row[0] is None:
        return None
    (
        run_id, rev, phase, spark_url, generation, batch_id, application_id, grace_seconds,
        stop_requested_at, stop_requested_by, unclear, contact_lost_at, gone, progress,
        timeout_seconds, stop_reason, abandoned, batch_name,
    ) = row  # fmt: skip
    return Engine(
        run_id=run_id,
        rev=rev,
        phase=Phase(phase),
        spark_url=spark_url,
        generation=generation,
        batch_id=batch_id,
        application_id=application_id,
        grace_seconds=grace_seconds,
        stop_requested_at=stop_requested_at,
        stop_requested_by=stop_requested_by,
        unclear=unclear,
        contact_lost_at=contact_lost_at,
        gone=gone,
        progress=_progress_of(progress),
        timeout_seconds=timeout_seconds,
        stop_reason=stop_reason,
        abandoned=abandoned,
        batch_name=batch_name,
    )


def progress_values(progress: Progress) -> dict[str, Any]:
    """Progress as it is stored: only what is known."""
    values: dict[str, Any] = msgspec.to_builtins(progress)
    return {key: value for key, value in values.items() if value is not None}


def _progress_of(values: Any) -> Progress | None:
    if values is None:
        return None
    try:
        return msgspec.convert(values, Progress)
    except msgspec.ValidationError:
        # A later version of the program may know more; progress is for people, and no reason to know nothing.
        return None


def event_of(row: Sequence[Any]) -> Event:
    """A row of queries.EVENTS."""
    event_id, run_id, at, kind, actor, via, old_status, new_status, detail = row
    return Event(
        event_id=event_id,
        run_id=run_id,
        at=at,
        kind=kind,
        actor=actor,
        via=via,
        old_status=old_status,
        new_status=new_status,
        detail=detail if isinstance(detail, dict) else {"value": detail},
    )


def change_of(payload: str) -> Change:
    """A NOTIFY's payload; one that is not ours means that anything may have changed."""
    try:
        return msgspec.json.decode(payload.encode("utf-8", "replace"), type=Change)
    except msgspec.DecodeError:
        return Change(None, None)
