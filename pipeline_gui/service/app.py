"""The application: its routes, its errors, and its document."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from pipeline_gui import __version__
from pipeline_gui.pipeline.errors import (
    ConfigurationInvalid,
    PipelineError,
    StoreRefused,
    StoreUnavailable,
)
from pipeline_gui.service.actions import add_actions
from pipeline_gui.service.alerts import add_alerts
from pipeline_gui.service.configurations import add_configurations
from pipeline_gui.service.context import Context
from pipeline_gui.service.documentation import document
from pipeline_gui.service.event_stream import add_event_stream
from pipeline_gui.service.figures import add_figures
from pipeline_gui.service.operations import add_operations
from pipeline_gui.service.pages import add_pages
from pipeline_gui.service.problems import Problem
from pipeline_gui.service.reading import add_reading
from pipeline_gui.service.run_logs import add_logs
from pipeline_gui.service.schedule_times import add_schedule_times
from pipeline_gui.service.schedules import add_schedules

DESCRIPTION = (
    "Start, stop and watch a Spark pipeline. Only one runs at a time. Errors are `application/problem+json` with a "
    "stable `code`. Every address but /healthz and /readyz needs a token, unless the service listens on loopback only "
    "and has none."
)


def create_app(context: Context) -> FastAPI:
    """The application, without its guard."""
    app = FastAPI(
        title="pipeline-gui",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.router.redirect_slashes = False  # a redirect would be a second way to each route
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(PipelineError, _pipeline_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    add_actions(app, context)
    add_event_stream(app, context)
    add_reading(app, context)
    add_configurations(app, context)
    add_schedules(app, context)
    add_schedule_times(app, context)
    add_figures(app, context)
    add_alerts(app, context)
    add_logs(app, context)
    add_operations(app, context)
    add_pages(app, context, context.backend.settings.name)

    @app.get("/openapi.json", include_in_schema=False)
    async def get_document() -> Response:
        return Response(document(app), media_type="application/json")

    return app


def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


def _pipeline_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PipelineError)
    if isinstance(error, ConfigurationInvalid):
        return Problem(422, "invalid", str(error), field=error.field).response()
    if isinstance(error, StoreUnavailable | StoreRefused):
        return Problem(503, error.reason, str(error), headers={"Retry-After": "5"}).response()
    return Problem(502, error.reason, str(error)).response()


def _validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(found) for found in error.errors()]
    first = errors[0]
    return Problem(
        422, "invalid", f"{first['field']}: {first['detail']}", field=first["field"], errors=errors
    ).response()


def _field_error(found: dict[str, Any]) -> dict[str, str]:
    # Where it is ("query", "days", …), and not what was given: it may be long, or a secret.
    parts = [str(part) for part in found.get("loc", ())]
    return {"field": parts[1] if len(parts) > 1 else "request", "detail": str(found.get("msg", "is wrong"))}


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        headers = {**(error.headers or {}), "Allow": ", ".join(_methods_at(request))}
        return Problem(405, "method-not-allowed", "That can't be done with this address.", headers=headers).response()
    if error.status_code == 404:
        return Problem(404, "not-found", "There is nothing at this address.").response()
    return Problem(error.status_code, "malformed", str(error.detail), headers=error.headers).response()


def _methods_at(request: Request) -> list[str]:
    """What can be done with an address: each method has a route of its own, and the first one knows only its own."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in routes for method in getattr(route, "methods", None) or ()})
