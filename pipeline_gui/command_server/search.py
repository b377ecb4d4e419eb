"""Finds text in an output of any size: a bounded piece of work for each question, and never more than linear in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_gui.command_server.errors import RequestError
from pipeline_gui.expressions import ExpressionInvalid, compile_expression

SECONDS = 0.4
"""How long one question looks; whoever wants to know more asks on from where it ended."""
MOST_FOUND = 1000
LARGEST_ANSWER = 1024 * 1024
"""Bytes of text, about."""
_CHUNK = 1024 * 1024
_REST = 64 * 1024
"""Bytes behind a chunk that a match which begins in it may reach."""
_LONGEST_TEXT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and where."""

    text: str
    is_pattern: bool = False
    """A regular expression as RE2 takes it, in which ^ and $ are the ends of a line."""
    ignores_case: bool = False
    begin: int = 0
    end: int | None = None
    """Offsets between which a match begins; None: the end of the output."""
    most: int = 1
    is_backward: bool = False
    """The last matches before the end, and not the first ones."""
    counts: bool = False
    """Whether those beyond the most are counted too."""
    gives_lines: bool = False
    """Whether the lines that a match touches are given, once each."""
    is_ended: bool = True
    """Whether nothing is written any more, so that an unfinished last line is one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A match, or the lines that it touches."""

    offset: int
    length: int
    text: bytes | None = None

    def body(self) -> dict[str, Any]:
        """As it is sent."""
        body: dict[str, Any] = {"offset": self.offset, "length": self.length}
        if self.text is not None:
            body["text"] = self.text[:_LONGEST_TEXT].decode("utf-8", "replace")
        return body


def search(path: Path, wanted: Search, clock: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """What was found in so much of the output as there was time for. Raises RequestError, OSError."""
    pattern = compiled(wanted)
    size = path.stat().st_size if path.exists() else 0
    end = size if wanted.end is None else min(wanted.end, size)
    begin = min(wanted.begin, end)
    if begin >= end:
        return _answer(begin, end, size, 0, [])
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        finder = _Finder(fd, wanted, pattern, begin, end, size)
        look = finder.look_back if wanted.is_backward else finder.look_on
        deadline = clock() + SECONDS
        while look() and clock() < deadline:
            pass
        return _answer(finder.begin, finder.end, size, finder.count, finder.found)
    finally:
        os.close(fd)


def compiled(wanted: Search) -> Any:
    """The expression. Raises RequestError."""
    try:
        return compile_expression(wanted.text, is_pattern=wanted.is_pattern, ignores_case=wanted.ignores_case)
    except ExpressionInvalid as error:
        raise RequestError(str(error)) from error


class _Finder:
    """Looks chunk by chunk; begin and end are what was looked through so far."""

    def __init__(self, fd: int, wanted: Search, pattern: Any, begin: int, end: int, size: int) -> None:
        self._fd = fd
        self._wanted = wanted
        self._pattern = pattern
        self._literal = None if wanted.is_pattern or wanted.ignores_case else wanted.text.encode()
        self._limits = begin, end
        self._size = size
        self._room = LARGEST_ANSWER
        self.begin, self.end = (end, end) if wanted.is_backward else (begin, begin)
        self.count = 0
        self.found: list[Found] = []

    def look_on(self) -> bool:
        """Look through the next chunk; whether there is more to look through."""
        first, last = self.end, min(self.end + _CHUNK, self._limits[1])
        data, base, last = self._load(first, last)
        if last <= first:
            return False
        for match in self._matches(data, base, first, last):
            if match.offset + match.length >= base + len(data) < self._size and match.offset > first:
                last = match.offset  # it may go on behind what was read
                break
            self._take(match)
            last = max(last, match.offset + match.length)  # what it took is not looked through again
            if self._is_enough:
                self.end = match.offset + match.length
                return False
        self.end = last
        return last < self._limits[1]

    def look_back(self) -> bool:
        """Look through the chunk before; whether there is more to look through."""
        last, first = self.begin, max(self.begin - _CHUNK, self._limits[0])
        if first > self._limits[0]:
            data = os.pread(self._fd, last - first, first)
            first += (data.find(b"\n", 0, -1) + 1) if data else 0  # a line is looked at as a whole
        data, base, end = self._load(first, last)
        if self.begin == self.end:
            self.end = end  # which an unfinished last line does not belong to
        before = self.found
        self.found = []
        for match in reversed(list(self._matches(data, base, first, min(last, end)))):
            self._take(match)
            if self._is_enough:
                self.found = [*reversed(self.found), *before]
                self.begin = match.offset
                return False
        self.found = [*reversed(self.found), *before]
        self.begin = first
        return first > self._limits[0]

    @property
    def _is_enough(self) -> bool:
        if self._room <= 0:
            return True
        return not self._wanted.counts and self.count >= self._wanted.most

    def _take(self, match: Found) -> None:
        self.count += 1
        if self.count <= self._wanted.most:
            self.found.append(match)
            self._room -= len(match.text or b"")

    def _load(self, first: int, last: int) -> tuple[bytes, int, int]:
        """The chunk, with the byte before it and what a match in it may reach; where it begins, where to stop."""
        base = max(0, first - 1)
        data = os.pread(self._fd, last - base + _REST, base)
        if self._wanted.gives_lines and not self._wanted.is_ended and base + len(data) >= self._size:
            data = data[: data.rfind(b"\n") + 1]  # the last line is not finished
            last = max(first, min(last, base + len(data)))
        return data, base, last

    def _matches(self, data: bytes, base: int, first: int, last: int) -> Iterator[Found]:
        """The matches that begin in [first, last), in order."""
        if self._literal is not None and self._wanted.counts and self.count >= self._wanted.most:
            # Only their number is wanted: that is quicker without asking for each. What the expression does not
            # find at all is not counted: it skips to rare letters, and count() does not.
            if self._pattern.search(data, first - base) is not None:
                self.count += data.count(self._literal, first - base, last - base + len(self._literal) - 1)
            return
        done = -1
        for match in self._pattern.finditer(data, first - base):
            begin, end = match.span()
            if begin + base >= last:
                return
            if begin == end or begin < done:
                continue
            if self._wanted.gives_lines:
                begin = data.rfind(b"\n", 0, begin) + 1
                if begin == 0 and base < first:
                    begin = first - base  # what stands before belongs to a chunk before
                line_end = data.find(b"\n", end - 1)
                done = end = len(data) if line_end < 0 else line_end + 1
                yield Found(begin + base, end - begin, data[begin:end])
            else:
                yield Found(begin + base, end - begin)


def _answer(begin: int, end: int, size: int, count: int, found: list[Found]) -> dict[str, Any]:
    return {"begin": begin, "end": end, "total": size, "count": count, "found": [each.body() for each in found]}
