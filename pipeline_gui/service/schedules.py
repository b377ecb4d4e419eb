"""The schedules that all operators share: read with an ETag, changed only where it still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import msgspec
from fastapi import Depends, FastAPI, Path, Request, Response

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import NameTaken, name_key
from pipeline_gui.pipeline.schedule import Schedule
from pipeline_gui.schedules.answers import detail_answer, schedule_answer, service_answers
from pipeline_gui.schedules.owner import ScheduleChanged, Schedules, Seen
from pipeline_gui.service import models
from pipeline_gui.service.bodies import read_object
from pipeline_gui.service.context import Context, actor_of, log_action
from pipeline_gui.service.documentation import NOT_MODIFIED, Responses, body_of, json_example, problems
from pipeline_gui.service.preconditions import IfMatch, IfNoneMatch, decoded, is_new, meant_by
from pipeline_gui.service.problems import Problem, not_found
from pipeline_gui.service.reading import tagged

T = TypeVar("T")

SHOWN = 100
"""Of the last times of a schedule."""
_SCHEDULES, _SCHEDULE = "/api/pipeline/schedules", "/api/pipeline/schedules/{name}"
_NOT_FOUND = {404: ("not-found", "There is no schedule “nightly”.")}
_TAKEN = {409: ("name-taken", "There is a schedule of this name already; choose another name.")}
_CHANGED = {
    412: ("changed", "“nightly” was changed meanwhile by ben@ops-1: it is at revision 3, and stays so."),
    428: ("precondition-required", "Say in If-Match which revision is meant."),
}
_UNREACHABLE = {503: ("unreachable", "The database can't be asked, or does not allow it.")}


def _decoded(name: Annotated[str, Path(description="its name, percent-encoded", examples=["nightly"])]) -> str:
    return decoded(name, "schedule")


Name = Annotated[str, Depends(_decoded)]


def add_schedules(app: FastAPI, context: Context) -> None:
    """/api/pipeline/schedules."""
    owner, reads = context.backend.schedules, context.workers.reads

    @app.get(
        _SCHEDULES,
        operation_id="listSchedules",
        summary="When pipelines start by themselves",
        response_model=models.Schedules,
        tags=["schedules"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def list_schedules(request: Request) -> Response:
        answer = await reads.run(lambda: _all(owner))
        return tagged(request, answer, answer)

    @app.get(
        _SCHEDULE,
        operation_id="getSchedule",
        summary="One schedule, and what became of its last times",
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_schedule(request: Request, name: Name) -> Response:
        answer = await reads.run(lambda: _shown(owner, _find(owner, name)))
        etag = answer.headers["ETag"]
        if etag in request.headers.get("if-none-match", ""):
            headers = {"ETag": etag, "Cache-Control": answer.headers["Cache-Control"]}
            return Response(status_code=304, headers=headers)
        return answer

    _add_writing(app, context)


def _add_writing(app: FastAPI, context: Context) -> None:
    writes = context.workers.starts

    async def carry_out(request: Request, action: str, status: int, work: Callable[[Schedules], Schedule]) -> Response:
        owner = context.backend.schedules.acting_for(actor_of(context, request))
        saved, answer = await writes.run(lambda: _guarded(lambda: _written(owner, work(owner), status)))
        message = f"Saved “{saved.name}”, revision {saved.revision}."
        log_action(request, action, {"success": True, "run_id": None, "message": message})
        return answer

    @app.post(
        _SCHEDULES,
        operation_id="createSchedule",
        summary="Save a new schedule",
        status_code=201,
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses={**_created(), **problems({**_TAKEN, **_UNREACHABLE}, with_body=True)},
        openapi_extra=body_of("ScheduleBody", required=True),
    )
    async def create_schedule(request: Request) -> Response:
        values = await read_object(request)
        return await carry_out(request, "save a schedule", 201, lambda owner: owner.create(values))

    @app.put(
        _SCHEDULE,
        operation_id="putSchedule",
        summary="Save a new schedule, or say all of one anew",
        description="A new one with `If-None-Match: *`. A change names in If-Match what it is based on; where somebody "
        "else changed it since, the answer is 412, and nothing is overwritten. What the body does not say is as in a "
        "new one. Another `name` in the body renames it.",
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses={
            **_created(),
            **problems({**_NOT_FOUND, **_TAKEN, **_CHANGED, **_UNREACHABLE}, with_body=True),
        },
        openapi_extra=body_of("ScheduleBody", required=True),
    )
    async def put_schedule(
        request: Request, name: Name, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        values = {"name": name, **_given(await read_object(request))}
        if is_new(if_match, if_none_match):
            if name_key(str(values["name"])) != name_key(name):
                raise Problem(422, "invalid", "A new schedule has the name of its address.", field="name")
            return await carry_out(request, "save a schedule", 201, lambda owner: owner.create(values))
        seen = Seen(*meant_by(if_match))
        return await carry_out(request, "save a schedule", 200, lambda owner: owner.replace(name, values, seen))

    @app.patch(
        _SCHEDULE,
        operation_id="patchSchedule",
        summary="Change some of a schedule",
        description="What the body does not say stays; what is null in it becomes as in a new one. "
        '`{"is_enabled": false}` pauses it.',
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses=problems({**_NOT_FOUND, **_TAKEN, **_CHANGED, **_UNREACHABLE}, with_body=True),
        openapi_extra=body_of("ScheduleBody", required=True),
    )
    async def patch_schedule(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        values, seen = await read_object(request), Seen(*meant_by(if_match))
        return await carry_out(request, "change a schedule", 200, lambda owner: owner.change(name, values, seen))

    @app.delete(
        _SCHEDULE,
        operation_id="deleteSchedule",
        summary="Delete a schedule",
        description="Runs that it started stay as they are, and so do the events of its times.",
        status_code=204,
        tags=["schedules"],
        responses={204: {"description": "It is gone."}, **problems({**_NOT_FOUND, **_CHANGED, **_UNREACHABLE})},
    )
    async def delete_schedule(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        seen = Seen(*meant_by(if_match))
        owner = context.backend.schedules.acting_for(actor_of(context, request))
        await writes.run(lambda: _guarded(lambda: owner.delete(name, seen)))
        message = f"Deleted “{name}”."
        log_action(request, "delete a schedule", {"success": True, "run_id": None, "message": message})
        return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _all(owner: Schedules) -> dict[str, Any]:
    found, now = owner.all(), owner.now()
    return {
        "schedules": [schedule_answer(schedule, now) for schedule in found],
        "services": service_answers(owner.services()),
    }


def _find(owner: Schedules, name: str) -> Schedule:
    try:
        return owner.show(name)
    except ConfigurationInvalid as error:
        raise not_found(str(error)) from None


def _shown(owner: Schedules, schedule: Schedule, status: int = 200) -> Response:
    """A schedule and what became of its times; its ETag names the revision, and tells when the rest is another."""
    decided = owner.decided_of(schedule, SHOWN)
    body = msgspec.json.encode(detail_answer(schedule, owner.now(), decided, owner.services()))
    rest = hashlib.blake2b(body, digest_size=8).hexdigest()
    headers = {
        "ETag": f'"{schedule.schedule_id}-{schedule.revision}-{rest}"',
        "Cache-Control": "private, no-cache",
    }
    return Response(body, status, headers, media_type="application/json")


def _written(owner: Schedules, saved: Schedule, status: int) -> tuple[Schedule, Response]:
    answer = _shown(owner, saved, status)
    if status == 201:
        answer.headers["Location"] = f"{_SCHEDULES}/{quote(saved.name, safe='')}"
    return saved, answer


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _guarded(work: Callable[[], T]) -> T:
    """The result of a change; what somebody else did meanwhile is a Problem of its own."""
    try:
        return work()
    except NameTaken as error:
        raise Problem(409, "name-taken", str(error), field="name") from None
    except ScheduleChanged as error:
        raise Problem(412, "changed", str(error)) from None


def _created() -> Responses:
    headers = {"ETag": "The revision.", "Location": "Its address."}
    return {201: {"model": models.ScheduleDetail, **json_example("It is saved.", _EXAMPLE, headers)}}


_EXAMPLE = {
    "name": "nightly",
    "configuration": "flights",
    "cron": "0 2 * * *",
    "every_minutes": None,
    "zone": "Europe/Berlin",
    "starts_at": None,
    "ends_at": None,
    "when_busy": "wait",
    "catch_up_seconds": 0.0,
    "retries": 3,
    "retry_delay_seconds": 300.0,
    "is_enabled": True,
    "revision": 1,
    "changed_by": "ana@10.0.0.7",
    "changed_at": "2026-11-23T16:01:22.123456Z",
    "next": ["2026-11-24T01:00:00.000000Z"],
    "decided": [],
    "services": [{"actor": "pipeline@srv-1", "host": "srv-1", "since": "2026-11-20T08:00:00.000000Z"}],
}
