"""For those who run the service: alive, ready, and what to alert on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.metrics import MetricsPage
from pipeline_gui.service.context import Context
from pipeline_gui.service.documentation import problems
from pipeline_gui.service.metrics import DAYS
from pipeline_gui.service.models import Liveness, Readiness

READY_SECONDS = 1.0
"""For so long an answer is given again: anybody may ask, and each asks the database and Spark."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass
class _Looked:
    """The last look at what a start needs."""

    at: float = -READY_SECONDS
    failing: tuple[tuple[str, str], ...] = ()


def add_operations(app: FastAPI, context: Context) -> None:
    """/healthz, /readyz and /metrics."""
    looked = _Looked()
    looking = asyncio.Lock()

    @app.get(
        "/healthz",
        operation_id="getLiveness",
        summary="Whether the service is alive",
        response_model=Liveness,
        tags=["operations"],
        responses={503: {"model": Liveness, "description": "Its watcher is dead: start the service again."}},
        openapi_extra={"security": []},
    )
    async def get_liveness() -> Response:
        alive = is_alive(context)
        return _json({"status": "alive" if alive else "dead"}, 200 if alive else 503)

    @app.get(
        "/readyz",
        operation_id="getReadiness",
        summary="Whether a pipeline could be started, and why not",
        description="Reasons in words are for those who are known; anybody else is told which part fails.",
        response_model=Readiness,
        tags=["operations"],
        responses={503: {"model": Readiness, "description": "Not now."}},
        openapi_extra={"security": []},
    )
    async def get_readiness(request: Request) -> Response:
        async with looking:
            if time.monotonic() - looked.at > READY_SECONDS:
                looked.failing = await context.workers.reads.run(_failing, context)
                looked.at = time.monotonic()
        failing = looked.failing
        if context.is_draining:
            failing = (("draining", "The service is ending."), *failing)
        known = request.state.identity is not None
        body = {
            "ready": not failing,
            "reasons": [sentence for _, sentence in failing] if known else [],
            "failing": [part for part, _ in failing],
        }
        return _json(body, 503 if failing else 200)

    @app.get(
        "/metrics",
        operation_id="getMetrics",
        summary="What to alert on, for Prometheus",
        tags=["operations"],
        response_class=Response,
        responses={
            200: {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **problems(),
        },
    )
    async def get_metrics() -> Response:
        now = await context.workers.reads.run(_gauges, context)
        page = await context.workers.reads.run(_pipelines, context)
        text = await context.workers.reads.run(context.metrics.text, now, page)
        return Response(text, headers={**_NO_STORE, "Content-Type": METRICS_TYPE})


def is_alive(context: Context) -> bool:
    """Whether the service does its work: its watcher, too."""
    return context.backend.is_watching


def _failing(context: Context) -> tuple[tuple[str, str], ...]:
    """What keeps a start from being carried out, each with a sentence."""
    backend = context.backend
    found = []
    try:
        backend.store.running()  # asked for its answer's sake: the rest is known without asking
        installation = backend.store.installation()
        if not installation.is_original:
            found.append(("database", "The database is a copy of another one; nothing starts from it."))
        if installation.newer_schema is not None:
            found.append(("database", installation.newer_schema))
    except PipelineError as error:
        found.append(("database", str(error)))
    try:
        backend.spark.identity(fresh=True)
    except PipelineError as error:
        found.append(("spark", str(error)))
    if not backend.is_watching:
        found.append(("watcher", "The watcher is dead: start the service again."))
    return tuple(found)


def _gauges(context: Context) -> dict[str, float | None]:
    """The gauges of this moment."""
    backend = context.backend
    status = backend.controller.get_pipeline_status()
    values: dict[str, float | None] = {
        "running": None if status["is_running"] is None else float(status["is_running"]),
        "running_seconds": status["duration"],
        "database_up": _number(status["database"]["reachable"]),
        "spark_up": _number(status["spark"]["reachable"]),
        "lease_held": float(backend.holds_lease),
    }
    try:
        vitals = backend.archive.vitals()
    except PipelineError:
        return values
    return values | {
        "seconds_since_last_success": vitals.seconds_since_success,
        "watched": float(vitals.is_watched),
        "alerts_waiting": float(vitals.alerts_waiting),
    }


def _pipelines(context: Context) -> MetricsPage | None:
    try:
        return context.backend.metrics.page(DAYS)
    except PipelineError as error:
        context.log.info("figures of pipelines: %s", error)
        return None


def _number(value: bool | None) -> float | None:
    return None if value is None else float(value)


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(msgspec.json.encode(body), status, _NO_STORE, media_type="application/json")
