"""What is and what was: the state, the history in pages and as CSV, one run and what happened to it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

import msgspec
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from pipeline_gui.pipeline.answers import RunAnswer, run_answer
from pipeline_gui.pipeline.ports import PageKey
from pipeline_gui.service.context import Context
from pipeline_gui.service.documentation import NOT_MODIFIED, problems
from pipeline_gui.service.encoded_runs import EncodedRuns
from pipeline_gui.service.models import Events, Run, Runs, Status
from pipeline_gui.service.paths import RunId
from pipeline_gui.service.preconditions import is_known
from pipeline_gui.service.problems import Problem, no_run
from pipeline_gui.service.run_csv import HEADINGS, MEDIA_TYPE, csv_lines
from pipeline_gui.service.shared_answers import SharedAnswers

LARGEST_PAGE = 1000
DEFAULT_PAGE = 500
_NOT_FOUND = {404: ("not-found", "There is no run 'flights-000000'.")}

Days = Annotated[float, Query(gt=0, le=36_500, allow_inf_nan=False, description="how many days back")]
Statuses = Annotated[
    list[Literal["running", "completed", "failed", "stopped"]],
    Query(alias="status", max_length=4, description="only these; may be given several times"),
]
NO_STATUSES: list[Literal["running", "completed", "failed", "stopped"]] = []


def add_reading(app: FastAPI, context: Context) -> None:
    """The GET routes below /api/pipeline."""
    controller, archive, reads = context.backend.controller, context.backend.archive, context.workers.reads
    shared: SharedAnswers[tuple[bytes, bytes]] = SharedAnswers()
    encoded = EncodedRuns()

    def status_now() -> tuple[bytes, bytes]:
        status = controller.get_pipeline_status()
        return msgspec.json.encode(status), _tag(msgspec.json.encode({**status, "duration": None}))

    def page_of(days: float, limit: int, after: PageKey | None, statuses: Sequence[str]) -> tuple[bytes, bytes]:
        page = archive.page(days, limit=limit, after=after, statuses=statuses)
        return encoded.page(page.runs, _cursor(page.next))

    @app.get(
        "/api/pipeline/status",
        operation_id="getStatus",
        summary="The state of now",
        response_model=Status,
        tags=["pipeline"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def get_status(request: Request) -> Response:
        body, tag = await shared.ask("status", lambda: reads.run(status_now))
        return _answer(request, body, tag)

    @app.get(
        "/api/pipeline/runs",
        operation_id="listRuns",
        summary="The history, newest start first",
        description="The runs that run now, or started or ended within the last days.",
        response_model=Runs,
        tags=["pipeline"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def list_runs(
        request: Request,
        days: Days = 2,
        status: Statuses = NO_STATUSES,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
        cursor: Annotated[str | None, Query(max_length=1000, description="next of the page before")] = None,
    ) -> Response:
        after = None if cursor is None else _page_key(cursor)
        body, tag = await shared.ask(
            (days, limit, cursor, *status), lambda: reads.run(page_of, days, limit, after, status)
        )
        return _answer(request, body, tag)

    @app.get(
        "/api/pipeline/runs.csv",
        operation_id="exportRuns",
        summary="The history as CSV",
        description="UTF-8, comma separated, with a header. A text that a spreadsheet would take for a formula has an "
        "apostrophe before it.",
        tags=["pipeline"],
        response_class=Response,
        responses={
            200: {"description": "All rows.", "content": {"text/csv": {"schema": {"type": "string"}}}},
            **problems(),
        },
    )
    async def export_runs(days: Days = 2, status: Statuses = NO_STATUSES) -> Response:
        first = await reads.run(archive.page, days, limit=LARGEST_PAGE, statuses=status)

        async def lines() -> AsyncIterator[bytes]:
            page = first
            yield csv_lines([HEADINGS])
            while True:
                yield await reads.run(csv_lines, [run_answer(run) for run in page.runs])
                if page.next is None:
                    return
                page = await reads.run(archive.page, days, limit=LARGEST_PAGE, after=page.next, statuses=status)

        headers = {"Content-Disposition": 'attachment; filename="runs.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(lines(), media_type=MEDIA_TYPE, headers=headers)

    @app.get(
        "/api/pipeline/runs/{run_id}",
        operation_id="getRun",
        summary="One run",
        response_model=Run,
        tags=["run"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_run(request: Request, run_id: RunId) -> Response:
        run = await reads.run(controller.get_run, run_id)
        if run is None:
            raise no_run(run_id)
        return tagged(request, run, _without_clock_of(run))

    @app.get(
        "/api/pipeline/runs/{run_id}/events",
        operation_id="listRunEvents",
        summary="What happened to a run, oldest first",
        response_model=Events,
        tags=["run"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def list_events(request: Request, run_id: RunId) -> Response:
        events = await reads.run(controller.get_run_events, run_id)
        if not events and await reads.run(controller.get_run, run_id) is None:
            raise no_run(run_id)
        answer = {"run_id": run_id, "events": events}
        return tagged(request, answer, answer)


def tagged(request: Request, answer: object, lasting: object) -> Response:
    """JSON with an ETag of what lasts of it: a running duration alone does not make an answer another."""
    body = msgspec.json.encode(answer)
    return _answer(request, body, _tag(body if lasting is answer else msgspec.json.encode(lasting)))


def _tag(lasting: bytes) -> bytes:
    return hashlib.blake2b(lasting, digest_size=12).hexdigest().encode()


def _answer(request: Request, body: bytes, tag: bytes) -> Response:
    """The body, unless the client has it."""
    quoted = f'W/"{tag.decode()}"'
    headers = {"ETag": quoted, "Cache-Control": "private, no-cache"}
    if is_known(request, quoted):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _without_clock_of(run: RunAnswer) -> RunAnswer:
    if (run["status"] or "").strip(" ").lower() != "running":
        return run
    return {**run, "duration": None}


def _cursor(key: PageKey | None) -> str | None:
    if key is None:
        return None
    return base64.urlsafe_b64encode(json.dumps([key.start_epoch, key.run_id]).encode()).decode().rstrip("=")


def _page_key(cursor: str) -> PageKey:
    wrong = Problem(422, "invalid", "cursor is not one that this service gave out.", field="cursor")
    try:
        epoch, run_id = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise wrong from None
    if not isinstance(run_id, str) or not (epoch is None or (isinstance(epoch, str) and _is_epoch(epoch))):
        raise wrong
    return PageKey(epoch, run_id)


def _is_epoch(text: str) -> bool:
    if text in ("Infinity", "-Infinity"):
        return True
    whole, _, fraction = text.removeprefix("-").partition(".")
    return len(text) <= 40 and text.isascii() and whole.isdigit() and (fraction.isdigit() or "." not in text)
