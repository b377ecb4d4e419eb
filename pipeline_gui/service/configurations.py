"""The configurations that all operators share: read with an ETag, changed only where it still holds."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from pipeline_gui.configurations.answers import configuration_answer, entry_answer
from pipeline_gui.configurations.owner import Configurations, NamedConfiguration, Version
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import ConfigurationChanged
from pipeline_gui.service import models, named
from pipeline_gui.service.context import Context, actor_of
from pipeline_gui.service.documentation import NOT_MODIFIED, body_of, problems
from pipeline_gui.service.preconditions import IfMatch, IfNoneMatch, etag_of, is_new, meant_by, name_decoder
from pipeline_gui.service.problems import not_found
from pipeline_gui.service.reading import tagged

_CONFIGURATIONS, _CONFIGURATION = "/api/pipeline/configurations", "/api/pipeline/configurations/{name}"
_NOT_FOUND = {404: ("not-found", "There is no configuration 'nightly'.")}
_WRITING = {
    **_NOT_FOUND,
    **named.taken("a configuration"),
    **named.changed("“nightly” was changed meanwhile by ben@ops-1: driver_memory from 1g to 2g."),
    **named.UNREACHABLE,
}
Name = Annotated[str, Depends(name_decoder("configuration"))]


def add_configurations(app: FastAPI, context: Context) -> None:
    """/api/pipeline/configurations."""
    owner, reads, writes = context.backend.configurations, context.workers.reads, context.workers.starts

    @app.get(
        _CONFIGURATIONS,
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
        _CONFIGURATION,
        operation_id="getConfiguration",
        summary="One configuration",
        response_model=models.Configuration,
        tags=["configurations"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_configuration(request: Request, name: Name) -> Response:
        found = await reads.run(named.found, owner.show, name)
        return named.unless_known(request, _answer(found))

    @app.put(
        _CONFIGURATION,
        operation_id="putConfiguration",
        summary="Save a new configuration, or change one",
        description="A new one with `If-None-Match: *`. A change names in If-Match what it is based on; where somebody "
        "else changed it since, the answer is 412 with what they changed, and nothing is overwritten. Another `name` "
        "in the body renames it. A plain secret is refused: `${secret:NAME}` stands for it.",
        response_model=models.Configuration,
        tags=["configurations"],
        responses={**named.created(models.Configuration, _EXAMPLE), **problems(_WRITING, with_body=True)},
        openapi_extra=body_of("ConfigurationBody", required=True),
    )
    async def put_configuration(
        request: Request, name: Name, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        values = await named.read_values(request, name)
        mine = _owner(context, request)
        is_first = is_new(if_match, if_none_match)
        if is_first:
            named.check_new(values, name, "configuration")
            found = await writes.run(named.guarded, lambda: mine.create(values))
        else:
            based_on = Version(*meant_by(if_match))
            found = await writes.run(named.guarded, lambda: _save(mine, name, values, based_on))
        named.log_change(request, "save a configuration", f"Saved “{found.entry.name}”.")
        return _answer(found, is_first=is_first)

    @app.delete(
        _CONFIGURATION,
        operation_id="deleteConfiguration",
        summary="Delete a configuration",
        description="Runs that were started with it stay as they are.",
        status_code=204,
        tags=["configurations"],
        responses={**named.GONE, **problems(_WRITING)},
    )
    async def delete_configuration(request: Request, name: Name, if_match: IfMatch = None) -> Response:
        mine, based_on = _owner(context, request), Version(*meant_by(if_match))

        def delete() -> None:
            _check_meant(mine, name, based_on)
            mine.delete(based_on)

        await writes.run(named.guarded, delete)
        named.log_change(request, "delete a configuration", f"Deleted “{name}”.")
        return named.gone()


def _save(owner: Configurations, name: str, values: dict[str, Any], based_on: Version) -> NamedConfiguration:
    _check_meant(owner, name, based_on)
    return owner.save(values, based_on)


def _check_meant(owner: Configurations, name: str, based_on: Version) -> None:
    """The ETag is of the configuration at this address, unless somebody renamed or deleted that since."""
    try:
        found = owner.show(name)
    except ConfigurationInvalid as error:
        changed = owner.what_changed(based_on)
        now = changed.current
        if now is None or now.revision > based_on.revision:
            raise changed from None
        if now.revision > 1:  # one that was changed may have had the name
            sentence = f"“{name}” is named “{now.name}” by now; nothing was changed."
            raise ConfigurationChanged(sentence, current=now) from None
        raise not_found(str(error)) from None
    if found.entry.version is None:
        raise ConfigurationInvalid(f"“{name}” is a sample and stays as it is.", field="name")
    if found.entry.version.configuration_id != based_on.configuration_id:
        raise ConfigurationChanged(f"“{name}” is another configuration by now.", current=None)


def _owner(context: Context, request: Request) -> Configurations:
    return context.backend.configurations.acting_for(actor_of(context, request))


def _answer(found: NamedConfiguration, *, is_first: bool = False) -> Response:
    version = found.entry.version
    body = msgspec.json.encode(configuration_answer(found))
    etag = etag_of(version.configuration_id, version.revision, body) if version else None
    return named.revised(body, etag, named.address(_CONFIGURATIONS, found.entry.name) if is_first else None)


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
