"""Answers to a Range: what can't be the part that was asked for is none."""

from __future__ import annotations

import pytest

from pipeline_gui.pipeline.output import OutputPart
from pipeline_gui.spark.ranges import part_of
from pipeline_gui.spark.transport import Answer


def answer(status: int, body: bytes, said: str | None) -> Answer:
    return Answer(status, "text/plain", None, None, body, said)


def test_a_part_and_the_end() -> None:
    assert part_of(answer(206, b"abc", "bytes 4-6/10")) == OutputPart(4, 10, b"abc")
    assert part_of(answer(416, b"", "bytes */10")) == OutputPart(10, 10, b"")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"abc", "bytes 4-6/10"),  # the whole, whatever it says
        (206, b"abc", None),
        (206, b"ab", "bytes 4-6/10"),
        (206, b"abc", "bytes 8-10/10"),
        (206, b"", "bytes 6-4/10"),
        (206, b"abc", "lines 4-6/10"),
        (416, b"", "bytes 0-1/10"),
        (404, b"{}", None),
    ],
)
def test_what_is_no_part(status: int, body: bytes, said: str | None) -> None:
    assert part_of(answer(status, body, said)) is None
