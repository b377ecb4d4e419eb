"""The routes: Livy's batch API and this server's additions to it."""

from __future__ import annotations

import asyncio
import math
import re
import time

import anyio
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline_gui.command_server import driver_ui, folder, logs
from pipeline_gui.command_server.batch import Batch
from pipeline_gui.command_server.batches import DEFAULT_GRACE_SECONDS, Batches
from pipeline_gui.command_server.errors import Malformed, RequestError, TooLarge, TooSlow, Unavailable
from pipeline_gui.command_server.output import output_response
from pipeline_gui.command_server.responses import batch_body, fence_body, json_response
from pipeline_gui.command_server.search import MOST_FOUND, Search, search
from pipeline_gui.command_server.submission import LARGEST_BODY, Submission, parse_submission

LONGEST_GRACE_SECONDS = 86_400.0
FENCE_PATIENCE_SECONDS = 1.0
"""How long a fence waits for the end before it answers that it is not done."""
DELETE_PATIENCE_SECONDS = 20.0
"""How long a plain DELETE waits beyond its grace."""
BODY_SECONDS = 15.0
_LOOK_SECONDS = 0.02
_UI_REQUESTS = 8
_SEARCHES = 2
"""At once; each is short, and the next in line waits."""


def create_app(batches: Batches, version: str) -> FastAPI:
    """The application, without its guard."""
    app = FastAPI(title="Spark command server", openapi_url=None, docs_url=None, redoc_url=None)
    app.router.redirect_slashes = False  # a redirect would be a second way to each route
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(HTTPException, _http_error)
    # A driver's UI may be slow, and must not take the threads that a launch needs.
    ui_threads = anyio.CapacityLimiter(_UI_REQUESTS)
    search_threads = anyio.CapacityLimiter(_SEARCHES)

    @app.get("/version")
    def get_version() -> Response:
        return json_response(
            {
                "version": version,
                "generation": batches.generation,
                "kind": "pipeline-gui",
                "spark": batches.spark.version,
                "master": batches.spark.master,
            }
        )

    @app.post("/batches")
    async def post_batch(request: Request) -> Response:
        submission = await _read_submission(request)
        batch = await run_sync(batches.submit, submission)
        body = await run_sync(batch_body, batch, batches.generation, _base_url(request))
        return json_response(body, 201, {"Location": f"/batches/{batch.batch_id}"})

    @app.get("/batches")
    def list_batches(request: Request) -> Response:
        start = _integer(request, "from", 0) or 0
        size = _integer(request, "size", 100) or 0
        kept = batches.alive() if _flag(request, "alive") else batches.all()
        for batch in kept:
            batch.refresh()
        # Livy's slice: a negative start counts from before the first.
        chosen = kept[max(0, start) : max(0, start + max(0, size))]
        sessions = [batch_body(batch, batches.generation, _base_url(request)) for batch in chosen]
        return json_response({"from": start, "total": len(kept), "sessions": sessions})

    @app.get("/batches/{session}")
    def get_batch(request: Request, session: str) -> Response:
        return json_response(batch_body(batches.find(session), batches.generation, _base_url(request)))

    @app.get("/batches/{session}/state")
    def get_state(session: str) -> Response:
        batch = batches.find(session)
        return json_response({"id": batch.batch_id, "state": batch.state})

    @app.get("/batches/{session}/log")
    def get_log(request: Request, session: str) -> Response:
        batch = batches.find(session)
        size = _integer(request, "size", 100)
        start, total, lines = logs.page(batch, _integer(request, "from", None), 100 if size is None else size)
        return json_response({"id": batch.batch_id, "from": start, "total": total, "log": lines})

    @app.delete("/batches/{session}")
    async def delete_batch(request: Request, session: str) -> Response:
        grace = _grace(request)
        if _flag(request, "fence"):
            fenced = await run_sync(batches.fence, session, grace)
            done = not isinstance(fenced, Batch) or await _wait_for_end(fenced, FENCE_PATIENCE_SECONDS)
            name = (fenced.name if isinstance(fenced, Batch) else None) or session
            return json_response(fence_body(name, batches.generation, fenced), 200 if done else 202)
        batch = await run_sync(batches.find, session)
        await run_sync(batch.kill, grace)
        if await _wait_for_end(batch, grace + DELETE_PATIENCE_SECONDS):
            return json_response({"msg": "deleted"})
        return json_response({"msg": "being killed, and not gone yet"}, 202)

    @app.get("/batches/{session}/output/{stream}")
    def get_output(request: Request, session: str, stream: str) -> Response:
        return output_response(batches.find(session).path / _stream(stream), request.headers.get("range"))

    @app.get("/batches/{session}/output/{stream}/search")
    async def search_output(request: Request, session: str, stream: str) -> Response:
        path, wanted = (await run_sync(batches.find, session)).path / _stream(stream), _search(request)
        return json_response(await run_sync(search, path, wanted, limiter=search_threads))

    @app.get("/batches/{session}/ui")
    @app.get("/batches/{session}/ui/{path:path}")
    async def get_ui(request: Request, session: str, path: str = "") -> Response:
        def ask() -> driver_ui.UiAnswer:
            return driver_ui.fetch(batches.find(session), f"/{path}", request.url.query)

        answer = await run_sync(ask, limiter=ui_threads)
        headers = {"Cache-Control": "no-store"}
        if answer.location is not None:
            headers["Location"] = answer.location
        return Response(answer.body, answer.status_code, headers, media_type=answer.content_type)

    return app


