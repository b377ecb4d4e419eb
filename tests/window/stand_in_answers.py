"""What a controller may answer, for the window's own states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_gui.pipeline.answers import ContactAnswer, RunAnswer, StatusAnswer, utc_text

REACHED: ContactAnswer = {"reachable": True, "since": utc_text(datetime.now(UTC)), "reason": None}


def away(reason: str, seconds: float = 5.0) -> ContactAnswer:
    """A server that can't be reached for so long."""
    return {"reachable": False, "since": utc_text(datetime.now(UTC) - timedelta(seconds=seconds)), "reason": reason}


def idle(**changes: Any) -> StatusAnswer:
    """Nothing runs."""
    status: dict[str, Any] = {
        "is_running": False,
        "run_id": None,
        "status": None,
        "phase": None,
        "sentence": "No pipeline is running.",
        "pipeline": None,
        "started_by": None,
        "start_time": None,
        "duration": None,
        "stop_requested_by": None,
        "application_id": None,
        "ours": None,
        "progress": None,
        "database": REACHED,
        "spark": REACHED,
    }
    return status | changes  # type: ignore[return-value]


def running(run_id: str = "flights-1", seconds: float = 764.2, **changes: Any) -> StatusAnswer:
    """A run of ours is running for so long."""
    return idle(
        **{
            "is_running": True,
            "run_id": run_id,
            "status": "running",
            "phase": "running",
            "sentence": "“flights” is running.",
            "pipeline": "flights",
            "started_by": "ana@ops-3",
            "start_time": utc_text(datetime.now(UTC) - timedelta(seconds=seconds)),
            "duration": seconds,
            "ours": True,
        }
        | changes
    )


def unknown(reason: str = "The database at db.example:5432 does not answer.") -> StatusAnswer:
    """The database can't be asked."""
    return idle(is_running=None, status="unknown", sentence=reason, database=away(reason))


def run(
    run_id: str,
    status: str | None,
    *,
    name: str | None = None,
    ago: float | None = 3600.0,
    duration: float | None = 120.0,
    error: str | None = None,
    by: str | None = "ana@ops-3",
    **metadata: Any,
) -> RunAnswer:
    """A run of the history that started so many seconds ago."""
    started = None if ago is None else datetime.now(UTC) - timedelta(seconds=ago)
    ended = (
        None if started is None or duration is None or status == "running" else started + timedelta(seconds=duration)
    )
    about: dict[str, Any] = {"configuration": {"name": name or run_id.rsplit("-", 1)[0]}, **metadata}
    if by is not None:
        about |= {"started_by": by, "started_from": "window"}
    return {
        "run_id": run_id,
        "command": f"spark-submit --name {run_id} /srv/{run_id}.py",
        "status": status,
        "start_time": utc_text(started),
        "end_time": utc_text(ended),
        "duration": duration,
        "error_message": error,
        "metadata": about,
    }
