"""Start and stop: the controller's own, as the person who asked."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Header, Request, Response

from pipeline_gui.pipeline.answers import ActionAnswer, RunAnswer
from pipeline_gui.pipeline.configuration import LONGEST_GRACE_SECONDS
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.service.bodies import read_object
from pipeline_gui.service.context import Context, actor_of, log_action
from pipeline_gui.service.documentation import body_of, json_example, problems
from pipeline_gui.service.models import Started, Stopped
from pipeline_gui.service.paths import run_path
from pipeline_gui.service.problems import Problem

STOP_SECONDS = 25.0
"""How long a stop may take before it is answered with 202: proxies hang up after 30 s or 60 s."""
_NO_STORE = {"Cache-Control": "no-store"}


def add_actions(app: FastAPI, context: Context) -> None:
    """POST /api/pipeline/start and /stop."""

    @app.post(
        "/api/pipeline/start",
        operation_id="startPipeline",
        summary="Start a pipeline",
        status_code=201,
        response_model=Started,
        tags=["pipeline"],
        responses={
            201: json_example("It is recorded and submitted.", _STARTED, {"Location": "The address of the run."}),
            **problems(
                {
                    409: ("busy", "A pipeline is already running (flights-1f3a5c); run_id names it."),
                    502: ("refused", "The Spark server refused it, or can't be asked; run_id names what was recorded."),
                    503: ("unreachable", "The database can't be asked, or does not allow it."),
                },
                with_body=True,
            ),
        },
        openapi_extra=body_of("StartBody", required=True),
    )
    async def start(
        request: Request,
        _key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description="The same key again is the same run, also after a restart: who did not hear the answer "
                "asks again under it.",
                min_length=1,
                max_length=255,
                pattern=r"^[!-~]([ -~]*[!-~])?$",
            ),
        ] = None,
    ) -> Response:
        keys = request.headers.getlist("idempotency-key")
        if len(keys) > 1:
            raise Problem(422, "invalid", "Idempotency-Key is given more than once.", field="Idempotency-Key")
        config = await read_object(request)
        controller = _controller(context, request)
        if keys:
            answer = await context.workers.starts.run(controller.start_pipeline_once, config, keys[0])
        else:
            answer = await context.workers.starts.run(controller.start_pipeline, config)
        log_action(request, "start", answer)
        if not answer["success"]:
            raise _not_started(answer)
        run = await _run(context, str(answer["run_id"]))
        headers = {**_NO_STORE, "Location": run_path(str(answer["run_id"]))}
        return Response(msgspec.json.encode({**answer, "run": run}), 201, headers, media_type="application/json")

    @app.post(
        "/api/pipeline/stop",
        operation_id="stopPipeline",
        summary="Stop the running pipeline",
        description="Without a body, whichever run runs at this moment; a run_id stops that run and no other. "
        f"A stop that takes over {STOP_SECONDS:.0f} s is answered with 202, and carried out all the same; "
        "`Prefer: wait=SECONDS` makes that less.",
        response_model=Stopped,
        tags=["pipeline"],
        responses={
            200: json_example("Nothing of the run is left; or it ended by itself, and this is its true end.", _STOPPED),
            202: {"model": Stopped, **json_example("Recorded, and not confirmed yet.", _UNCONFIRMED)},
            **problems(
                {
                    409: ("idle", "No pipeline is running, or another one than was named."),
                    502: ("refused", "The Spark server refused."),
                    503: ("unreachable", "The database can't be asked, or does not allow it."),
                },
                with_body=True,
            ),
        },
        openapi_extra=body_of("StopBody", required=False),
    )
    async def stop(request: Request) -> Response:
        body = await read_object(request, may_be_empty=True)
        run_id, grace = _stop_of(body)
        controller = _controller(context, request)
        wait = _wait_of(request.headers.get("prefer", ""))
        answer = await context.workers.stops.run(_stop, controller, run_id, grace, wait)
        log_action(request, "stop", answer)
        if answer["success"] or answer.get("reason") == "unconfirmed":
            status = 200 if answer["success"] else 202
            return Response(msgspec.json.encode(answer), status, _NO_STORE, media_type="application/json")
        raise await context.workers.reads.run(_not_stopped, controller, answer)


def _stop(controller: PipelineController, run_id: str | None, grace: float | None, wait: float) -> ActionAnswer:
    if run_id is None:
        try:  # which one is meant is decided once, here
            run_id = controller.get_running_pipeline_id()
        except PipelineError as error:
            return {
                "success": False, "run_id": None, "message": str(error), "reason": error.reason, "source": "database",
            }  # fmt: skip
        if run_id is None:
            return {"success": False, "run_id": None, "message": "No pipeline is running.", "reason": "idle"}
    return controller.stop_run(run_id, grace_seconds=grace, patience_seconds=wait)


def _wait_of(prefer: str) -> float:
    """How long somebody wants to wait (RFC 7240)."""
    match = re.search(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,4})\s*(?:[,;]|$)", prefer)
    return min(float(match[1]), STOP_SECONDS) if match else STOP_SECONDS


def _stop_of(body: dict[str, Any]) -> tuple[str | None, float | None]:
    for key in body:
        if key not in ("run_id", "grace_seconds"):
            raise Problem(422, "invalid", f"A stop has no field {key[:60]!r}.", field=key[:60])
    run_id, grace = body.get("run_id"), body.get("grace_seconds")
    if run_id is not None and not (isinstance(run_id, str) and 1 <= len(run_id) <= 255):
        raise Problem(422, "invalid", "run_id must be the id of a run: 1 to 255 characters.", field="run_id")
    if grace is not None:
        if isinstance(grace, bool) or not isinstance(grace, int | float) or not 0 <= grace <= LONGEST_GRACE_SECONDS:
            detail = f"grace_seconds must be seconds from 0 to {LONGEST_GRACE_SECONDS:.0f}."
            raise Problem(422, "invalid", detail, field="grace_seconds")
        grace = float(grace)
    return run_id, grace


def _controller(context: Context, request: Request) -> PipelineController:
    return context.backend.controller.acting_for(actor_of(context, request))


async def _run(context: Context, run_id: str) -> RunAnswer | None:
    """The run that was started; the start itself stays true when it can't be read any more."""
    try:
        return await context.workers.reads.run(context.backend.controller.get_run, run_id)
    except PipelineError:
        return None


