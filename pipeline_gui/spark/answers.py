"""What an answer means: the server's own word, or something that stands in the way."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable
from pipeline_gui.spark.address import Address
from pipeline_gui.spark.texts import clean, page_title
from pipeline_gui.spark.transport import Answer
from pipeline_gui.spark.wire import Message, NotLivys, decode, error_text

REFUSALS = (400, 401, 403, 405, 412, 413, 415, 422, 429)
"""Answers after which nothing was launched, when they are in the server's own words."""

_SESSION_NOT_FOUND = "Session '{}' not found."
_REASON = re.compile(r"^(?:Rejected, Reason: )?(?:requirement failed: )?")
_ALIVE = re.compile(r"batch \S+ of the same installation is ")
_NO_NAMES = re.compile(r"Unrecognized field \"name\"")
NEEDS_NAMES = "This Livy gives its batches no names; Livy 0.6 or newer is needed."


def own_words(answer: Answer) -> str | None:
    """The text of an error in Livy's own JSON (an object with msg, or a bare string); None when it is not that.

    A proxy's page, or another program's JSON, says nothing about what the server did.
    """
    if answer.media_type != "application/json":
        return None
    return error_text(answer.body)


def says_unknown(answer: Answer, name: str) -> bool:
    """Whether the server itself says that it has no batch of exactly that name."""
    if answer.status != 404 or answer.media_type != "application/json":
        return False
    try:
        return decode(answer.body, Message).msg == _SESSION_NOT_FOUND.format(name)
    except NotLivys:
        return False


def refusal(answer: Answer, name: str, secrets: tuple[str, ...]) -> SparkRefused | None:
    """The refusal to launch that an answer is, or None where it leaves open what happened."""
    words = own_words(answer) if answer.status in REFUSALS else None
    if words is None:
        return None
    if _NO_NAMES.search(words):
        return SparkRefused(NEEDS_NAMES, status_code=answer.status)
    reason = clean(_REASON.sub("", words), secrets=secrets).rstrip(".") or "it gave no reason"
    return SparkRefused(
        f"Spark refused to start it: {reason}.",
        status_code=answer.status,
        duplicate_name=f"Duplicate session name: Some({name})" in words,
        busy=bool(_ALIVE.search(words)),
        other_generation=answer.status == 412,
    )


def unusable(answer: Answer, address: Address, why: str = "") -> SparkUnavailable:
    """The error for an answer that tells nothing about a batch."""
    server = address.url
    if 300 <= answer.status < 400:
        to = clean(urlsplit(answer.location or "").hostname or "somewhere else", 100)
        return SparkUnavailable(f"{server} redirects to {to}, which is not followed. Is the address right?")
    words = own_words(answer)
    said = f": {clean(words, secrets=address.secrets).rstrip('.')}" if words else f" ({looks_like(answer)})"
    if answer.status == 401:
        if address.authorization is None:
            return SparkUnavailable(f"{server} wants a token or password, and none is set.")
        return SparkUnavailable(f"{server} does not accept the token or password that is set.")
    if answer.status == 403:
        return SparkUnavailable(f"{server} does not allow this{said}.")
    if words is not None:
        return SparkUnavailable(f"{server} answered with status {answer.status}{said}.")
    wrong = f": {why}" if why else ""
    return SparkUnavailable(f"{server} answered something that is not Livy's ({looks_like(answer)}{wrong}).")


def looks_like(answer: Answer) -> str:
    """What an answer is, in words: never its text."""
    body = answer.body.lstrip()[:256].lower()
    status = f"status {answer.status}"
    if not body:
        return f"empty, {status}"
    if answer.media_type == "text/html" or body.startswith((b"<!doctype html", b"<html")):
        title = page_title(answer.body)
        return f"a web page “{title}”, {status}" if title else f"a web page, {status}"
    if answer.media_type == "application/json":
        return f"other JSON, {status}"
    return f"{clean(answer.media_type, 60) or 'no stated type'}, {status}"
