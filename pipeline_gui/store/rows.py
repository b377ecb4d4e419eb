"""Rows of runs as the domain's values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline_gui.pipeline.run import Overview, Phase, Run, RunRecord
from pipeline_gui.store.values import json_value, utc_moment

if TYPE_CHECKING:
    from pipeline_gui.pipeline.engine import Engine, Progress

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


def overview_of(running: Sequence[Sequence[Any]], recent: Sequence[Sequence[Any]], kept: KeptRuns) -> Overview:
    """What overview.overview_readings found."""
    return Overview(record_of(running[0]) if running else None, kept.runs_of(recent))


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
    from pipeline_gui.pipeline.engine import Engine  # mostly nothing runs as a window opens

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


def _progress_of(values: Any) -> Progress | None:
    if values is None:
        return None
    import msgspec  # as long to load as all of this module's own: only what Spark told of a run of now needs it

    from pipeline_gui.pipeline.engine import Progress

    try:
        return msgspec.convert(values, Progress)
    except msgspec.ValidationError:
        # A later version of the program may know more; progress is for people, and no reason to know nothing.
        return None
