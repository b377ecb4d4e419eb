"""The configurations that all operators share: read with an ETag, changed only where it still holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import msgspec
from fastapi import Depends, FastAPI, Path, Request, Response

from pipeline_gui.configurations.answers import changed_answer, configuration_answer, entry_answer
from pipeline_gui.configurations.owner import Configurations, NamedConfiguration, Version
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import ConfigurationChanged, NameTaken, name_key
from pipeline_gui.service import models
from pipeline_gui.service.bodies import read_object
from pipeline_gui.service.context import Context, actor_of, log_action
from pipeline_gui.service.documentation import NOT_MODIFIED, body_of, json_example, problems
from pipeline_gui.service.preconditions import IfMatch, IfNoneMatch, decoded, etag_of, is_new, meant_by
from pipeline_gui.service.problems import Problem, not_found
from pipeline_gui.service.reading import tagged

T = TypeVar("T")

_NOT_FOUND = {404: ("not-found", "There is no configuration 'nightly'.")}
_CHANGED = {
    409: ("name-taken", "There is a configuration of this name already; choose another name."),
    412: ("changed", "“nightly” was changed meanwhile by ben@ops-1: driver_memory from 1g to 2g."),
    428: ("precondition-required", "Say in If-Match which revision is meant."),
    503: ("unreachable", "The database can't be asked, or does not allow it."),
}


def _decoded(name: Annotated[str, Path(description="its name, percent-encoded", examples=["nightly"])]) -> str:
    return decoded(name, "configuration")


Name = Annotated[str, Depends(_decoded)]


def add_configurations(app: FastAPI, context: Context) -> None:
    """/api/pipeline/configurations."""
    owner, reads, writes = context.backend.configurations, context.workers.reads, context.workers.starts

    @app.get(
        "/api/pipeline/configurations",
        operation_id="listConfigurations",
        summary="What can be started by name",
        response_model=models.Configurations,
        tags=["configurations"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def list_configurations(request: Request) -> Response:
        entries = await reads.run(owner.entries)
        listed = [entry_answer(entry) for entry in entries]
        answer = {"configurations": [entry.name for entry in entries], "entries": listed}
        return tagged(request, answer, answer)

    @app.get(
        "/api/pipeline/configurations/{name}",
        operation_id="getConfiguration",
        summary="One configuration",
        response_model=models.Configuration,
        tags=["configurations"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_configuration(request: Request, name: Name) -> Response:
        found = await reads.run(_find, owner, name)
        etag = _etag(found)
        if etag is not None and etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=_headers(found))
        return _answer(found, 200)

    @app.put(
        "/api/pipeline/configurations/{name}",
        operation_id="putConfiguration",
        summary="Save a new configuration, or change one",
        description="A new one with `If-None-Match: *`. A change names in If-Match what it is based on; where somebody "
        "else changed it since, the answer is 412 with what they changed, and nothing is overwritten. Another `name` "
        "in the body renames it. A plain secret is refused: `${secret:NAME}` stands for it.",
        response_model=models.Configuration,
        tags=["configurations"],
        responses={
            201: {
                "model": models.Configuration,
                **json_example("It is saved.", _EXAMPLE, {"ETag": "The revision.", "Location": "Its address."}),
            },
            **problems({**_NOT_FOUND, **_CHANGED}, with_body=True),
        },
        openapi_extra=body_of("ConfigurationBody", required=True),
    )
    async def put_configuration(
        request: Request, name: Name, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        values = await read_object(request)
        values = {"name": name, **{key: value for key, value in values.items() if value is not None}}
        mine = _owner(context, request)
        if is_new(if_match, if_none_match):
            if name_key(str(values["name"])) != name_key(name):
                raise Problem(422, "invalid", "A new configuration has the name of its address.", field="name")
            found = await writes.run(_guarded, lambda: mine.create(values))
        else:
            based_on = Version(*meant_by(if_match))
            found = await writes.run(_guarded, lambda: _save(mine, name, values, based_on))
        _log(request, "save a configuration", f"Saved “{found.entry.name}”.")
        return _answer(found, 201 if if_match is None else 200)

    @app.delete(
        "/api/pipeline/configurations/{name}",
        operation_id="deleteConfiguration",
        summary="Delete a configuration",
        description="Runs that were started with it stay as they are.",
        status_code=204,
        tags=["configurations"],
        responses={204: {"description": "It is gone."}, **problems({**_NOT_FOUND, **_CHANGED})},
    )
    async def delete_configuration(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        mine, based_on = _owner(context, request), Version(*meant_by(if_match))

        def delete() -> None:
            _check_meant(mine, name, based_on)
            mine.delete(based_on)

        await writes.run(_guarded, delete)
        _log(request, "delete a configuration", f"Deleted “{name}”.")
        return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _find(owner: Configurations, name: str) -> NamedConfiguration:
    try:
        return owner.show(name)
    except ConfigurationInvalid as error:
        raise not_found(str(error)) from None


def _save(owner: Configurations, name: str, values: dict[str, Any], based_on: Version) -> NamedConfiguration:
    _check_meant(owner, name, based_on)
    return owner.save(values, based_on)


def _check_meant(owner: Configurations, name: str, based_on: Version) -> None:
    """The ETag is of the configuration at this address, unless somebody renamed or deleted that since."""
    try:
        found = owner.show(name)
    except ConfigurationInvalid as error:
        changed = owner.what_changed(based_on)
        if changed.current is None or changed.current.revision > based_on.revision:
            raise changed from None
        raise not_found(str(error)) from None
    if found.entry.version is None:
        raise ConfigurationInvalid(f"“{name}” is a sample and stays as it is.", field="name")
    if found.entry.version.configuration_id != based_on.configuration_id:
        raise ConfigurationChanged(f"“{name}” is another configuration by now.", current=None)


def _guarded(work: Callable[[], T]) -> T:
    """The result of a change; what somebody else did meanwhile is a Problem of its own."""
    try:
        return work()
    except NameTaken as error:
        raise Problem(409, "name-taken", str(error), field="name") from None
    except ConfigurationChanged as error:
        problem = Problem(412, "changed", str(error))
        problem.body.update(changed_answer(error))
        raise problem from None


def _owner(context: Context, request: Request) -> Configurations:
    return context.backend.configurations.acting_for(actor_of(context, request))


def _etag(found: NamedConfiguration) -> str | None:
    version = found.entry.version
    return etag_of(version.configuration_id, version.revision) if version else None


def _headers(found: NamedConfiguration) -> dict[str, str]:
    headers = {"Cache-Control": "private, no-cache"}
    if (etag := _etag(found)) is not None:
        headers["ETag"] = etag
    return headers


def _answer(found: NamedConfiguration, status: int) -> Response:
    headers = _headers(found)
    if status == 201:
        headers["Location"] = f"/api/pipeline/configurations/{quote(found.entry.name, safe='')}"
    body = msgspec.json.encode(configuration_answer(found))
    return Response(body, status, headers, media_type="application/json")


def _log(request: Request, action: str, message: str) -> None:
    log_action(request, action, {"success": True, "run_id": None, "message": message})


_EXAMPLE = {
    "name": "nightly",
    "sample": False,
    "description": "each night",
    "revision": 1,
    "changed_by": "ana@10.0.0.7",
    "changed_at": "2026-11-23T16:01:22.123456Z",
    "configuration": {"name": "nightly", "file": "/srv/pipelines/nightly.py"},
    "command": "spark-submit --name nightly /srv/pipelines/nightly.py",
}
