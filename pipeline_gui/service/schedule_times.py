"""The next times of a schedule that nobody has saved yet."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from pipeline_gui.schedules.answers import utc_texts
from pipeline_gui.service import models
from pipeline_gui.service.context import Context
from pipeline_gui.service.documentation import NOT_MODIFIED, json_example, problems
from pipeline_gui.service.reading import tagged

_EXAMPLE = {"next": ["2026-11-24T01:00:00.000000Z", "2026-11-25T01:00:00.000000Z"]}
_INVALID = {422: ("invalid", "cron names a day that never comes.")}

Moment = Annotated[str | None, Query(max_length=100, description="a date or a moment; without an offset in its zone")]


def add_schedule_times(app: FastAPI, context: Context) -> None:
    """/api/pipeline/schedule-times, beside the schedules: below them any word is the name of one."""
    owner, reads = context.backend.schedules, context.workers.reads

    @app.get(
        "/api/pipeline/schedule-times",
        operation_id="previewSchedule",
        summary="The next five times of a schedule, before it is saved",
        description="Either cron or every_minutes. Nothing is saved; who may look may ask. Where every_minutes has "
        "no starts_at, they count from now, as they would for one that is saved now.",
        response_model=models.ScheduleTimes,
        tags=["schedules"],
        responses={200: json_example("Its next times.", _EXAMPLE), **NOT_MODIFIED, **problems(_INVALID)},
    )
    async def preview_schedule(
        request: Request,
        cron: Annotated[
            str | None, Query(max_length=200, description="minute, hour, day, month, weekday, read in the zone")
        ] = None,
        every_minutes: Annotated[int | None, Query(ge=1, le=525_600)] = None,
        zone: Annotated[
            str, Query(max_length=100, description="in which cron is read", examples=["Europe/Berlin"])
        ] = "UTC",
        starts_at: Moment = None,
        ends_at: Moment = None,
    ) -> Response:
        said = {
            "cron": cron, "every_minutes": every_minutes, "zone": zone, "starts_at": starts_at, "ends_at": ends_at
        }  # fmt: skip
        times = await reads.run(lambda: owner.next_times(said))
        answer = {"next": utc_texts(times)}
        return tagged(request, answer, answer)
