"""The OpenAPI document: every answer and every error of every route, with examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pipeline_gui.service import models
from pipeline_gui.service.alert_models import AlertBody
from pipeline_gui.service.problems import CODES, MEDIA_TYPE, Problem

Responses = dict[int | str, dict[str, Any]]

_EVERY_ROUTE = {
    401: ("unauthenticated", "A token is needed: Authorization: Bearer TOKEN, or a login."),
    403: ("forbidden", "This token may look, and neither start nor stop."),
    414: ("too-large", "The address is longer than 8,192 bytes."),
    421: ("wrong-host", "The service does not answer to that name."),
    431: ("too-large", "The headers are larger than 32,768 bytes."),
}
_WITH_BODY = {
    400: ("malformed", "The body is not JSON."),
    408: ("too-slow", "The body took over 15 seconds."),
    413: ("too-large", "The body is larger than 1,048,576 bytes."),
    415: ("unsupported-media-type", "The body must be JSON: Content-Type: application/json."),
    422: ("invalid", "driver_memory must be a size such as 512m or 4g."),
}
_READING = {
    413: ("too-large", "This request takes no body."),
    422: ("invalid", "days: Input should be greater than 0"),
    503: ("unreachable", "PostgreSQL at db.example does not answer."),
}
_EXTRA_MODELS: list[type[BaseModel]] = [
    models.ConfigurationBody, models.ScheduleBody, models.StartBody, models.StopBody, models.ProblemBody, AlertBody,
]  # fmt: skip


def problems(of_route: Mapping[int, tuple[str, str]] | None = None, *, with_body: bool = False) -> Responses:
    """The errors of a route: its own, and those that every route may answer."""
    together = {**_EVERY_ROUTE, **(_WITH_BODY if with_body else _READING), **(of_route or {})}
    return {status: _problem(status, code, detail) for status, (code, detail) in sorted(together.items())}


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    example = Problem(status, code, detail).body
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {"description": CODES[code], "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


def json_example(description: str, example: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """An answer in JSON with its example; the schema is the route's model."""
    documented = {name: {"description": text, "schema": {"type": "string"}} for name, text in (headers or {}).items()}
    answer: dict[str, Any] = {"description": description, "content": {"application/json": {"example": example}}}
    return answer | ({"headers": documented} if documented else {})


def body_of(model: str, *, required: bool) -> dict[str, Any]:
    """The body of a request: JSON of a model."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


NOT_MODIFIED: Responses = {304: {"description": "As it was when the ETag in If-None-Match was given."}}


def document(app: FastAPI) -> bytes:
    """The whole document as JSON, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, definitions = models_json_schema(
            [(model, "validation") for model in _EXTRA_MODELS], ref_template="#/components/schemas/{model}"
        )
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(definitions["$defs"])
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}]
        schema["info"]["description"] += "\n\nCodes of errors:\n\n" + "\n".join(
            f"- `{code}`: {meaning}" for code, meaning in CODES.items()
        )
        app.openapi_schema = schema
        app.state.document = json.dumps(schema).encode()
    made: bytes = app.state.document
    return made
