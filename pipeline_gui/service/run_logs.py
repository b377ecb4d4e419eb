"""A run's log: in pages, and followed as it grows."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import FastAPI, Header, Query, Request, Response

from pipeline_gui.pipeline.answers import LogAnswer
from pipeline_gui.pipeline.errors import PipelineError, SparkRefused
from pipeline_gui.run_log import PAGE, Position, RunLog, open_run_log
from pipeline_gui.service.context import Context, client_of
from pipeline_gui.service.documentation import problems
from pipeline_gui.service.models import Log
from pipeline_gui.service.paths import RunId
from pipeline_gui.service.problems import Problem, no_run
from pipeline_gui.service.streams import MEDIA_TYPE, message

LARGEST_PAGE = 1000
MOST_TAIL = 5000
SHORTEST_PAUSE, LONGEST_PAUSE = 0.7, 10.0
PING_SECONDS = 10.0
_POSITION = re.compile(r"(\d{1,12})\.(\d{1,12})")


def add_logs(app: FastAPI, context: Context) -> None:
    """GET /api/pipeline/runs/{run_id}/log."""
    controller, logs = context.backend.controller, context.workers.logs

    @app.get(
        "/api/pipeline/runs/{run_id}/log",
        operation_id="getRunLog",
        summary="A run's log",
        description="In pages; or, with `Accept: text/event-stream`, followed until the run has ended: events `lines` "
        "(`{lines, skipped}`), `trouble` (`{detail}`: the Spark server can't be asked, and will be again), `ping` and "
        "`end` (`{status}`). Last-Event-ID goes on where a stream broke off.",
        response_model=Log,
        tags=["run"],
        responses={
            200: {"description": "Lines.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
            **problems(
                {
                    404: ("not-found", "There is no run 'flights-000000'."),
                    429: ("too-many-streams", "This client has 16 streams open, which is as many as one may have."),
                    502: ("unreachable", "The Spark server can't be asked."),
                }
            ),
        },
    )
    async def get_log(
        request: Request,
        run_id: RunId,
        first: Annotated[
            int | None,
            Query(
                alias="from", ge=0, le=2**53, description="the first line; none: the last ones. Followed: skip so many"
            ),
        ] = None,
        size: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="lines of a page")] = 200,
        tail: Annotated[
            int | None, Query(ge=0, le=MOST_TAIL, description="followed: of what is there, only the last so many")
        ] = None,
        last_event_id: Annotated[str | None, Header(description="followed: the id of the last event that came")] = None,
    ) -> Response:
        if MEDIA_TYPE in request.headers.get("accept", ""):
            if await context.workers.reads.run(controller.get_run, run_id) is None:
                raise no_run(run_id)
            position = _position(last_event_id)
            skip = 0 if position else first or 0
            return context.streams.response(
                client_of(request), lambda: _follow(context, run_id, position or (0, 0), skip, tail)
            )
        try:
            page = await logs.run(controller.get_run_log, run_id, first, size)
        except PipelineError as error:
            raise await _problem(context, run_id, error) from error
        return Response(msgspec.json.encode(page), headers={"Cache-Control": "no-store"}, media_type="application/json")


async def _problem(context: Context, run_id: str, error: PipelineError) -> Problem:
    if await context.workers.reads.run(context.backend.controller.get_run, run_id) is None:
        return no_run(run_id)
    if isinstance(error, SparkRefused) and error.status_code == 404:
        return Problem(404, "not-found", str(error))
    return Problem(502, error.reason, str(error))


async def _follow(
    context: Context, run_id: str, position: Position, skip: int, tail: int | None
) -> AsyncIterator[bytes]:
    """The messages of one who follows: everything that is there, or its end, and then what comes."""
    controller, logs = context.backend.controller, context.workers.logs

    def fetch(start: int, size: int) -> LogAnswer:
        return controller.get_run_log(run_id, start, size)

    log: RunLog | None = None
    catching_up, trouble, spoke = True, "", time.monotonic()
    held: list[str] = []
    skipped = 0
    while True:
        begin = time.monotonic()
        lines: list[str] = []
        ended: str | None = None
        try:
            if log is None:
                whole = await logs.run(context.backend.keeps_whole_logs)
                log = open_run_log(fetch, is_kept_whole=whole, position=position)
            run = await logs.run(controller.get_run, run_id)
            is_over = run is None or (run["status"] or "").strip(" ").lower() != "running"
            lines = await logs.run(log.look, ended=is_over)
            ended = (run["status"] if run else "deleted") or "unknown" if is_over else None
            trouble = ""
        except PipelineError as error:
            if str(error) != trouble:
                trouble, spoke = str(error), time.monotonic()
                yield message("trouble", {"detail": trouble})
            if isinstance(error, SparkRefused) and error.status_code == 404 and await _is_over(context, run_id):
                yield message("end", {"status": "unknown"})
                return
        if skip and lines:
            skip, lines, skipped = max(0, skip - len(lines)), lines[skip:], skipped + min(skip, len(lines))
        if catching_up and tail is not None:
            held += lines
            cut = max(0, len(held) - tail)
            held, skipped = held[cut:], skipped + cut
            if lines:
                continue  # what is there is read to its end first
            lines, held = held, []
        if not trouble:
            catching_up = False
        if lines or skipped:
            at = log.position if log else None
            event_id = f"{at[0]}.{at[1]}" if at else None
            yield message("lines", {"lines": lines, "skipped": skipped}, event_id)
            skipped, spoke = 0, time.monotonic()
            if len(lines) >= PAGE:
                continue  # there is more at once
        elif ended is not None:
            yield message("end", {"status": ended})
            return
        elif time.monotonic() - spoke > PING_SECONDS:
            spoke = time.monotonic()
            yield message("ping", {})
        # As long as four looks take, so that followers leave the server time for others.
        await asyncio.sleep(min(max(SHORTEST_PAUSE, 4 * (time.monotonic() - begin)), LONGEST_PAUSE))


async def _is_over(context: Context, run_id: str) -> bool:
    try:
        run = await context.workers.reads.run(context.backend.controller.get_run, run_id)
    except PipelineError:
        return False
    return run is None or (run["status"] or "").strip(" ").lower() != "running"


def _position(last_event_id: str | None) -> Position | None:
    match = _POSITION.fullmatch((last_event_id or "").strip())
    return (int(match[1]), int(match[2])) if match else None
