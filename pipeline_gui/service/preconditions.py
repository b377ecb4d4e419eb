"""What is at an address by name, and which revision of it a request means."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, NamedTuple
from urllib.parse import unquote

from fastapi import Header, Path, Request

from pipeline_gui.service.problems import Problem, not_found

# Behind the revision stands a hash of all that a GET showed, which a change does not depend on.
_ETAG = re.compile(r'"(\d{1,18})-(\d{1,18})(?:-[0-9a-f]+)?"')

IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag of the revision that is meant")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="*: a new one")]


class Meant(NamedTuple):
    """A revision of something."""

    number: int
    revision: int


def name_decoder(what: str) -> Callable[[str], str]:
    """What takes the name of a thing out of an address."""

    def decoded(name: Annotated[str, Path(description="its name, percent-encoded", examples=["nightly"])]) -> str:
        try:
            return unquote(name, errors="strict")
        except UnicodeDecodeError:
            raise not_found(f"There is no such {what}: its name is not UTF-8 text.") from None

    return decoded


def etag_of(number: int, revision: int, body: bytes) -> str:
    """The ETag of an answer, which is another for other bytes, and names the revision that a change is based on."""
    return f'"{number}-{revision}-{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has that answer, as If-None-Match says; compared weakly (RFC 9110, 13.1.2)."""
    given = [tag.strip() for line in request.headers.getlist("if-none-match") for tag in line.split(",")]
    return "*" in given or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in given}


def meant_by(if_match: str | None) -> Meant:
    """The revision that If-Match names. Raises Problem."""
    if if_match is None:
        raise Problem(428, "precondition-required", "Say in If-Match which revision is meant: the ETag of a GET.")
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Problem(422, "invalid", "If-Match is not an ETag that this service gave out.", field="If-Match")
    return Meant(int(match[1]), int(match[2]))


def is_new(if_match: str | None, if_none_match: str | None) -> bool:
    """Whether a new one is meant."""
    return if_match is None and (if_none_match or "").strip() == "*"
