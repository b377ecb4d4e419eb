"""The output of a batch as it is, with Range: for logs of any size."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from fastapi import Response
from fastapi.responses import StreamingResponse

_CHUNK = 256 * 1024
_TYPE = "text/plain; charset=utf-8"


def output_response(path: Path, range_header: str | None) -> Response:
    """The file as it is now, or the part that a Range asks for; 416 names its size. Raises OSError."""
    size = path.stat().st_size if path.exists() else 0
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    wanted = _parse_range(range_header, size)
    if wanted is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(_read(path, 0, size), media_type=_TYPE, headers=headers)
    first, last = wanted
    if first >= size or first > last:
        return Response(status_code=416, media_type=_TYPE, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    return StreamingResponse(_read(path, first, last - first + 1), 206, media_type=_TYPE, headers=headers)


def _parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte; None when the whole is meant, as for a header that is not understood."""
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", header or "")
    if match is None or match.groups() == ("", ""):
        return None
    begin, end = match.groups()
    if not begin:
        return max(0, size - int(end)), size - 1
    if end and int(end) < int(begin):
        return None
    return int(begin), min(int(end), size - 1) if end else size - 1


def _read(path: Path, offset: int, length: int) -> Iterator[bytes]:
    if length == 0:
        return
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        while length > 0 and (chunk := os.pread(fd, min(_CHUNK, length), offset)):
            yield chunk
            offset += len(chunk)
            length -= len(chunk)
    finally:
        os.close(fd)
