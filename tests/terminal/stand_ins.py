"""A controller that says what a test tells it, for what the terminal makes of its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline_gui.pipeline.answers import LogAnswer, RunAnswer, StatusAnswer

RUN_ID = "flights-0123456789ab"


def run_answer(**changes: Any) -> RunAnswer:
    """A completed run of ours."""
    answer: dict[str, Any] = {
        "run_id": RUN_ID,
        "command": "spark-submit /srv/flights.py",
        "status": "completed",
        "start_time": "2026-11-23T14:02:11.000000Z",
        "end_time": "2026-11-23T14:14:55.000000Z",
        "duration": 764.0,
        "error_message": None,
        "metadata": {"configuration": {"name": "flights"}, "started_by": "ana@ops-3", "started_from": "terminal"},
    }
    return answer | changes  # type: ignore[return-value]


def status_answer(**changes: Any) -> StatusAnswer:
    """The state while that run runs."""
    answer: dict[str, Any] = {
        "is_running": True,
        "run_id": RUN_ID,
        "status": "running",
        "phase": "running",
        "sentence": "“flights” is running.",
        "pipeline": "flights",
        "started_by": "ana@ops-3",
        "start_time": "2026-11-23T14:02:11.000000Z",
        "duration": 12.0,
        "stop_requested_by": None,
        "application_id": "local-1",
        "ours": True,
        "progress": None,
        "database": {"reachable": True, "since": None, "reason": None},
        "spark": {"reachable": True, "since": None, "reason": None},
    }
    return answer | changes  # type: ignore[return-value]


def unknown_answer(sentence: str = "Can't reach PostgreSQL.") -> StatusAnswer:
    """The state while the database is away."""
    return status_answer(is_running=None, run_id=None, status="unknown", sentence=sentence, phase=None)


class StandInController:
    """Answers from scripts: each call takes the next answer, and the last one stays."""

    def __init__(
        self, statuses: list[StatusAnswer], runs: list[RunAnswer | Exception | None], log: list[str] | None = None
    ) -> None:
        self._statuses = statuses
        self._runs = runs
        self.log = log or []
        self.log_errors: list[Exception | None] = []
        self.before_status: Callable[[], None] = lambda: None

    def get_pipeline_status(self) -> StatusAnswer:
        """The next state."""
        self.before_status()
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]

    def get_run(self, run_id: str) -> RunAnswer | None:
        """The next run, or error."""
        run = self._runs.pop(0) if len(self._runs) > 1 else self._runs[0]
        if isinstance(run, Exception):
            raise run
        return run

    def get_run_log(self, run_id: str | None = None, start: int | None = None, size: int = 100) -> LogAnswer:
        """A page of the log, or the next error."""
        error = self.log_errors.pop(0) if self.log_errors else None
        if error is not None:
            raise error
        lines = ["stdout: ", *self.log, "\nstderr: "]
        begin = start or 0
        return {"run_id": RUN_ID, "start": begin, "total": len(lines), "lines": lines[begin : begin + size]}
