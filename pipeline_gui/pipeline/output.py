"""What a run printed, in parts: a log may be larger than memory, so nobody reads it as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pipeline_gui.pipeline.errors import SparkRefused


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


@dataclass(frozen=True, slots=True)
class OutputSearch:
    """What is looked for in an output, and where; the server looks for a bounded time, and says how far it came."""

    text: str
    is_pattern: bool = False
    """A regular expression (RE2's), in which ^ and $ are the ends of a line."""
    ignores_case: bool = False
    begin: int = 0
    end: int | None = None
    """Offsets between which a match begins; None: the end of the output."""
    most: int = 1
    """How many matches are given."""
    is_backward: bool = False
    """The last matches before the end, and not the first ones."""
    counts: bool = False
    """Whether those beyond the most are counted too."""
    gives_lines: bool = False
    """Whether the lines that a match touches are given in its place, each once."""
    is_growing: bool = False
    """Whether the run goes on, so that an unfinished last line is not given yet."""


@dataclass(frozen=True, slots=True)
class OutputMatch:
    """A match, or the lines that it touches."""

    offset: int
    length: int
    """Bytes in the output."""
    text: str = ""
    """The lines, where they were wanted."""

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class OutputSearched:
    """What a search found so far, and through which part of the output it looked."""

    begin: int
    end: int
    total: int
    """Bytes that the output had."""
    count: int
    found: tuple[OutputMatch, ...]


class SearchNotKnown(SparkRefused):
    """This server can't search: a plain Livy, or a command server that is older than the window."""


class OutputServer(Protocol):
    """A Spark server that keeps outputs whole."""

    def output(self, name: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """At most length bytes from offset on; None: the last ones. Raises SparkUnavailable, SparkRefused."""

    def search_output(self, name: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """A bounded piece of a search. Raises SearchNotKnown, SparkUnavailable, SparkRefused."""
