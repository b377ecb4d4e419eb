"""The alerts that all operators share: read with an ETag, changed only where it still holds, and tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response

from pipeline_gui.alerts.answers import AlertDetailAnswer, alert_answer, detail_answer, message_answer, receiver_answers
from pipeline_gui.alerts.owner import Alerts, Seen, receivers_of
from pipeline_gui.pipeline.alert import Alert
from pipeline_gui.service import alert_models as models
from pipeline_gui.service import named
from pipeline_gui.service.context import Context, actor_of
from pipeline_gui.service.documentation import NOT_MODIFIED, body_of, problems
from pipeline_gui.service.preconditions import IfMatch, IfNoneMatch, etag_of, is_new, meant_by, name_decoder
from pipeline_gui.service.reading import tagged

SHOWN = 100
"""Of the last messages of one alert."""
_ALERTS, _ALERT = "/api/pipeline/alerts", "/api/pipeline/alerts/{name}"
_NOT_FOUND = {404: ("not-found", "There is no alert “nightly”.")}
_WRITING = {
    **_NOT_FOUND,
    **named.taken("an alert"),
    **named.changed("“nightly” was changed meanwhile by ben@ops-1: it is at revision 2, and stays so."),
    **named.UNREACHABLE,
}
Name = Annotated[str, Depends(name_decoder("alert"))]
Limit = Annotated[int, Query(ge=1, le=1000, description="so many at most")]


def add_alerts(app: FastAPI, context: Context) -> None:
    """/api/pipeline/alerts, and what they told."""
    owner, reads, writes = context.backend.alerts, context.workers.reads, context.workers.starts

    @app.get(
        _ALERTS,
        operation_id="listAlerts",
        summary="Of what somebody is told, and whom the services can tell",
        response_model=models.Alerts,
        tags=["alerts"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def list_alerts(request: Request) -> Response:
        answer = await reads.run(lambda: _all(owner))
        return tagged(request, answer, answer)

    @app.get(
        "/api/pipeline/alert-messages",
        operation_id="listAlertMessages",
        summary="What was told, what waits, and what could not be delivered",
        response_model=models.Messages,
        tags=["alerts"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def list_messages(request: Request, limit: Limit = SHOWN) -> Response:
        answer = {"messages": await reads.run(lambda: [message_answer(each) for each in owner.messages(None, limit)])}
        return tagged(request, answer, answer)

    @app.get(
        _ALERT,
        operation_id="getAlert",
        summary="One alert, and what it told",
        response_model=models.AlertDetail,
        tags=["alerts"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_alert(request: Request, name: Name) -> Response:
        answer = await reads.run(lambda: _answer(owner, named.found(owner.show, name)))
        return named.unless_known(request, answer)

    @app.put(
        _ALERT,
        operation_id="putAlert",
        summary="Save a new alert, or change one",
        description="A new one with `If-None-Match: *`. A change names in If-Match what it is based on, and is whole: "
        "what is left out is as in a new one. Another `name` in the body renames it. A receiver is named, and never "
        "described: what is secret about it is known to the service alone.",
        response_model=models.AlertDetail,
        tags=["alerts"],
        responses={
            **named.created(models.AlertDetail, _EXAMPLE),
            **problems(_WRITING, with_body=True),
        },
        openapi_extra=body_of("AlertBody", required=True),
    )
    async def put_alert(
        request: Request, name: Name, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        values = await named.read_values(request, name)
        mine = _owner(context, request)
        is_first = is_new(if_match, if_none_match)
        if is_first:
            named.check_new(values, name, "alert")
            work: Callable[[], Alert] = lambda: mine.create(values)  # noqa: E731
        else:
            seen = Seen(*meant_by(if_match))
            work = lambda: _meant(mine, name, seen).save(name, values, seen)  # noqa: E731
        answer = await writes.run(named.guarded, lambda: _answer(mine, work(), is_first=is_first))
        named.log_change(request, "save an alert", f"Saved “{values['name']}”.")
        return answer

    @app.delete(
        _ALERT,
        operation_id="deleteAlert",
        summary="Delete an alert",
        description="What it told stays, and what waits is sent.",
        status_code=204,
        tags=["alerts"],
        responses={**named.GONE, **problems(_WRITING)},
    )
    async def delete_alert(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        mine, seen = _owner(context, request), Seen(*meant_by(if_match))
        await writes.run(named.guarded, lambda: _meant(mine, name, seen).delete(name, seen))
        named.log_change(request, "delete an alert", f"Deleted “{name}”.")
        return named.gone()

    @app.post(
        "/api/pipeline/alerts/{name}/test",
        operation_id="testAlert",
        summary="Send a test to an alert's receiver, and say what it answered",
        description="Sent by whichever service knows the receiver. It may take a minute where a receiver hangs.",
        response_model=models.Tried,
        tags=["alerts"],
        responses=problems(_NOT_FOUND),
    )
    async def test_alert(request: Request, name: Name) -> Response:
        mine = _owner(context, request)
        await reads.run(named.found, mine.show, name)
        tried = await context.workers.stops.run(lambda: mine.test(name, lambda: context.is_draining))
        named.log_change(request, "test an alert", tried.message, success=tried.success)
        body = msgspec.json.encode({"success": tried.success, "message": tried.message})
        return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")


def _all(owner: Alerts) -> dict[str, Any]:
    found, services = owner.all(), owner.services()
    return {
        "alerts": [alert_answer(alert, services) for alert in found],
        "receivers": receiver_answers(receivers_of(services)),
    }


def _meant(owner: Alerts, name: str, seen: Seen) -> Alerts:
    """The owner, once it has found at the address what is meant. Raises Problem, AlertChanged."""
    named.found(lambda name: owner.meant(name, seen), name)
    return owner


def _owner(context: Context, request: Request) -> Alerts:
    return context.backend.alerts.acting_for(actor_of(context, request))


def _answer(owner: Alerts, alert: Alert, *, is_first: bool = False) -> Response:
    answer: AlertDetailAnswer = detail_answer(
        alert, owner.services(), owner.expected(alert), owner.messages_of(alert, SHOWN)
    )
    body = msgspec.json.encode(answer)
    etag = etag_of(alert.alert_id, alert.revision, body)
    return named.revised(body, etag, named.address(_ALERTS, alert.name) if is_first else None)


_EXAMPLE: dict[str, Any] = {
    "name": "nightly",
    "condition": "failed",
    "pipeline": "flights",
    "minutes": None,
    "receiver": "ops-mail",
    "is_enabled": True,
    "revision": 1,
    "changed_by": "ana@10.0.0.7",
    "changed_at": "2026-11-23T16:01:22.123456Z",
    "not_delivered_because": None,
    "expected": None,
    "messages": [],
}
