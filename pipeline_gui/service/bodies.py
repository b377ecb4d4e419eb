"""Bodies of requests, within limits of size and time."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
from fastapi import Request
from starlette.requests import ClientDisconnect

from pipeline_gui.service.problems import Problem

LARGEST_BODY = 1024 * 1024
MOST_DISCARDED = 8 * 1024 * 1024
"""Of a body that is too large, so much is read and thrown away, that its sender hears why; beyond, we hang up."""
BODY_SECONDS = 15.0


async def read_body(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """The body. Raises Problem when it is larger, or slower, than is taken."""
    too_large = Problem(413, "too-large", f"The body is larger than {largest:,} bytes.")
    length = request.headers.get("content-length", "0")
    if not re.fullmatch(r"\d{1,18}", length) or int(length) > largest:
        raise too_large
    body = bytearray()
    discarded = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                if len(body) + len(chunk) > largest or discarded:  # a chunked body has no length to look at before
                    discarded += len(chunk)
                    if discarded > MOST_DISCARDED:
                        raise too_large
                    continue
                body += chunk
    except TimeoutError as error:
        slow = f"The body took over {BODY_SECONDS:.0f} seconds."
        raise Problem(408, "too-slow", slow, headers={"Connection": "close"}) from error  # it may come for hours
    except ClientDisconnect as error:
        raise Problem(400, "malformed", "The body ended early.") from error
    if discarded:
        raise too_large
    return bytes(body)


async def read_object(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object in the body. Raises Problem."""
    body = await read_body(request)
    if not body and may_be_empty:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A form of another site can send other types without asking, and this one not.
        raise Problem(415, "unsupported-media-type", "The body must be JSON: Content-Type: application/json.")
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "malformed", f"The body is not JSON: {str(error)[:200]}.") from error
    if not isinstance(value, dict):
        raise Problem(422, "invalid", "The body must be a JSON object.", field="body")
    return value