async def _read_submission(request: Request) -> Submission:
    """The body of a POST, within its limit and in time. Raises TooLarge, TooSlow, Malformed, Rejected."""
    too_large = TooLarge(f"The body is larger than {LARGEST_BODY:,} bytes.")
    length = request.headers.get("content-length", "0")
    if not re.fullmatch(r"\d{1,18}", length) or int(length) > LARGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:  # a chunked body has no length to look at before
                    raise too_large
    except TimeoutError as error:
        raise TooSlow(f"The body took over {BODY_SECONDS:.0f} seconds.") from error
    except ClientDisconnect as error:
        raise Malformed("The body ended early.") from error
    return parse_submission(bytes(body))


async def _wait_for_end(batch: Batch, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not batch.refresh():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


def _stream(name: str) -> str:
    if name not in (folder.STDOUT, folder.STDERR):
        raise Unavailable("A batch has the outputs stdout and stderr.")
    return name


def _search(request: Request) -> Search:
    begin, end, most = _integer(request, "begin", 0), _integer(request, "end", None), _integer(request, "most", 1)
    return Search(
        request.query_params.get("text", ""),
        is_pattern=_flag(request, "pattern"),
        ignores_case=_flag(request, "ignore_case"),
        begin=max(0, begin or 0),
        end=None if end is None else max(0, end),
        most=min(max(0, most or 0), MOST_FOUND),
        is_backward=_flag(request, "backward"),
        counts=_flag(request, "count"),
        gives_lines=_flag(request, "lines"),
        is_ended=not _flag(request, "growing"),
    )


def _integer(request: Request, name: str, default: int | None) -> int | None:
    given = request.query_params.get(name)
    if given is None:
        return default
    if not re.fullmatch(r"[+-]?\d{1,18}", given):
        raise RequestError(f"{name} must be a whole number, not {given[:40]!r}.")
    return int(given)


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false").lower()
    if given not in ("true", "false"):
        raise RequestError(f"{name} must be true or false, not {given[:40]!r}.")
    return given == "true"


def _grace(request: Request) -> float:
    given = request.query_params.get("grace")
    if given is None:
        return DEFAULT_GRACE_SECONDS
    try:
        grace = float(given)
    except ValueError:
        grace = math.nan
    if not 0 <= grace <= LONGEST_GRACE_SECONDS:
        raise RequestError(f"grace must be seconds from 0 to {LONGEST_GRACE_SECONDS:.0f}, not {given[:40]!r}.")
    return grace


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _request_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return json_response(error.body(), error.status_code)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return json_response({"msg": f"{error.detail}."}, error.status_code, dict(error.headers or {}))
