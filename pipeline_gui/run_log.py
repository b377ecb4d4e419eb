"""Following a run's log as it grows, without losing or doubling a line.

Livy gives a log as one list: the heading ``stdout: ``, lines, the heading ``\\nstderr: ``, lines. Both parts grow, so
an index alone says nothing: each new line of the first part moves the whole of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from pipeline_gui.pipeline.answers import LogAnswer
from pipeline_gui.pipeline.errors import PipelineError

PAGE = 1000
"""Lines asked for at once."""
MOST_PAGES_A_LOOK = 20
"""A look ends after so many pages, so that a log of any size is shown bit by bit."""
STDERR = "\nstderr: "
"""A heading: no line of a log itself can hold a line feed."""
LOOKS_UNTIL_SHOWN = 2
"""How often an unfinished last line must be met unchanged before it is shown as it is."""
LINES_LOST = "… (lines that the Spark server did not keep)"

Position = tuple[int, int]
"""How many finished lines were read of the first part and of the second."""

Fetch = Callable[[int, int], LogAnswer]
"""Lines from an index on, and at most how many. Raises PipelineError."""


class RunLog(Protocol):
    """The log of one run, read on and on."""

    @property
    def position(self) -> Position | None:
        """Where another reader can go on; None where the server does not keep what was read."""

    def look(self, *, ended: bool = False) -> list[str]:
        """The lines that came since the last look; ended: the run is over, so no line will grow any more.

        Raises PipelineError when nothing could be read.
        """


def open_run_log(fetch: Fetch, *, is_kept_whole: bool, position: Position = (0, 0)) -> RunLog:
    """The reader for a server that keeps every line, or for a plain Livy, which keeps the last 200.

    position: where another reader of the same log was, so that this one goes on there.
    """
    return _WholeLog(fetch, position) if is_kept_whole else _RingLog(fetch)


class _Part:
    """One of the two growing parts; its last line may be unfinished, and is held until it is clear what it says."""

    def __init__(self, taken: int = 0) -> None:
        self.taken = taken
        """Finished lines that were given out, and so the index of the next line to read."""
        self._held: str | None = None
        self._looks = 0
        self._given: str | None = None
        """What was given out of the line at `taken` while it was unfinished."""

    def take(self, lines: Sequence[str], *, more_follow: bool, ended: bool) -> list[str]:
        """Take the lines from index `taken` on; what of them was not given out yet."""
        finished = lines if more_follow or not lines else lines[:-1]
        new: list[str] = []
        for line in finished:
            new += self._new_of(line)
            self.taken += 1
            self._given = self._held = None
        if len(finished) < len(lines):
            new += self._hold(lines[-1], ended)
        return new

    def _hold(self, line: str, ended: bool) -> list[str]:
        self._looks = self._looks + 1 if line == self._held else 1
        self._held = line
        if not ended and self._looks < LOOKS_UNTIL_SHOWN:
            return []
        new = self._new_of(line)
        self._given = line
        return new

    def _new_of(self, line: str) -> list[str]:
        if self._given is None:
            return [line]
        if line == self._given:
            return []
        return [line.removeprefix(self._given)]


class _WholeLog:
    """A log of which every line is kept: read by index, each part from where it was left."""

    def __init__(self, fetch: Fetch, position: Position) -> None:
        self._fetch = fetch
        self._out = _Part(position[0])
        self._err = _Part(position[1])

    @property
    def position(self) -> Position:
        """How many finished lines of each part were given out."""
        return self._out.taken, self._err.taken

    def look(self, *, ended: bool = False) -> list[str]:
        """The lines that came since the last look."""
        new: list[str] = []
        try:
            for lines in self._read(ended):
                new += lines
        except PipelineError:
            if not new:
                raise  # else what was taken is given out, and the next look meets what is wrong
        return new

    def _read(self, ended: bool) -> Iterator[list[str]]:
        size = 2  # of a part that does not grow: its unfinished line, and the heading of the other
        for _ in range(MOST_PAGES_A_LOOK):
            start = 1 + self._out.taken
            page = self._fetch(start, size)
            lines, size = page["lines"], PAGE
            if STDERR in lines:
                count = lines.index(STDERR)
                yield self._out.take(lines[:count], more_follow=False, ended=ended)
                yield from self._read_errors(start + count, page["total"], ended)
                return
            if len(lines) < 2:
                return
            yield self._out.take(lines[:-1], more_follow=True, ended=ended)

    def _read_errors(self, heading: int, total: int, ended: bool) -> Iterator[list[str]]:
        for _ in range(MOST_PAGES_A_LOOK):
            start = heading + 1 + self._err.taken
            page = self._fetch(start, PAGE)
            if page["total"] != total and self._fetch(heading, 1)["lines"] != [STDERR]:
                return  # the first part grew meanwhile, so these are other lines than those asked for; at the next look
            lines, total = page["lines"], page["total"]
            is_last = start + len(lines) >= total
            yield self._err.take(lines, more_follow=not is_last, ended=ended)
            if is_last or not lines:
                return


class _RingLog:
    """A plain Livy's log: the last lines only; what is new follows the longest overlap with the last look."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._parts: dict[str, list[str]] = {}

    @property
    def position(self) -> None:
        """The server forgets."""
        return None

    def look(self, *, ended: bool = False) -> list[str]:  # noqa: ARG002  (its lines are finished when they appear)
        """The lines that came since the last look."""
        new: list[str] = []
        for heading, lines in self._read().items():
            before = self._parts.get(heading, [])
            new += _after_overlap(before, lines)
            if lines:
                self._parts[heading] = lines
        return new

    def _read(self) -> dict[str, list[str]]:
        page = self._fetch(0, PAGE)
        if page["total"] > len(page["lines"]):
            page = self._fetch(0, page["total"])  # in one answer: between two the ring would move
        parts: dict[str, list[str]] = {}
        heading = "stdout: "
        for index, line in enumerate(page["lines"]):
            if line.startswith("\n") or (index == 0 and line == heading):
                heading = line
            else:
                parts.setdefault(heading, []).append(line)
        return parts


def _after_overlap(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """What of now comes after the longest end of before with which it begins."""
    for dropped in range(len(before)):
        kept = before[dropped:]
        if list(now[: len(kept)]) == list(kept):
            return list(now[len(kept) :])
    return [LINES_LOST, *now] if before and now else list(now)
