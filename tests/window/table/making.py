"""Rows and runs in any number."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_gui.pipeline.run import Run
from pipeline_gui.window.looks import look_of
from pipeline_gui.window.snapshot import RunRow

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STATUSES = ("completed", "failed", "stopped")


def row(run_id: str, status: str | None = "completed", **changes: Any) -> RunRow:
    """A row that ended after two minutes."""
    given = {
        "run_id": run_id,
        "status": status,
        "look": look_of(status),
        "pipeline": "flights",
        "by": "ana@ops-3",
        "outcome": "",
        "started": START,
        "ended": START + timedelta(minutes=2),
        "duration": 120.0,
        "error": None,
        "command": None,
        "running_since": None,
    }
    return RunRow(**(given | changes))


def rows(count: int, seed: int = 7) -> list[RunRow]:
    """Many different rows, newest start first."""
    dice = random.Random(seed)
    return [
        row(
            f"run-{number}",
            dice.choice(STATUSES),
            pipeline=f"pipeline {dice.randrange(100)}",
            duration=dice.random() * 5000,
            started=START - timedelta(minutes=number),
        )
        for number in range(count)
    ]


def past_runs(count: int, began: datetime | None = None) -> list[Run]:
    """Runs of the archive, newest start first, one each minute."""
    newest = began or datetime.now(UTC) - timedelta(days=3)
    return [
        Run(
            f"old-{number}",
            "spark-submit",
            STATUSES[number % 3],
            newest - timedelta(minutes=number),
            newest - timedelta(minutes=number) + timedelta(seconds=30),
            30.0,
            None,
            {"configuration": {"name": "flights"}, "started_by": "ana@ops-3", "started_from": "window"},
        )
        for number in range(count)
    ]
