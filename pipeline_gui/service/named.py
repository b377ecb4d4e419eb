"""What operators save under a name: found at its address, answered with its revision, changed only where that holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request, Response

from pipeline_gui.alerts.owner import AlertChanged
from pipeline_gui.configurations.answers import changed_answer
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import ConfigurationChanged, NameTaken, name_key
from pipeline_gui.schedules.owner import ScheduleChanged
from pipeline_gui.service.bodies import read_object
from pipeline_gui.service.context import log_action
from pipeline_gui.service.documentation import Responses, json_example
from pipeline_gui.service.preconditions import is_known
from pipeline_gui.service.problems import Problem, not_found

T = TypeVar("T")

GONE: Responses = {204: {"description": "It is gone."}}
UNREACHABLE = {503: ("unreachable", "The database can't be asked, or does not allow it.")}


def taken(one: str) -> dict[int, tuple[str, str]]:
    """The problem of a second one of the same name."""
    return {409: ("name-taken", f"There is {one} of this name already; choose another name.")}


def changed(example: str) -> dict[int, tuple[str, str]]:
    """The problems of a change that is based on nothing, or on what is no more."""
    return {
        412: ("changed", example),
        428: ("precondition-required", "Say in If-Match which revision is meant."),
    }


def created(model: object, example: object) -> Responses:
    """The answer to a new one."""
    headers = {"ETag": "Of this answer; it names the revision for If-Match.", "Location": "Its address."}
    return {201: {"model": model, **json_example("It is saved.", example, headers)}}


async def read_values(request: Request, name: str) -> dict[str, Any]:
    """What a whole body says of the one at an address; what it leaves out or says to be null is not said."""
    values = await read_object(request)
    return {"name": name, **{key: value for key, value in values.items() if value is not None}}


def check_new(values: Mapping[str, Any], name: str, what: str) -> None:
    """Refuse a new one whose address says another name than its body."""
    if name_key(str(values["name"])) != name_key(name):
        raise Problem(422, "invalid", f"A new {what} has the name of its address.", field="name")


def found(show: Callable[[str], T], name: str) -> T:
    """The one at an address. Raises Problem."""
    try:
        return show(name)
    except (AlertChanged, ScheduleChanged):
        raise
    except ConfigurationInvalid as error:
        raise not_found(str(error)) from None


def guarded(work: Callable[[], T]) -> T:
    """The result of a change; what somebody else did meanwhile is a Problem of its own."""
    try:
        return work()
    except NameTaken as error:
        raise Problem(409, "name-taken", str(error), field="name") from None
    except (AlertChanged, ScheduleChanged) as error:
        raise Problem(412, "changed", str(error)) from None
    except ConfigurationChanged as error:
        problem = Problem(412, "changed", str(error))
        problem.body.update(changed_answer(error))
        raise problem from None


def revised(body: bytes, etag: str | None, created_at: str | None = None) -> Response:
    """One of them as JSON, with its revision; created_at: the address of a new one."""
    headers = {"Cache-Control": "private, no-cache"}
    if etag is not None:
        headers["ETag"] = etag
    if created_at is not None:
        headers["Location"] = created_at
    return Response(body, 200 if created_at is None else 201, headers, media_type="application/json")


def unless_known(request: Request, answer: Response) -> Response:
    """The answer, or only that it is as it was when its ETag was given."""
    etag = answer.headers.get("ETag")
    if etag is None or not is_known(request, etag):
        return answer
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": answer.headers["Cache-Control"]})


def address(collection: str, name: str) -> str:
    """Where one is found."""
    return f"{collection}/{quote(name, safe='')}"


def gone() -> Response:
    """The answer to a deletion."""
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def log_change(request: Request, action: str, message: str, *, success: bool = True) -> None:
    """Who asked for what that is about no run, and what became of it."""
    log_action(request, action, {"success": success, "run_id": None, "message": message})