def _not_started(answer: ActionAnswer) -> Problem:
    reason = answer.get("reason", "refused")
    if reason == "invalid":
        field = answer.get("field", "body")
        errors = [{"field": field, "detail": answer["message"]}]
        return Problem(422, reason, answer["message"], field=field, errors=errors)
    status = 409 if reason == "busy" else 503 if answer.get("source") == "database" else 502
    headers = {"Retry-After": "5"} if status == 503 else {}
    return Problem(status, reason, answer["message"], run_id=answer["run_id"], headers=headers)


def _not_stopped(controller: PipelineController, answer: ActionAnswer) -> Problem:
    """Why a stop was not carried out; whichever run runs instead is named."""
    reason = answer.get("reason", "refused")
    if answer.get("source") == "database":
        return Problem(503, reason, answer["message"], run_id=answer["run_id"], headers={"Retry-After": "5"})
    if answer.get("source") == "spark":
        return Problem(502, reason, answer["message"], run_id=answer["run_id"])
    try:
        running = controller.get_running_pipeline_id()
    except PipelineError:
        running = None
    if running is not None and running != answer["run_id"]:
        return Problem(409, "another-run", f"{answer['message']} {running} is running.", run_id=running)
    code = "idle" if reason in ("idle", "invalid") else reason
    return Problem(409, code, answer["message"], run_id=answer["run_id"] if reason == "refused" else None)


_RUN = {
    "run_id": "flights-1f3a5c",
    "command": "spark-submit --name flights /srv/pipelines/flights.py",
    "status": "running",
    "start_time": "2026-11-23T16:01:22.123456Z",
    "end_time": None,
    "duration": 0.4,
    "error_message": None,
    "metadata": {"configuration": {"name": "flights"}, "started_by": "ana@10.0.0.7", "phase": "starting"},
}
_STARTED = {
    "success": True,
    "run_id": "flights-1f3a5c",
    "message": "Started “flights”.",
    "status": "running",
    "run": _RUN,
}
_STOPPED = {
    "success": True, "run_id": "flights-1f3a5c", "message": "Stopped “flights” after 12 min 44 s.", "status": "stopped",
}  # fmt: skip
_UNCONFIRMED = {
    "success": False,
    "run_id": "flights-1f3a5c",
    "message": "The stop of “flights” is recorded and will be carried out, but it is not confirmed.",
    "reason": "unconfirmed",
    "status": "running",
}
