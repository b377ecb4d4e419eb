"""Reads the log that is shown, part by part, in the pool: one question at a time, and none while nobody looks."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from pipeline_gui.expressions import compile_expression
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.output import OutputPart, OutputSearch, OutputSearched, SearchNotKnown, Stream
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.run_panel.log_levels import Level
from pipeline_gui.window.run_panel.log_window import CHUNK, LogWindow
from pipeline_gui.window.run_panel.outputs import Outputs
from pipeline_gui.window.translation import tr

LOOK_MILLISECONDS = 1000
"""Between two looks at a log that is followed."""
MOST_FOUND = 500
"""Lines of a level that are asked for at once."""
_ENOUGH_FOUND = 100
"""Lines that fill a view: with fewer, the search for them goes on before."""


class Place(Enum):
    """Which part is wanted next."""

    BEGIN = "begin"
    EARLIER = "earlier"
    LATER = "later"
    END = "end"
    OFFSET = "offset"
    """Around one byte."""


class LogReader(QObject):
    """Keeps a LogWindow filled; what changed in it is all that it tells."""

    replaced = Signal(list)
    """All lines that are in memory now."""
    appended = Signal(list, int)
    """Lines at the end, and how many were dropped at the begin."""
    prepended = Signal(list, int)
    """Lines at the begin, and how many were dropped at the end."""
    arrived = Signal(int)
    """The line, counted in what is in memory, that was gone to."""
    told = Signal(str)
    """Where the window stands, what is wrong, or what the server keeps, in words."""

    def __init__(self, gateway: Gateway, outputs: Outputs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._outputs = outputs
        self._run_id: str | None = None
        self._stream = Stream.STDERR
        self._level = Level.ALL
        self._is_running = False
        self._is_seen = False
        self._question = 0
        self._awaited = False
        self._wanted: Place | None = None
        self._target = 0
        self._is_tail = False
        self._can_search = True
        self.is_following = True
        """Whether the end is kept in sight while it grows."""
        self.window = LogWindow()
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(LOOK_MILLISECONDS)
        self._look.timeout.connect(self._look_again)

    @property
    def is_whole(self) -> bool:
        """Whether all of the output is in memory, as far as it was known."""
        return self._level is Level.ALL and self.window.begin == 0 and self.window.is_at_end

    @property
    def level(self) -> Level:
        """Which lines are read."""
        return self._level

    def show_output(self, run_id: str | None, stream: Stream, *, is_running: bool, level: Level = Level.ALL) -> None:
        """Read this output from now on, at its end first."""
        ended_now = self._is_running and not is_running
        self._is_running = is_running
        if (run_id, stream, level) == (self._run_id, self._stream, self._level):
            if ended_now:
                self._look_again()  # for its last words
            return
        self._run_id, self._stream, self._level = run_id, stream, level
        self.window = LogWindow()
        self._question += 1
        self._awaited = False
        self._can_search = True
        self.is_following = True
        self.replaced.emit([])
        self.told.emit(tr("Reading…") if run_id else "")
        self.go_to(Place.END)

    def be_seen(self, seen: bool) -> None:
        """Whether somebody looks."""
        self._is_seen = seen
        if seen:
            self.go_to(self._wanted or (Place.END if self.window.total == 0 else Place.LATER))
        else:
            self._look.stop()

    def go_to(self, place: Place) -> None:
        """Bring a part of the output into memory; the last wish counts."""
        self._wanted = place
        if self._run_id is None or not self._is_seen or self._awaited:
            return
        self._ask()

    def go_to_offset(self, offset: int) -> None:
        """Bring the line that has this byte into memory, and say where it is."""
        self._target = offset
        line = self.window.line_at(offset)
        if line is None:
            self.go_to(Place.OFFSET)
        else:
            self.arrived.emit(line)

    def _look_again(self) -> None:
        if self.is_following and not self._awaited:
            self.go_to(Place.END if self._is_far_behind else Place.LATER)

    @property
    def _is_far_behind(self) -> bool:
        return self._is_tail or self.window.total - self.window.end > 2 * CHUNK

    # --- asking -------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        place, self._wanted = self._wanted, None
        run_id = self._run_id
        if place is None or run_id is None:
            return
        work: Callable[[], Any]
        take: Callable[[Place, Any], None]
        if self._level is Level.ALL or not self._can_search:
            offset, length = _span(place, self.window, self._target)
            if length <= 0:
                return
            work, take = partial(self._outputs.read, run_id, self._stream, offset, length), self._take
        else:
            wanted = self._search(place)
            if wanted.end is not None and wanted.begin >= wanted.end:
                return
            work, take = partial(self._outputs.search, run_id, self._stream, wanted), self._take_found
        self._awaited = True
        self._look.stop()
        question = self._question

        def done(answer: Any) -> None:
            if self._is_awaited(question):
                take(place, answer)

        def failed(error: Exception) -> None:
            if self._is_awaited(question):
                self._fail(place, error)

        self._gateway.run(work, done, failed, self, Lane.VIEWS)

    def _search(self, place: Place) -> OutputSearch:
        is_backward = place in (Place.END, Place.EARLIER)
        return OutputSearch(
            self._level.value,
            is_pattern=True,
            begin=self.window.end if place is Place.LATER else 0,
            end=self.window.begin if place is Place.EARLIER else None,
            most=MOST_FOUND,
            is_backward=is_backward,
            gives_lines=True,
            is_growing=self._is_running,
        )

    def _is_awaited(self, question: int) -> bool:
        if question != self._question:
            return False
        self._awaited = False
        return True

    # --- answers ------------------------------------------------------------------------------------------------

    def _take(self, place: Place, part: OutputPart) -> None:
        self._is_tail = bool(part.note)
        is_ended = not self._is_running or bool(part.note)
        if self._level is not Level.ALL:
            self._take_filtered(part)
        elif place in (Place.BEGIN, Place.END, Place.OFFSET) or part.note:
            self.window = LogWindow()
            self.replaced.emit(self.window.replace(part, is_ended=is_ended or place is Place.OFFSET))
            if place is Place.OFFSET and (line := self.window.line_at(self._target)) is not None:
                self.arrived.emit(line)
        elif place is Place.EARLIER:
            lines = self.window.prepend(part)
            self.prepended.emit(lines, self.window.trim_end())
        elif part.total < self.window.end:  # another output under the same name: it is shorter than what was read
            self._wanted = Place.END
        else:
            lines = self.window.append(part, is_ended=is_ended)
            dropped = self.window.trim_begin()
            if lines or dropped:
                self.appended.emit(lines, dropped)
        self.told.emit(part.note or self.position_text())
        self._go_on()

    def _take_filtered(self, part: OutputPart) -> None:
        """Of a server that can't search: what of its last lines is of the level."""
        expression = compile_expression(self._level.value, is_pattern=True, ignores_case=False)
        text = "\n".join(LogWindow().replace(part, is_ended=True))
        self.window = LogWindow()
        self.window.begin, self.window.end, self.window.total = part.offset, part.end, part.total
        found = [match.group().decode() for match in expression.finditer(text.encode())]
        self._is_tail = True
        self.replaced.emit("\n".join(found).split("\n") if found else [])

    def _take_found(self, place: Place, found: OutputSearched) -> None:
        if place in (Place.BEGIN, Place.END):
            self.window = LogWindow()
            self.replaced.emit(self.window.replace_found(found))
        elif place is Place.EARLIER:
            lines = self.window.prepend_found(found)
            self.prepended.emit(lines, self.window.trim_end())
        elif found.total < self.window.end:
            self._wanted = Place.END
        else:
            lines = self.window.append_found(found)
            dropped = self.window.trim_begin()
            if lines or dropped:
                self.appended.emit(lines, dropped)
        if self._wanted is None and place in (Place.END, Place.EARLIER):
            self._look_before(found)
        elif self._wanted is None and place is Place.BEGIN and not found.found and not self.window.is_at_end:
            self._wanted = Place.LATER
        self.told.emit(self.position_text())
        self._go_on()

    def _look_before(self, found: OutputSearched) -> None:
        """A view that is not full goes on looking, each time for a bounded piece."""
        if self.window.begin > 0 and self.window.count < _ENOUGH_FOUND and len(found.found) < MOST_FOUND:
            self._wanted = Place.EARLIER

    def _fail(self, place: Place, error: Exception) -> None:
        if isinstance(error, SearchNotKnown) and self._can_search:
            self._can_search = False
            self.go_to(Place.END)
            return
        known = isinstance(error, PipelineError)
        self.told.emit(tr("It can't be read now: {0}").format(error if known else f"{type(error).__name__}: {error}"))
        if self._wanted is None and self.window.total == 0:
            self._wanted = place
        self._look.start()

    def _go_on(self) -> None:
        if self._wanted is not None and self._is_seen:
            self._ask()
        elif self.is_following and self._is_seen and (self._is_running or not self.window.is_at_end):
            self._look.start(0 if not self._is_running and not self._is_tail else LOOK_MILLISECONDS)

    def position_text(self) -> str:
        """Which part of the output is in memory."""
        window = self.window
        if window.total == 0:
            return tr("Nothing was printed") + (tr(" yet.") if self._is_running else ".")
        place = tr("{0} to {1} of {2}").format(size_text(window.begin), size_text(window.end), size_text(window.total))
        if self._level is not Level.ALL:
            where = size_text(window.total) if window.begin == 0 and window.is_at_end else place
            return tr("{0} such lines in {1}").format(window.count or "No", where) + (
                "" if self._wanted is None else tr("; looking on…")
            )
        if window.begin == 0 and window.is_at_end:
            return tr("All of it: {0}").format(size_text(window.total))
        return place


def _span(place: Place, window: LogWindow, target: int) -> tuple[int | None, int]:
    """Where to read from, and how many bytes."""
    match place:
        case Place.BEGIN:
            return 0, CHUNK
        case Place.END:
            return None, CHUNK
        case Place.EARLIER:
            begin = max(0, window.begin - CHUNK)
            return begin, window.begin - begin
        case Place.LATER:
            return window.end, CHUNK
        case Place.OFFSET:
            return max(0, target - CHUNK // 2), CHUNK


def size_text(count: int) -> str:
    """A number of bytes, for people."""
    for unit, power in (("GB", 3), ("MB", 2), ("KB", 1)):
        if count >= 1024**power:
            return f"{count / 1024**power:.1f} {unit}"
    return f"{count} B"
