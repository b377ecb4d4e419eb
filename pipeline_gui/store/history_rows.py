"""Rows of what is asked for of the past: what happened to a run, and how the former runs of a pipeline ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline_gui.pipeline.past_runs import PastRun
from pipeline_gui.pipeline.record import Event
from pipeline_gui.pipeline.status import RunStatus


def past_run_of(row: Sequence[Any]) -> PastRun:
    """A row of queries.PAST_RUNS; a duration that can't be one is none."""
    run_id, status, start_time, duration = row
    if duration is not None and not 0 <= duration < math.inf:
        duration = None
    return PastRun(run_id, RunStatus(status), start_time, duration)


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
