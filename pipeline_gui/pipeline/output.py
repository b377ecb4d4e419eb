"""What a run printed, in parts: a log may be larger than memory, so nobody reads it as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Stream(StrEnum):
    """The two outputs of a driver. Spark's own log is the second."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class OutputPart:
    """Bytes of an output, as they are in it."""

    offset: int
    """Of the first byte."""
    total: int
    """Bytes that the output had when this was read."""
    data: bytes
    note: str = ""
    """Why this is not all that there was, in a sentence, where the server forgets."""

    @property
    def end(self) -> int:
        """The offset behind the last byte."""
        return self.offset + len(self.data)


class OutputServer(Protocol):
    """A Spark server that keeps outputs whole."""

    def output(self, name: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """At most length bytes from offset on; None: the last ones. Raises SparkUnavailable, SparkRefused."""
