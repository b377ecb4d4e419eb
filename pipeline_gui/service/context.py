"""What the routes share, and what they ask of a request."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from fastapi import Request

from pipeline_gui.backend import Backend
from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.service.access import Access, Identity
from pipeline_gui.service.changes import Changes
from pipeline_gui.service.dashboard import PipelineDashboard
from pipeline_gui.service.metrics import Metrics
from pipeline_gui.service.problems import Problem
from pipeline_gui.service.streams import Streams
from pipeline_gui.service.threads import Workers

_log = logging.getLogger("pipeline_gui.service.action")


@dataclass
class Context:
    """One service."""

    backend: Backend
    access: Access
    cookie: str
    is_secure: bool
    metrics: Metrics
    workers: Workers
    streams: Streams
    changes: Changes
    dashboard: PipelineDashboard
    is_draining: bool = False
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("pipeline_gui.service"))


def identity_of(request: Request) -> Identity:
    """Who asks; the guard has seen to it that it is known."""
    identity = request.state.identity
    assert isinstance(identity, Identity)
    return identity


def client_of(request: Request) -> str:
    """From which address."""
    return str(request.state.client)


def actor_of(context: Context, request: Request) -> Actor:
    """As whom something is done for a request. Raises Problem: a service that ends begins nothing."""
    if context.is_draining:
        raise Problem(503, "draining", "The service is ending; ask again in a moment.", headers={"Retry-After": "5"})
    return Actor(user=identity_of(request).user, host=client_of(request), via="service")


def log_action(request: Request, action: str, answer: ActionAnswer) -> None:
    """Who asked for what, and what became of it."""
    _log.info(
        "%s: %s",
        action,
        answer["message"],
        extra={
            "action": action,
            "run_id": answer["run_id"],
            "success": answer["success"],
            "reason": answer.get("reason"),
            "user": identity_of(request).user,
            "client": client_of(request),
        },
    )
