"""A search in the whole output, on the server: counts in the background, and steps from match to match."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from pipeline_gui.pipeline.output import OutputMatch, OutputSearch, OutputSearched, Stream
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.run_panel.outputs import Outputs

MOST_KEPT = 20_000
"""Matches whose place is remembered; among the first of them a step needs no question."""
_ASKED = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for."""

    text: str
    is_pattern: bool
    ignores_case: bool

    def search(self, begin: int, end: int | None, *, most: int = 1, back: bool = False) -> OutputSearch:
        """For a part of the output; with one wanted only, the rest is not counted."""
        return OutputSearch(
            self.text, self.is_pattern, self.ignores_case, begin, end, most, is_backward=back, counts=most != 1
        )


class LogSearch(QObject):
    """What is known of the matches of one expression in one output."""

    counted = Signal()
    """More is known: see count and is_whole."""
    looking = Signal(float)
    """A way that goes on: how much of the output it has looked through, from 0 to 1."""
    stepped = Signal(object)
    """The OutputMatch that was gone to; None: there is none."""
    failed = Signal(object)
    """Why it can't be searched, as an exception."""

    def __init__(self, gateway: Gateway, outputs: Outputs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._outputs = outputs
        self._run_id = ""
        self._stream = Stream.STDERR
        self._wanted: Wanted | None = None
        self._search = 0
        """Counts the searches, so that an answer to an earlier one is known as such."""
        self._step = 0
        self._is_counting = False
        self._matches: list[OutputMatch] = []
        self._known_end = 0
        """Up to where every match is in the list."""
        self._looked = 0
        self.count = 0
        self.total = 0

    @property
    def is_whole(self) -> bool:
        """Whether the whole output, as far as it was known, was looked through."""
        return not self._is_counting

    @property
    def share(self) -> float:
        """How much of the output was looked through, from 0 to 1."""
        return self._looked / self.total if self.total else 0.0

    def look_for(self, run_id: str, stream: Stream, wanted: Wanted | None) -> None:
        """Begin to count; None: stop."""
        self._run_id, self._stream, self._wanted = run_id, stream, wanted
        self._search += 1
        self._step += 1
        self._matches = []
        self._known_end = self._looked = self.count = self.total = 0
        self._is_counting = wanted is not None
        self._count_on()

    def go_on(self) -> None:
        """The output may have grown: count what came."""
        if self._wanted is not None and not self._is_counting:
            self._is_counting = True
            self._count_on()

    def number_of(self, match: OutputMatch) -> int | None:
        """Which one it is, counted from 1; None where that is not known."""
        position = bisect_left(self._matches, match.offset, key=_offset)
        is_known = position < len(self._matches) and self._matches[position].offset == match.offset
        return position + 1 if is_known else None

    # --- counting -----------------------------------------------------------------------------------------------

    def _count_on(self) -> None:
        wanted = self._wanted
        if wanted is not None:
            self._ask(wanted.search(self._looked, None, most=_ASKED), self._search, self._take_count, "_search")

    def _take_count(self, answer: OutputSearched) -> None:
        self._is_counting = answer.end < answer.total
        self._looked, self.total = answer.end, answer.total
        self.count += answer.count
        is_gapless = self._known_end == answer.begin and len(self._matches) < MOST_KEPT
        if is_gapless:
            self._matches += answer.found
            is_all = answer.count == len(answer.found)
            self._known_end = answer.end if is_all else answer.found[-1].end if answer.found else answer.begin
        self.counted.emit()
        if self._is_counting:
            self._count_on()

    # --- going from one to the next -----------------------------------------------------------------------------

    def step_on(self, offset: int) -> None:
        """Go to the first match that begins at this byte or behind it; behind the last one, to the first."""
        position = bisect_left(self._matches, offset, key=_offset)
        if position < len(self._matches):
            self._arrive(self._matches[position])
        elif self._wanted is not None:
            begin = max(offset, self._known_end)
            self._step += 1
            self._look_on(self._wanted.search(begin, None), wrap=replace(self._wanted.search(0, begin)))

    def step_back(self, offset: int) -> None:
        """Go to the last match that begins before this byte; before the first one, to the last."""
        position = bisect_right(self._matches, offset - 1, key=_offset) - 1
        if position >= 0 and offset <= self._known_end:
            self._arrive(self._matches[position])
        elif self._wanted is not None:
            self._step += 1
            begin = self._wanted.search(0, offset, back=True)
            self._look_on(begin, wrap=self._wanted.search(offset, None, back=True))

    def go_to_first(self, run_id: str, stream: Stream, wanted: Wanted) -> None:
        """Go to the first match of something else than what is counted."""
        self._run_id, self._stream = run_id, stream
        self._step += 1
        self._look_on(wanted.search(0, None), wrap=None)

    def give_up(self) -> None:
        """Go nowhere; what is counted is counted on."""
        self._step += 1

    def _look_on(self, search: OutputSearch, wrap: OutputSearch | None) -> None:
        def take(answer: OutputSearched) -> None:
            if answer.found:
                self._arrive(answer.found[-1] if search.is_backward else answer.found[0])
                return
            last = answer.total if search.end is None else min(search.end, answer.total)
            if search.is_backward and answer.begin > search.begin:
                self._look_on(replace(search, end=answer.begin), wrap)
            elif not search.is_backward and answer.end < last:
                self.looking.emit(answer.end / answer.total)
                self._look_on(replace(search, begin=answer.end), wrap)
            elif wrap is not None:
                self._look_on(wrap, None)
            else:
                self.stepped.emit(None)

        self._ask(search, self._step, take, "_step")

    def _arrive(self, match: OutputMatch) -> None:
        self._step += 1
        self.stepped.emit(match)

    def _ask(self, search: OutputSearch, number: int, take: Callable[[OutputSearched], None], which: str) -> None:
        run_id, stream, outputs = self._run_id, self._stream, self._outputs

        def done(answer: OutputSearched) -> None:
            if number == getattr(self, which):
                take(answer)

        def failed(error: Exception) -> None:
            if number == getattr(self, which):
                self._is_counting = False
                self.failed.emit(error)

        self._gateway.run(lambda: outputs.search(run_id, stream, search), done, failed, self, Lane.VIEWS)


def _offset(match: OutputMatch) -> int:
    return match.offset
