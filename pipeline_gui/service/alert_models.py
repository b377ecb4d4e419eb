"""The shapes of what is asked and answered of alerts, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline_gui.service.model_fields import MOMENT

_CONDITION = Field(
    description="failed; ended: however it ends; recovered: completed after a failure; slow: it lasts longer than its "
    "own past lets expect; limit: longer than `minutes`; missed: a time of a schedule started nothing; lost_contact: "
    "Spark is silent for `minutes`"
)
Condition = Literal["failed", "ended", "recovered", "slow", "limit", "missed", "lost_contact"]


class AlertBody(BaseModel):
    """A rule: of what which receiver is told."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"condition": "failed", "pipeline": "flights", "receiver": "ops-mail"}]},
    )

    condition: Condition = _CONDITION
    receiver: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}$", description="its name in the service's receivers.toml"
    )
    name: str | None = Field(None, max_length=200, description="another name renames it")
    pipeline: str | None = Field(None, max_length=200, description="only of this one; none: of each")
    minutes: float | None = Field(None, gt=0, le=525_600, description="for limit and lost_contact")
    is_enabled: bool | None = Field(None, description="false: it tells nothing until it is resumed")


class Alert(BaseModel):
    """A rule."""

    name: str
    condition: Condition = _CONDITION
    pipeline: str | None = Field(description="null: of each pipeline")
    minutes: float | None
    receiver: str
    is_enabled: bool
    revision: int
    changed_by: str
    changed_at: str | None = MOMENT
    not_delivered_because: str | None = Field(description="why nothing would reach the receiver now; null: it would")


class Expected(BaseModel):
    """How long the rule's pipeline takes, by its own past."""

    usual_seconds: float = Field(description="the median of the runs that completed")
    unusual_from_seconds: float = Field(description="what lasts longer is told of")
    runs: int = Field(description="how many it is made from")


class Message(BaseModel):
    """What was told, or is to be."""

    id: int
    alert: str
    receiver: str
    condition: str = Field(description="the rule's, or test")
    run_id: str | None
    sentence: str
    made_at: str | None = MOMENT
    state: Literal["waiting", "sent", "undelivered"]
    attempts: int
    next_at: str | None = MOMENT
    answer: str | None = Field(description="the receiver's last answer, or why there was none")
    ended_at: str | None = MOMENT


class AlertDetail(Alert):
    """A rule, how long its pipeline takes where it goes by that, and its last hundred messages, newest first."""

    expected: Expected | None
    messages: list[Message]


class ReceiverName(BaseModel):
    """Somebody to tell, as everybody may know it."""

    name: str
    kind: Literal["mail", "webhook", "apprise"]


class Alerts(BaseModel):
    """All rules by name, and whom the services can tell."""

    alerts: list[Alert]
    receivers: list[ReceiverName]


class Messages(BaseModel):
    """The last messages of all rules, newest first."""

    messages: list[Message]


class Tried(BaseModel):
    """What came of a test."""

    success: bool
    message: str = Field(description="the receiver's own answer, or why there was none")
