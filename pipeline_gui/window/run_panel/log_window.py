"""The lines of an output that are in memory: a window on it that moves, and never grows beyond a bound. Knows no Qt.

What is in memory may be all lines of a part of the output, or those that a search found in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

from pipeline_gui.pipeline.output import OutputMatch, OutputPart, OutputSearched

CHUNK = 128 * 1024
"""Bytes read at once."""
MOST = 4 * CHUNK
"""Bytes in memory, about."""
LONGEST_LINE = 4000
"""Characters of a line that are shown; the rest is only in the output itself."""

# ECMA-48: CSI and OSC sequences, then any other escape.
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class LogWindow:
    """Takes parts of an output and gives lines; each line is one of the output's, whatever it holds."""

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int]] = deque()
        """Where each line begins, and its bytes."""
        self._bytes = 0
        self._held: tuple[int, bytes] | None = None
        """The unfinished line that waits, and where it begins."""
        self.begin = 0
        """The offset of the first byte in memory."""
        self.end = 0
        """The offset behind the last one."""
        self.total = 0
        """Bytes of the output, as the last part said."""

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is known to follow."""
        return self.end >= self.total

    @property
    def count(self) -> int:
        """How many lines are in memory."""
        return len(self._spans)

    def replace(self, part: OutputPart, *, is_ended: bool) -> list[str]:
        """Forget what is in memory and take this part; a first line that is cut is left out where more follow."""
        data, begin = part.data, part.offset
        if begin > 0 and (cut := data.find(b"\n") + 1) and cut < len(data):
            data, begin = data[cut:], begin + cut
        self._forget(begin)
        return self.append(OutputPart(begin, part.total, data), is_ended=is_ended)

    def append(self, part: OutputPart, *, is_ended: bool) -> list[str]:
        """Take what follows. An unfinished last line waits until it is finished, or was met twice as it is."""
        self.total = max(part.total, part.end)
        if part.offset != self.end or not part.data:
            return []
        finished = part.data.rfind(b"\n") + 1
        rest = part.data[finished:]
        unfinished = part.offset + finished, rest
        is_all = part.end >= part.total
        take_rest = bool(rest) and (len(rest) >= CHUNK or (is_all and (is_ended or unfinished == self._held)))
        self._held = None if take_rest or not is_all else unfinished
        data = part.data if take_rest else part.data[:finished]
        self.end += len(data)
        return self._take(self.end - len(data), data, at_end=True)

    def prepend(self, part: OutputPart) -> list[str]:
        """Take what comes before; a first line that is cut waits for the next one before."""
        self.total = max(part.total, self.end)
        data = part.data
        if part.end != self.begin or not data:
            return []
        begin = part.offset
        if begin > 0 and (cut := data.find(b"\n") + 1) and cut < len(data):
            data, begin = data[cut:], begin + cut
        self.begin = begin
        return self._take(begin, data, at_end=False)

    def replace_found(self, found: OutputSearched) -> list[str]:
        """Forget what is in memory and take the lines that a search found."""
        self._forget(found.begin)
        self.end = found.begin
        return self.append_found(found)

    def append_found(self, found: OutputSearched) -> list[str]:
        """Take the lines that were found in what follows."""
        self.total = max(found.total, found.end)
        if found.begin != self.end:
            return []
        self.end = found.end
        return self._take_found(found.found, at_end=True)

    def prepend_found(self, found: OutputSearched) -> list[str]:
        """Take the lines that were found in what comes before."""
        self.total = max(found.total, self.end)
        if found.end != self.begin:
            return []
        self.begin = found.begin
        return self._take_found(found.found, at_end=False)

    def line_at(self, offset: int) -> int | None:
        """Which line, counted from 0, has this byte of the output, or follows it; None: it is not in memory."""
        if not self._spans or not self.begin <= offset < self.end:
            return None
        return max(0, bisect_right(self._spans, offset, key=lambda span: span[0]) - 1)

    def offset_of(self, line: int) -> int:
        """Where a line begins in the output."""
        return self._spans[line][0] if 0 <= line < len(self._spans) else self.begin

    def trim_begin(self) -> int:
        """Drop lines at the begin until the bound is kept; how many."""
        dropped = 0
        while self._bytes > MOST and len(self._spans) > 1:
            self._bytes -= self._spans.popleft()[1]
            self.begin = self._spans[0][0]
            dropped += 1
        return dropped

    def trim_end(self) -> int:
        """Drop lines at the end until the bound is kept; how many."""
        dropped = 0
        while self._bytes > MOST and len(self._spans) > 1:
            self.end, size = self._spans.pop()
            self._bytes -= size
            dropped += 1
            while len(self._spans) > 1 and self._spans[-1] == (self.end, 0):  # the same match's
                self._spans.pop()
                dropped += 1
        self._held = None
        return dropped

    def _forget(self, begin: int) -> None:
        self._spans.clear()
        self._bytes = 0
        self._held = None
        self.begin = self.end = begin

    def _take(self, offset: int, data: bytes, *, at_end: bool) -> list[str]:
        raw = data.split(b"\n")
        if not raw[-1]:
            raw.pop()
        sizes = [len(line) + 1 for line in raw]
        if sizes and not data.endswith(b"\n"):
            sizes[-1] -= 1
        self._add(list(zip(accumulate(sizes, initial=offset), sizes, strict=False)), at_end=at_end)
        return [clean_line(line) for line in raw]

    def _take_found(self, found: Sequence[OutputMatch], *, at_end: bool) -> list[str]:
        spans, lines = [], []
        for match in found:
            texts = match.text.split("\n")
            if len(texts) > 1 and not texts[-1]:
                texts.pop()
            # The lines of one match belong together: all but the last are said to have no bytes of their own.
            spans += [(match.offset, 0)] * (len(texts) - 1) + [(match.offset, match.length)]
            lines += [clean_line(text.encode()) for text in texts]
        self._add(spans, at_end=at_end)
        return lines

    def _add(self, spans: list[tuple[int, int]], *, at_end: bool) -> None:
        self._bytes += sum(size for _, size in spans)
        if at_end:
            self._spans.extend(spans)
        else:
            self._spans.extendleft(reversed(spans))


def clean_line(raw: bytes) -> str:
    """A line as it may be shown: without escape sequences, control characters as a mark, the last of what overwrote."""
    text = raw[: LONGEST_LINE * 8].decode("utf-8", "replace").rstrip("\r")
    text = _ANSI.sub("", text.rpartition("\r")[2])
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
