"""Errors as ``application/problem+json`` (RFC 9457): a stable code for programs beside the sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Response

MEDIA_TYPE = "application/problem+json"

CODES: dict[str, str] = {
    "busy": "Another run holds the single place; run_id names it.",
    "invalid": "Something in the request can't be as it is; field names it.",
    "refused": "A server, or the state of the run, does not allow it.",
    "unreachable": "The database or the Spark server can't be asked; nothing was started.",
    "idle": "Nothing runs that could be stopped.",
    "unconfirmed": "It is recorded, but not confirmed yet; the record says how it goes on.",
    "another-run": "Another run runs than the one that was named.",
    "changed": "Somebody changed or deleted it since it was read; changes says what, and nothing was overwritten.",
    "name-taken": "Another configuration, schedule or alert has this name.",
    "precondition-required": "Say in If-Match which revision is meant, or If-None-Match: * for a new one.",
    "unauthenticated": "A token is needed, or this one is not known.",
    "forbidden": "A viewer's token may only look.",
    "foreign-origin": "The request comes from a page of another site.",
    "wrong-host": "The service does not answer to that name.",
    "not-found": "There is no such thing.",
    "method-not-allowed": "That can't be done with this address.",
    "malformed": "The body can't be read.",
    "unsupported-media-type": "The body is not of the type that is taken here.",
    "too-large": "The request is larger than is taken here.",
    "too-slow": "The request took too long to arrive.",
    "too-many-streams": "This client has as many streams open as one may have.",
    "overloaded": "Too many requests wait already; ask again later.",
    "draining": "The service is ending.",
    "internal": "An error that was not foreseen; the service's log has it.",
}
"""Every code, and what it means; they do not change."""


class Problem(Exception):
    """An answer that says what is wrong."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        run_id: str | None = None,
        field: str | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {
            "type": f"urn:pipeline-gui:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
        }
        if run_id is not None:
            self.body["run_id"] = run_id
        if field is not None:
            self.body["field"] = field
        if errors:
            self.body["errors"] = errors

    def response(self) -> Response:
        """The answer."""
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(msgspec.json.encode(self.body), self.status, headers, media_type=MEDIA_TYPE)


def not_found(detail: str) -> Problem:
    """404."""
    return Problem(404, "not-found", detail)


def no_run(run_id: str) -> Problem:
    """404 for a run."""
    return not_found(f"There is no run {run_id[:300]!r}.")
