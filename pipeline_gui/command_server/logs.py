"""The log of a batch in Livy's form, read from files of any size without reading more than is needed."""

from __future__ import annotations

import bisect
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline_gui.command_server.batch import Batch

MOST_LINES = 10_000
LARGEST_PAGE = 4 * 1024 * 1024
"""Bytes; a page that would be larger ends earlier, and the reader goes on from there."""
LONGEST_LINE = 64 * 1024
"""Bytes; the rest of a longer line is only in the output itself."""
_CHUNK = 1024 * 1024
_TAIL = 64 * 1024


class LogIndex:
    """Where lines begin in a growing file: one entry per chunk, counted once and continued as the file grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._lines = [0]
        self._offsets = [0]
        self._counted = 0
        self._newlines = 0
        self._open_line = False

    def count(self) -> int:
        """How many lines there are now, an unfinished last one included. Raises OSError."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    file.seek(self._counted)
                    while chunk := file.read(_CHUNK):
                        self._newlines += chunk.count(b"\n")
                        self._counted += len(chunk)
                        self._open_line = not chunk.endswith(b"\n")
                        last = chunk.rfind(b"\n")
                        if last >= 0:
                            self._lines.append(self._newlines)
                            self._offsets.append(self._counted - len(chunk) + last + 1)
            except FileNotFoundError:
                return 0  # not begun yet
            return self._newlines + self._open_line

    def read(self, first: int, count: int) -> list[str]:
        """Up to count lines from line first on, as far as a page goes. Raises OSError."""
        with self._lock:
            position = bisect.bisect_right(self._lines, first) - 1
            line, offset = self._lines[position], self._offsets[position]
        lines: list[str] = []
        room = LARGEST_PAGE
        with self._path.open("rb") as file:
            file.seek(offset)
            while len(lines) < count and room > 0:
                text = file.readline(LONGEST_LINE)
                if not text:
                    break
                whole = text.endswith(b"\n")
                while not whole and (rest := file.readline(_CHUNK)):
                    whole = rest.endswith(b"\n")
                if line >= first:
                    lines.append(_decode(text))
                    room -= len(text)
                line += 1
        return lines

    def tail(self, count: int) -> list[str]:
        """The last lines, without counting the ones before. Raises OSError."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                text = file.read(_TAIL)
        except FileNotFoundError:
            return []
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        if size > _TAIL and len(lines) > 1:
            lines = lines[1:]  # the first one is cut
        return [_decode(line) for line in lines[-count:]]


def _decode(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "replace")


def last_lines(batch: Batch, count: int = 10) -> list[str]:
    """The last lines of the log in Livy's form. Raises OSError."""
    lines = ["stdout: ", *batch.stdout.tail(count), "\nstderr: ", *batch.stderr.tail(count)]
    return lines[-count:]


def page(batch: Batch, start: int | None, size: int) -> tuple[int, int, list[str]]:
    """A page of the log: its first index, the total, its lines. start None: the last lines. Raises OSError."""
    out, err = batch.stdout.count(), batch.stderr.count()
    total = out + err + 2
    wanted = min(total if size < 0 else size, MOST_LINES)
    first = max(0, total - wanted) if start is None or start < 0 else start
    lines: list[str] = []
    room = LARGEST_PAGE
    parts = ((0, "stdout: ", batch.stdout, out), (out + 1, "\nstderr: ", batch.stderr, err))
    for begin, heading, index, count in parts:
        position = first + len(lines)
        if len(lines) < wanted and position == begin:
            lines.append(heading)
            position += 1
        offset = position - begin - 1
        if len(lines) < wanted and 0 <= offset < count and room > 0:
            expected = min(wanted - len(lines), count - offset)
            read = index.read(offset, expected)
            lines += read
            room -= sum(map(len, read))
            if len(read) < expected:
                break
    return first, total, lines
