"""Alerts: of what somebody is told, by whom, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pipeline_gui.pipeline.ports import Actor, Installation
from pipeline_gui.pipeline.run import RunRecord


class Condition(StrEnum):
    """Of what a rule tells."""

    FAILED = "failed"
    ENDED = "ended"
    """However it ended."""
    RECOVERED = "recovered"
    """It completed, and the run of the same pipeline before it had failed."""
    SLOW = "slow"
    """It lasts longer than its own past lets expect."""
    LIMIT = "limit"
    """It lasts longer than so many minutes; it is not stopped by that."""
    MISSED = "missed"
    """A time of a schedule started nothing: nobody was there in time, or the start was refused."""
    LOST_CONTACT = "lost_contact"
    """Nobody had an answer from Spark about what runs for so many minutes."""

    @property
    def has_minutes(self) -> bool:
        """Whether it is after so many minutes."""
        return self in (Condition.LIMIT, Condition.LOST_CONTACT)


TEST = "test"
"""What stands for the condition of a message by which somebody tries a receiver."""
TEST_SECONDS = 20.0
"""Within so long a service takes a test, or nobody does."""
GIVE_UP_SECONDS = 86_400.0
"""After so long a message is given up, and shown as undelivered."""
REFUSED_SECONDS = 3600.0
"""The same for one that its receiver refuses, so that those behind it have their turn."""


class MessageState(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENT = "sent"
    """The receiver took it."""
    UNDELIVERED = "undelivered"
    """It was tried for long, and given up."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule in its present revision."""

    alert_id: int
    name: str
    revision: int
    condition: Condition
    pipeline: str | None
    """Only of this one; None: of each."""
    minutes: float | None
    receiver: str
    """The name under which a service knows whom to tell, and how."""
    is_enabled: bool
    changed_by: str
    changed_at: datetime | None

    def is_about(self, pipeline: str) -> bool:
        """Whether it is about a pipeline of this name; as the database's triggers compare."""
        return self.pipeline is None or self.pipeline.lower() == pipeline.lower()


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, or was."""

    message_id: int
    alert_name: str
    receiver: str
    condition: str
    """One of Condition, or TEST."""
    run_id: str | None
    facts: dict[str, Any]
    made_at: datetime
    state: MessageState
    attempts: int
    next_at: datetime | None
    answer: str | None
    """The receiver's last answer, or why there was none."""
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiverName:
    """A receiver as everybody may know it."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class DeliveringService:
    """A service that was there a moment ago."""

    actor: str
    receivers: Sequence[ReceiverName]
    trouble: str | None


@dataclass(frozen=True, slots=True)
class AlarmState:
    """What decides on alerts that come with time, read at one go."""

    now: datetime
    rules: Sequence[Alert]
    """Those that are enabled, and have told nothing of this run yet."""
    running: RunRecord | None


class AlertStore(Protocol):
    """Where rules are kept, and what they tell. Deadlines and errors as ScheduleStore's."""

    def all(self) -> list[Alert]:
        """All of them, by name."""

    def find(self, name_key: str) -> Alert | None:
        """The one of a name."""

    def create(self, values: dict[str, Any], actor: Actor) -> Alert:
        """Save a new one. Raises ConfigurationInvalid where the name is taken."""

    def replace(self, alert_id: int, revision: int, values: dict[str, Any], actor: Actor) -> Alert | None:
        """Change one, compare-and-set on its revision; None when it was lost."""

    def delete(self, alert_id: int, revision: int, actor: Actor) -> bool:
        """Delete one, compare-and-set on its revision; its messages stay."""

    def messages(self, alert_id: int | None, limit: int) -> list[Message]:
        """The last messages of one rule, or of all, newest first."""

    def message(self, message_id: int) -> Message | None:
        """One message."""

    def services(self) -> list[DeliveringService]:
        """Those that deliver now."""

    def ask_for_test(self, alert: Alert, actor: Actor) -> int:
        """Ask whoever delivers to try the receiver of a rule; the message's id."""

    def state(self) -> AlarmState:
        """What decides on alerts that come with time."""

    def tell(self, alert: Alert, run_id: str, facts: dict[str, Any], actor: Actor) -> None:
        """Let a rule tell of a run that runs: once, however many say so, and only as it was read."""


# --- delivery -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """Messages for one receiver that this process is to send as one, the oldest first."""

    claim: str
    messages: Sequence[Message]
    age_seconds: float
    """Of the newest, by the database's clock."""

    @property
    def first(self) -> Message:
        """The oldest, whose id names them all."""
        return self.messages[0]

    @property
    def is_test(self) -> bool:
        """Whether somebody tries the receiver."""
        return self.first.condition == TEST


class Outbox(Protocol):
    """What waits to be sent. Deadlines and errors as RunStore's."""

    def installation(self) -> Installation:
        """Which database this is."""

    def note_presence(
        self, service_id: str, receivers: Sequence[ReceiverName], trouble: str | None, actor: Actor
    ) -> None:
        """Say that this service delivers, and to whom."""

    def withdraw(self, service_id: str, actor: Actor) -> None:
        """Say that it does no more."""

    def claim(self, receivers: Sequence[str], claim: str, actor: Actor) -> Claimed | None:
        """The next of these receivers' messages that is due; nobody else gets it until the claim runs out."""

    def sent(self, claimed: Claimed, answer: str, actor: Actor) -> None:
        """They were taken by the receiver."""

    def put_off(self, claimed: Claimed, seconds: float, answer: str, actor: Actor) -> None:
        """They were not; again in so many seconds. Only as long as the claim is ours."""

    def give_up(self, claimed: Claimed, answer: str, actor: Actor) -> None:
        """They never will be. Only as long as the claim is ours."""

    def tidy(self, actor: Actor) -> None:
        """Give up what nobody could take for too long, and forget what is old."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words."""

    key: str
    """The same at each attempt, so that a receiver can tell a repetition."""
    title: str
    """One line."""
    text: str
    link: str | None
    body: dict[str, Any]
    """For programs."""


class NotDelivered(Exception):
    """A receiver did not take it; the text is a sentence, without secrets."""

    def __init__(self, sentence: str, *, is_refusal: bool = False) -> None:
        super().__init__(sentence)
        self.is_refusal = is_refusal
        """Whether the receiver understood it and will not have it, so that asking for long is of no use."""


class Receiver(Protocol):
    """Somebody to tell."""

    @property
    def name(self) -> ReceiverName:
        """How everybody knows it."""

    def send(self, letter: Letter) -> str:
        """Tell it, within half a minute or so; its answer in words. Raises NotDelivered."""


class Receivers(Protocol):
    """All that a service knows."""

    @property
    def trouble(self) -> str | None:
        """Why they can't be used, in a sentence."""

    def all(self) -> dict[str, Receiver]:
        """By name, as they are now."""
