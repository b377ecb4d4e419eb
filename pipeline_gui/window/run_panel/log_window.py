"""The lines of an output that are in memory: a window on it that moves, and never grows beyond a bound. Knows no Qt."""

from __future__ import annotations

import re
from collections import deque

from pipeline_gui.pipeline.output import OutputPart

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
        self._sizes: deque[int] = deque()
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

    def replace(self, part: OutputPart, *, is_ended: bool) -> list[str]:
        """Forget what is in memory and take this part; a first line that is cut is left out where more follow."""
        data, begin = part.data, part.offset
        if begin > 0 and (cut := data.find(b"\n") + 1) and cut < len(data):
            data, begin = data[cut:], begin + cut
        self._sizes.clear()
        self._held = None
        self.begin = self.end = begin
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
        return self._lines(data, at_end=True)

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
        return self._lines(data, at_end=False)

    def trim_begin(self) -> int:
        """Drop lines at the begin until the bound is kept; how many."""
        dropped = 0
        while self.end - self.begin > MOST and len(self._sizes) > 1:
            self.begin += self._sizes.popleft()
            dropped += 1
        return dropped

    def trim_end(self) -> int:
        """Drop lines at the end until the bound is kept; how many."""
        dropped = 0
        while self.end - self.begin > MOST and len(self._sizes) > 1:
            self.end -= self._sizes.pop()
            dropped += 1
        self._held = None
        return dropped

    def _lines(self, data: bytes, *, at_end: bool) -> list[str]:
        raw = data.split(b"\n")
        if not raw[-1]:
            raw.pop()
        sizes = [len(line) + 1 for line in raw]
        if sizes and not data.endswith(b"\n"):
            sizes[-1] -= 1
        if at_end:
            self._sizes.extend(sizes)
        else:
            self._sizes.extendleft(reversed(sizes))
        return [clean_line(line) for line in raw]


def clean_line(raw: bytes) -> str:
    """A line as it may be shown: without escape sequences, control characters as a mark, the last of what overwrote."""
    text = raw[: LONGEST_LINE * 8].decode("utf-8", "replace").rstrip("\r")
    text = _ANSI.sub("", text.rpartition("\r")[2])
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
