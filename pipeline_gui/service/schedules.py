"""The schedules that all operators share: read with an ETag, changed only where it still holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from pipeline_gui.pipeline.schedule import Schedule
from pipeline_gui.schedules.answers import detail_answer, schedule_answer, service_answers
from pipeline_gui.schedules.owner import Schedules, Seen
from pipeline_gui.service import models, named
from pipeline_gui.service.bodies import read_object
from pipeline_gui.service.context import Context, actor_of
from pipeline_gui.service.documentation import NOT_MODIFIED, body_of, problems
from pipeline_gui.service.preconditions import IfMatch, IfNoneMatch, etag_of, is_new, meant_by, name_decoder
from pipeline_gui.service.reading import tagged

SHOWN = 100
"""Of the last times of a schedule."""
_SCHEDULES, _SCHEDULE = "/api/pipeline/schedules", "/api/pipeline/schedules/{name}"
_NOT_FOUND = {404: ("not-found", "There is no schedule “nightly”.")}
_CHANGED = named.changed("“nightly” was changed meanwhile by ben@ops-1: it is at revision 3, and stays so.")
_WRITING = {**_NOT_FOUND, **_CHANGED, **named.UNREACHABLE}
_TAKEN = named.taken("a schedule")
Name = Annotated[str, Depends(name_decoder("schedule"))]


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
        answer = await reads.run(lambda: _answer(owner, named.found(owner.show, name)))
        return named.unless_known(request, answer)

    _add_writing(app, context)


def _add_writing(app: FastAPI, context: Context) -> None:
    writes = context.workers.starts

    async def carry_out(
        request: Request, action: str, work: Callable[[Schedules], Schedule], *, is_first: bool = False
    ) -> Response:
        owner = context.backend.schedules.acting_for(actor_of(context, request))

        def write() -> tuple[Schedule, Response]:
            saved = work(owner)
            return saved, _answer(owner, saved, is_first=is_first)

        saved, answer = await writes.run(named.guarded, write)
        named.log_change(request, action, f"Saved “{saved.name}”, revision {saved.revision}.")
        return answer

    @app.post(
        _SCHEDULES,
        operation_id="createSchedule",
        summary="Save a new schedule",
        status_code=201,
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses={
            **named.created(models.ScheduleDetail, _EXAMPLE),
            **problems({**_TAKEN, **named.UNREACHABLE}, with_body=True),
        },
        openapi_extra=body_of("ScheduleBody", required=True),
    )
    async def create_schedule(request: Request) -> Response:
        values = await read_object(request)
        return await carry_out(request, "save a schedule", lambda owner: owner.create(values), is_first=True)

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
            **named.created(models.ScheduleDetail, _EXAMPLE),
            **problems({**_WRITING, **_TAKEN}, with_body=True),
        },
        openapi_extra=body_of("ScheduleBody", required=True),
    )
    async def put_schedule(
        request: Request, name: Name, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        values = await named.read_values(request, name)
        if is_new(if_match, if_none_match):
            named.check_new(values, name, "schedule")
            return await carry_out(request, "save a schedule", lambda owner: owner.create(values), is_first=True)
        seen = Seen(*meant_by(if_match))
        return await carry_out(
            request, "save a schedule", lambda owner: _meant(owner, name, seen).replace(name, values, seen)
        )

    @app.patch(
        _SCHEDULE,
        operation_id="patchSchedule",
        summary="Change some of a schedule",
        description="What the body does not say stays; what is null in it becomes as in a new one. "
        '`{"is_enabled": false}` pauses it.',
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses=problems({**_WRITING, **_TAKEN}, with_body=True),
        openapi_extra=body_of("ScheduleBody", required=True),
    )
    async def patch_schedule(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        values, seen = await read_object(request), Seen(*meant_by(if_match))
        return await carry_out(
            request, "change a schedule", lambda owner: _meant(owner, name, seen).change(name, values, seen)
        )

    @app.delete(
        _SCHEDULE,
        operation_id="deleteSchedule",
        summary="Delete a schedule",
        description="Runs that it started stay as they are, and so do the events of its times.",
        status_code=204,
        tags=["schedules"],
        responses={**named.GONE, **problems(_WRITING)},
    )
    async def delete_schedule(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        seen = Seen(*meant_by(if_match))
        owner = context.backend.schedules.acting_for(actor_of(context, request))
        await writes.run(named.guarded, lambda: _meant(owner, name, seen).delete(name, seen))
        named.log_change(request, "delete a schedule", f"Deleted “{name}”.")
        return named.gone()


def _meant(owner: Schedules, name: str, seen: Seen) -> Schedules:
    """The owner, once it has found at the address what is meant. Raises Problem, ScheduleChanged."""
    named.found(lambda name: owner.meant(name, seen), name)
    return owner


def _all(owner: Schedules) -> dict[str, Any]:
    found, now = owner.all(), owner.now()
    return {
        "schedules": [schedule_answer(schedule, now) for schedule in found],
        "services": service_answers(owner.services()),
    }


def _answer(owner: Schedules, schedule: Schedule, *, is_first: bool = False) -> Response:
    """A schedule and what became of its times."""
    decided = owner.decided_of(schedule, SHOWN)
    body = msgspec.json.encode(detail_answer(schedule, owner.now(), decided, owner.services()))
    etag = etag_of(schedule.schedule_id, schedule.revision, body)
    return named.revised(body, etag, named.address(_SCHEDULES, schedule.name) if is_first else None)


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
