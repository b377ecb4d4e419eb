"""Parts of an output in HTTP's words: 206 and 416 with Content-Range (RFC 9110, 14 and 15)."""

from __future__ import annotations

import re

from pipeline_gui.pipeline.output import OutputPart
from pipeline_gui.spark.transport import Answer

_PART = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_NOTHING = re.compile(r"bytes \*/(\d{1,18})")


def part_of(answer: Answer) -> OutputPart | None:
    """The part that an answer holds, an empty one where there is nothing from there on; None: it holds none."""
    said = answer.content_range or ""
    if answer.status == 416 and (nothing := _NOTHING.fullmatch(said)):
        return OutputPart(int(nothing[1]), int(nothing[1]), b"")
    if answer.status != 206 or not (part := _PART.fullmatch(said)):
        return None
    first, last, total = int(part[1]), int(part[2]), int(part[3])
    if last - first + 1 != len(answer.body) or last >= total:
        return None
    return OutputPart(first, total, answer.body)
