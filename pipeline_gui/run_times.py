"""The times of a run as people read them, also of rows that other programs wrote in local time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline_gui.pipeline.answers import RunAnswer


def moment_of(
    run: RunAnswer, key: Literal["start_time", "end_time"], old_rows_timezone: str | None = None
) -> datetime | None:
    """A time of a run, aware. The setting says the zone in which other programs wrote theirs; ours are UTC."""
    text = run[key]
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    is_ours = "started_from" in (run["metadata"] or {})
    if old_rows_timezone is None or is_ours:
        return moment
    from zoneinfo import ZoneInfo  # most have no such rows

    return moment.replace(tzinfo=ZoneInfo(old_rows_timezone))
