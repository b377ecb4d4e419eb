"""Reads the log that is shown, part by part, in the pool: one question at a time, and none while nobody looks."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QObject, QTimer, Signal

from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.output import OutputPart, Stream
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.run_panel.log_window import CHUNK, LogWindow

LOOK_MILLISECONDS = 1000
"""Between two looks at a log that is followed."""
ReadPart = Callable[[str, Stream, int | None, int], OutputPart]


class Place(Enum):
    """Which part is wanted next."""

    BEGIN = "begin"
    EARLIER = "earlier"
    LATER = "later"
    END = "end"


class LogReader(QObject):
    """Keeps a LogWindow filled; what changed in it is all that it tells."""

    replaced = Signal(list)
    """All lines that are in memory now."""
    appended = Signal(list, int)
    """Lines at the end, and how many were dropped at the begin."""
    prepended = Signal(list, int)
    """Lines at the begin, and how many were dropped at the end."""
    told = Signal(str)
    """Where the window stands, what is wrong, or what the server keeps, in words."""

    def __init__(self, gateway: Gateway, read: ReadPart, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._read = read
        self._run_id: str | None = None
        self._stream = Stream.STDERR
        self._is_running = False
        self._is_seen = False
        self._question = 0
        self._awaited = False
        self._wanted: Place | None = None
        self._is_tail = False
        self.is_following = True
        """Whether the end is kept in sight while it grows."""
        self.window = LogWindow()
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(LOOK_MILLISECONDS)
        self._look.timeout.connect(self._look_again)

    def show_output(self, run_id: str | None, stream: Stream, *, is_running: bool) -> None:
        """Read this output from now on, at its end first."""
        ended_now = self._is_running and not is_running
        self._is_running = is_running
        if (run_id, stream) == (self._run_id, self._stream):
            if ended_now:
                self._look_again()  # for its last words
            return
        self._run_id, self._stream = run_id, stream
        self.window = LogWindow()
        self._question += 1
        self._awaited = False
        self.is_following = True
        self.replaced.emit([])
        self.told.emit("Reading…" if run_id else "")
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

    def _look_again(self) -> None:
        if self.is_following and not self._awaited:
            self.go_to(Place.END if self._is_far_behind else Place.LATER)

    @property
    def _is_far_behind(self) -> bool:
        return self._is_tail or self.window.total - self.window.end > 2 * CHUNK

    def _ask(self) -> None:
        place, self._wanted = self._wanted, None
        run_id, stream, window, read = self._run_id, self._stream, self.window, self._read
        if place is None or run_id is None:
            return
        offset, length = _span(place, window)
        if length <= 0:
            return
        self._awaited = True
        self._look.stop()
        question = self._question
        self._gateway.run(
            lambda: read(run_id, stream, offset, length),
            lambda part: self._take(question, place, part),
            lambda error: self._fail(question, place, error),
            self,
            Lane.VIEWS,
        )

    def _take(self, question: int, place: Place, part: OutputPart) -> None:
        if question != self._question:
            return
        self._awaited = False
        self._is_tail = bool(part.note)
        if place in (Place.BEGIN, Place.END) or part.note:
            self.window = LogWindow()
            self.replaced.emit(self.window.replace(part, is_ended=not self._is_running or bool(part.note)))
        elif place is Place.EARLIER:
            lines = self.window.prepend(part)
            self.prepended.emit(lines, self.window.trim_end())
        elif part.total < self.window.end:  # another output under the same name: it is shorter than what was read
            self._wanted = Place.END
        else:
            lines = self.window.append(part, is_ended=not self._is_running)
            dropped = self.window.trim_begin()
            if lines or dropped:
                self.appended.emit(lines, dropped)
        self.told.emit(part.note or self.position_text())
        self._go_on()

    def _fail(self, question: int, place: Place, error: Exception) -> None:
        if question != self._question:
            return
        self._awaited = False
        known = isinstance(error, PipelineError)
        self.told.emit(f"It can't be read now: {error if known else f'{type(error).__name__}: {error}'}")
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
            return "Nothing was printed" + (" yet." if self._is_running else ".")
        if window.begin == 0 and window.is_at_end:
            return f"All of it: {size_text(window.total)}"
        return f"{size_text(window.begin)} to {size_text(window.end)} of {size_text(window.total)}"


def _span(place: Place, window: LogWindow) -> tuple[int | None, int]:
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


def size_text(count: int) -> str:
    """A number of bytes, for people."""
    for unit, power in (("GB", 3), ("MB", 2), ("KB", 1)):
        if count >= 1024**power:
            return f"{count / 1024**power:.1f} {unit}"
    return f"{count} B"
