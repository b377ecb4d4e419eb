"""The schedules that all operators share, for reading; they are made and changed in a window or a terminal."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Path, Request, Response

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.schedule import Schedule
from pipeline_gui.schedules.answers import ScheduleDetailAnswer, detail_answer, schedule_answer, service_answers
from pipeline_gui.schedules.owner import Schedules
from pipeline_gui.service import models
from pipeline_gui.service.context import Context
from pipeline_gui.service.documentation import NOT_MODIFIED, problems
from pipeline_gui.service.problems import not_found
from pipeline_gui.service.reading import tagged

SHOWN = 100
"""Of the last times of a schedule."""
_NOT_FOUND = {404: ("not-found", "There is no schedule “nightly”.")}


def _decoded(name: Annotated[str, Path(description="its name, percent-encoded", examples=["nightly"])]) -> str:
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        raise not_found("There is no such schedule: its name is not UTF-8 text.") from None


Name = Annotated[str, Depends(_decoded)]


def add_schedules(app: FastAPI, context: Context) -> None:
    """/api/pipeline/schedules."""
    owner, reads = context.backend.schedules, context.workers.reads

    @app.get(
        "/api/pipeline/schedules",
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
        "/api/pipeline/schedules/{name}",
        operation_id="getSchedule",
        summary="One schedule, and what became of its last times",
        response_model=models.ScheduleDetail,
        tags=["schedules"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_schedule(request: Request, name: Name) -> Response:
        answer = await reads.run(lambda: _one(owner, name))
        return tagged(request, answer, answer)


def _all(owner: Schedules) -> dict[str, Any]:
    found, now = owner.all(), owner.now()
    return {
        "schedules": [schedule_answer(schedule, now) for schedule in found],
        "services": service_answers(owner.services()),
    }


def _one(owner: Schedules, name: str) -> ScheduleDetailAnswer:
    try:
        schedule: Schedule = owner.show(name)
    except ConfigurationInvalid as error:
        raise not_found(str(error)) from None
    return detail_answer(schedule, owner.now(), owner.decided(schedule.name, SHOWN), owner.services())
