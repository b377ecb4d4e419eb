"""What the terminal's JSON and the API answer of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from pipeline_gui.alerts.owner import delivery_sentence
from pipeline_gui.pipeline.alert import Alert, DeliveringService, Message, ReceiverName
from pipeline_gui.pipeline.alert_texts import sentence_of
from pipeline_gui.pipeline.answers import utc_text
from pipeline_gui.pipeline.expectation import Expectation


class AlertAnswer(TypedDict):
    """A rule."""

    name: str
    condition: str
    pipeline: str | None
    minutes: float | None
    receiver: str
    is_enabled: bool
    revision: int
    changed_by: str
    changed_at: str | None
    not_delivered_because: str | None


class MessageAnswer(TypedDict):
    """What was told, or is to be."""

    id: int
    alert: str
    receiver: str
    condition: str
    run_id: str | None
    sentence: str
    made_at: str | None
    state: str
    attempts: int
    next_at: str | None
    answer: str | None
    ended_at: str | None


class ExpectedAnswer(TypedDict):
    """How long a pipeline takes, in seconds."""

    usual_seconds: float
    unusual_from_seconds: float
    runs: int


class AlertDetailAnswer(AlertAnswer):
    """A rule, what it goes by, and what it told."""

    expected: ExpectedAnswer | None
    messages: list[MessageAnswer]


class ReceiverAnswer(TypedDict):
    """Somebody to tell."""

    name: str
    kind: str


def alert_answer(alert: Alert, services: list[DeliveringService]) -> AlertAnswer:
    """A rule."""
    return {
        "name": alert.name,
        "condition": alert.condition.value,
        "pipeline": alert.pipeline,
        "minutes": alert.minutes,
        "receiver": alert.receiver,
        "is_enabled": alert.is_enabled,
        "revision": alert.revision,
        "changed_by": alert.changed_by,
        "changed_at": utc_text(alert.changed_at),
        "not_delivered_because": delivery_sentence(alert.receiver, services),
    }


def detail_answer(
    alert: Alert, services: list[DeliveringService], expected: Expectation | None, messages: Sequence[Message]
) -> AlertDetailAnswer:
    """A rule, what it goes by, and what it told, newest first."""
    estimate: ExpectedAnswer | None = None
    if expected is not None:
        estimate = {
            "usual_seconds": expected.middle, "unusual_from_seconds": expected.longest, "runs": expected.runs,
        }  # fmt: skip
    told = [message_answer(message) for message in messages]
    return {**alert_answer(alert, services), "expected": estimate, "messages": told}


def message_answer(message: Message) -> MessageAnswer:
    """What was told, or is to be."""
    is_waiting = message.ended_at is None
    return {
        "id": message.message_id,
        "alert": message.alert_name,
        "receiver": message.receiver,
        "condition": message.condition,
        "run_id": message.run_id,
        "sentence": sentence_of(message),
        "made_at": utc_text(message.made_at),
        "state": message.state.value,
        "attempts": message.attempts,
        "next_at": utc_text(message.next_at) if is_waiting else None,
        "answer": message.answer,
        "ended_at": utc_text(message.ended_at),
    }


def receiver_answers(receivers: Sequence[ReceiverName]) -> list[ReceiverAnswer]:
    """Who can be told."""
    return [{"name": one.name, "kind": one.kind} for one in receivers]
