"""GET /api/pipeline/events: what changes, as it changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Header, Request, Response

from pipeline_gui.service.context import Context, client_of
from pipeline_gui.service.documentation import problems
from pipeline_gui.service.event_cursor import parse_cursor
from pipeline_gui.service.problems import Problem
from pipeline_gui.service.streams import MEDIA_TYPE


def add_event_stream(app: FastAPI, context: Context) -> None:
    """The stream of changes."""

    @app.get(
        "/api/pipeline/events",
        operation_id="followChanges",
        summary="What changes, as server-sent events",
        description="`status`: the state, at first and whenever it changes; `run`: a run that changed; `deleted`; "
        "`recorded`: an event of a run (`{event_id, run_id, at, kind, …}`), with an id to resume by; `reload`: "
        "anything may have changed, read it anew; `ping`: every 10 s. With Last-Event-ID, what was missed comes first.",
        tags=["pipeline"],
        response_class=Response,
        responses={
            200: {
                "description": "The stream.",
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"type": "string"},
                        "example": 'event: run\ndata: {"run_id":"flights-1f3a5c","status":"running"}\n\n',
                    }
                },
            },
            **problems(
                {429: ("too-many-streams", "This client has 16 streams open, which is as many as one may have.")}
            ),
        },
    )
    async def follow_changes(
        request: Request,
        last_event_id: Annotated[str | None, Header(description="the id of the last event that came")] = None,
    ) -> Response:
        since = None
        if last_event_id:
            since = parse_cursor(last_event_id)
            if since is None:
                raise Problem(422, "invalid", "Last-Event-ID is not one of this stream.", field="Last-Event-ID")
        return context.streams.response(client_of(request), lambda: context.changes.stream(since))
