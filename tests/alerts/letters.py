"""Letters and claims, as tests send them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline_gui.pipeline.alert import Claimed, Letter, Message, MessageState

NOTICED = datetime(2026, 11, 24, 2, 12, 45, tzinfo=UTC)
FACTS = {
    "pipeline": "flights",
    "status": "failed",
    "start_time": "2026-11-24T02:00:00.25",
    "end_time": "2026-11-24T02:12:44.25",
    "duration": 764.0,
    "error_message": "no such column: dep",
    "started_by": "ana@ops-3",
    "started_from": "window",
}


def message(number: int = 7, condition: str = "failed", **facts: Any) -> Message:
    """One that waits."""
    run_id = None if condition in ("missed", "test") else f"flights-{number}"
    given = {**FACTS, **facts} if run_id else facts
    return Message(
        number, "Nightly", "ops", condition, run_id, given, NOTICED, MessageState.WAITING, 1, NOTICED, None, None
    )


def claimed(*messages: Message) -> Claimed:
    """A claim of them."""
    return Claimed("c", messages or (message(),), 0.0)


def letter(title: str = "✖ “flights” failed", text: str = "It failed.\n.\nSee the log: ö") -> Letter:
    """A letter."""
    return Letter("abc-7", title, text, None, {"id": "abc-7", "title": title, "text": text})
