"""Finds words and regular expressions in a log, counts them, and goes to the first error.

A log that is in memory as a whole is looked through here; of a larger one the server looks through all.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QColor, QKeySequence, QPalette, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from pipeline_gui.expressions import ExpressionInvalid, compile_expression
from pipeline_gui.pipeline.output import OutputMatch, SearchNotKnown, Stream
from pipeline_gui.window.buttons import flat_button
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.run_panel.log_levels import FIRST_ERROR, Level
from pipeline_gui.window.run_panel.log_reader import LogReader
from pipeline_gui.window.run_panel.log_search import LogSearch, Wanted
from pipeline_gui.window.texts import tooltip
from pipeline_gui.window.theme import mixed, tone_color
from pipeline_gui.window.translation import tr

MOST_MARKED = 1000
"""Matches in the lines that are shown; more are not marked."""
_REST_MILLISECONDS = 150
_ERROR = Wanted(FIRST_ERROR, is_pattern=True, ignores_case=False)


class LogFinder(QWidget):
    """A line to type into, what it found, and the way from one to the next."""

    offset_wanted = Signal(int)
    """The byte of the output that is to be shown."""

    def __init__(
        self, text: QPlainTextEdit, reader: LogReader, search: LogSearch, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._text = text
        self._reader = reader
        self._search = search
        self._output: tuple[str, Stream] | None = None
        self._can_search = True
        self._is_looking = False
        self._hit: OutputMatch | None = None
        self._at: list[tuple[int, int]] = []
        """Where each match in the lines that are shown begins and ends."""
        self._line = QLineEdit()
        self._line.setObjectName("logFindEdit")
        self._line.setAccessibleName(tr("Find in the log"))
        self._line.setPlaceholderText(tr("Find (Ctrl+F)"))
        self._line.setClearButtonEnabled(True)
        self._line.setMaximumWidth(200)
        self._pattern = flat_button("logPatternButton", ".*", tr("What is typed is a regular expression"))
        self._pattern.setCheckable(True)
        self._count = PlainLabel()
        self._count.setObjectName("logFindCount")
        self._before = flat_button("logBeforeButton", "▲", tr("The match before (Shift+F3)"))
        self._next = flat_button("logNextButton", "▼", tr("The next match (Enter, F3)"))
        self._error = flat_button(
            "logErrorButton", tr("First e&rror"), tr("Go to the first line of the log that says an error")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for part in (self._line, self._pattern, self._count, self._before, self._next, self._error):
            row.addWidget(part)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MILLISECONDS)
        self._rest.timeout.connect(self._find)
        self._marking = QTimer(self)
        self._marking.setSingleShot(True)
        self._marking.setInterval(_REST_MILLISECONDS)
        self._marking.timeout.connect(self._look_at_shown)
        text.verticalScrollBar().valueChanged.connect(self._paint_marks)
        text.verticalScrollBar().rangeChanged.connect(self._paint_marks)
        self._line.textChanged.connect(self._rest.start)
        self._line.returnPressed.connect(self._go_on)
        self._pattern.toggled.connect(self._find)
        self._next.clicked.connect(self._go_on)
        self._before.clicked.connect(self._go_back)
        self._error.clicked.connect(self._go_to_error)
        self._search.counted.connect(self._say)
        self._search.stepped.connect(self._arrive)
        self._search.looking.connect(self._say_looking)
        self._search.failed.connect(self._say_failure)
        for keys, slot in (("F3", self._go_on), ("Shift+F3", self._go_back)):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def start(self) -> None:
        """Let the person type."""
        self._line.setFocus()
        self._line.selectAll()

    def show_output(self, run_id: str | None, stream: Stream) -> None:
        """Look in this output from now on; what is typed stays, and is looked for there."""
        output = None if run_id is None else (run_id, stream)
        if output != self._output:
            self._output = output
            self._can_search = True
            self._hit = None
            self._say_found()
            self._rest.start()

    def text_changed(self) -> None:
        """The lines are others; what stands is looked for in them, once they rest."""
        if self._line.text():
            self._marking.start()

    # --- finding ------------------------------------------------------------------------------------------------

    @property
    def _asks_server(self) -> bool:
        return self._can_search and self._output is not None and self._reader.level is Level.ALL

    @property
    def _wanted(self) -> Wanted:
        typed = self._line.text()
        # As most editors do: a capital letter is meant.
        return Wanted(typed, is_pattern=self._pattern.isChecked(), ignores_case=typed == typed.lower())

    def _find(self) -> None:
        self._rest.stop()
        self._say_found()  # whatever was on its way is given up by what is looked for now
        self._hit = None
        self._mark_shown()
        if self._line.text() and self._expression() is not None and self._asks_server and not self._reader.is_whole:
            assert self._output is not None
            self._search.look_for(*self._output, self._wanted)
        else:
            self._search.look_for("", Stream.STDERR, None)
        self._say()

    def _look_at_shown(self) -> None:
        self._mark_shown()
        self._search.go_on()
        self._say()

    def _expression(self) -> Any | None:
        wanted = self._wanted
        try:
            return compile_expression(wanted.text, is_pattern=wanted.is_pattern, ignores_case=wanted.ignores_case)
        except ExpressionInvalid as error:
            self._count.setToolTip(tooltip(str(error)) or "")
            return None

    def _mark_shown(self) -> None:
        expression = self._expression() if self._line.text() else None
        self._at = [] if expression is None else _spans(expression, self._text.toPlainText())
        self._paint_marks()

    def _paint_marks(self) -> None:
        """Mark what is in sight alone: a thousand marks take as long to make as a frame may."""
        if not self._at and not self._text.extraSelections():
            return
        # Where the lines are others already, and not looked through yet, a match may be noted behind their end.
        end_of_all = self._text.document().characterCount() - 1
        top = self._text.cursorForPosition(QPoint(0, 0)).block().position()
        last = self._text.cursorForPosition(self._text.viewport().rect().bottomRight()).block()
        bottom = last.position() + last.length()
        color = mixed(tone_color(Tone.WARNING, self.palette()), self.palette().color(QPalette.ColorRole.Base), 0.35)
        marks = []
        for begin, end in self._at[bisect_left(self._at, (top, 0)) : bisect_left(self._at, (bottom, 0))]:
            if end > end_of_all:
                break
            mark = QTextEdit.ExtraSelection()
            mark.cursor = _selecting(self._text.document(), begin, end)
            mark.format.setBackground(QColor(color))
            marks.append(mark)
        self._text.setExtraSelections(marks)

    @property
    def _is_on_server(self) -> bool:
        return self._asks_server and not self._reader.is_whole

    def _say(self, chosen: int | None = None) -> None:
        if not self._line.text():
            self._count.show_text("")
            return
        if self._expression() is None:
            self._count.show_text(tr("not a regular expression"))
            return
        if self._is_on_server:
            self._say_counted()
            return
        count = len(self._at)
        many = f"{count}" if count < MOST_MARKED else tr("{0} or more").format(MOST_MARKED)
        place = tr("{0} of ").format(chosen + 1) if chosen is not None else ""
        where = "" if self._reader.is_whole else tr(" shown")
        self._count.show_text(f"{place}{many}{where}" if count else f"{tr('none')}{where}")
        self._count.setToolTip(tr("In the lines that are shown") if where else tr("In the whole log"))

    def _say_counted(self) -> None:
        search = self._search
        number = search.number_of(self._hit) if self._hit is not None else None
        many = (
            f"{search.count:,}" if search.is_whole else tr("{0:,} so far, {1:.0%}").format(search.count, search.share)
        )
        if search.is_whole and search.count == 0:
            many = tr("none")
        self._count.show_text(tr("{0:,} of {1}").format(number, many) if number is not None else many)
        self._count.setToolTip(tr("In the whole log, as far as it was looked through"))

    def _say_looking(self, share: float) -> None:
        """The way to a first error in gigabytes takes seconds: how far it is, and how to give it up."""
        self._count.show_text(tr("looked through {0:.0%}").format(share))
        self._error.setText(tr("Stop loo&king"))
        self._is_looking = True

    def _say_found(self) -> None:
        self._error.setText(tr("First e&rror"))
        self._is_looking = False

    def _say_failure(self, error: Exception) -> None:
        self._say_found()
        if isinstance(error, SearchNotKnown):
            self._can_search = False  # what is shown is looked through, and it is said to be that
            self._say()
            return
        self._count.show_text(tr("can't be searched now"))
        self._count.setToolTip(tooltip(str(error)) or "")

    # --- going to one -------------------------------------------------------------------------------------------

    def _look_now(self) -> None:
        """Where matches are may have been noted in lines that are others by now."""
        if self._rest.isActive():
            self._find()
        elif self._marking.isActive():
            self._mark_shown()

    def _go_on(self) -> None:
        self._look_now()
        if self._is_on_server:
            self._search.step_on(self._hit.end if self._hit is not None else self._here)
            return
        here = self._text.textCursor().selectionEnd()
        self._go_to(next((number for number, (begin, _) in enumerate(self._at) if begin >= here), 0))

    def _go_back(self) -> None:
        self._look_now()
        if self._is_on_server:
            self._search.step_back(self._hit.offset if self._hit is not None else self._here)
            return
        here = self._text.textCursor().selectionStart()
        before = [number for number, (_, end) in enumerate(self._at) if end <= here]
        self._go_to(before[-1] if before else len(self._at) - 1)

    @property
    def _here(self) -> int:
        """The byte of the output at which the cursor's line begins."""
        return self._reader.window.offset_of(self._text.textCursor().blockNumber())

    def _go_to(self, number: int) -> None:
        if 0 <= number < len(self._at):
            self._text.setTextCursor(_selecting(self._text.document(), *self._at[number]))
            self._text.centerCursor()
            self._say(number)

    def _go_to_error(self) -> None:
        if self._is_looking:
            self._search.give_up()
            self._say_found()
            self._count.show_text(tr("given up"))
            return
        if self._asks_server and self._output is not None:
            self._search.go_to_first(*self._output, _ERROR)
            return
        expression = compile_expression(_ERROR.text, is_pattern=True, ignores_case=False)
        spans = _spans(expression, self._text.toPlainText())
        if spans:
            self.select_line(self._text.document().findBlock(spans[0][0]).blockNumber())
        else:
            self._count.show_text(tr("no error shown"))

    def _arrive(self, match: OutputMatch | None) -> None:
        self._say_found()
        self._hit = match
        if match is None:
            self._count.show_text(tr("no error") if not self._line.text() else tr("none"))
            return
        self._say()
        self.offset_wanted.emit(match.offset)

    def select_line(self, number: int) -> None:
        """Select what was found in a line of those that are shown; the line itself where nothing in it is marked."""
        self._look_now()
        block = self._text.document().findBlockByNumber(number)
        begin, end = block.position(), block.position() + max(0, block.length() - 1)
        inside = next(((first, last) for first, last in self._at if begin <= first <= end), (begin, end))
        self._text.setTextCursor(_selecting(self._text.document(), *(inside if self._line.text() else (begin, end))))
        self._text.centerCursor()


def _spans(expression: Any, text: str) -> list[tuple[int, int]]:
    """Where matches begin and end, as a text document counts: in UTF-16."""
    raw = text.encode("utf-8", "surrogatepass")
    is_ascii = len(raw) == len(text)
    spans: list[tuple[int, int]] = []
    byte = unit = 0
    for match in expression.finditer(raw):
        if match.start() == match.end():
            continue
        if is_ascii:
            spans.append(match.span())
        else:
            begin = unit + _units(raw[byte : match.start()])
            byte, unit = match.end(), begin + _units(raw[match.start() : match.end()])
            spans.append((begin, unit))
        if len(spans) >= MOST_MARKED:
            break
    return spans


_CONTINUATION = re.compile(rb"[\x80-\xbf]+")


def _units(raw: bytes) -> int:
    """How many units of UTF-16 these bytes of UTF-8 are."""
    return len(_CONTINUATION.sub(b"", raw)) + sum(raw.count(bytes([lead])) for lead in range(0xF0, 0xF5))


def _selecting(document: QTextDocument, begin: int, end: int) -> QTextCursor:
    cursor = QTextCursor(document)
    cursor.setPosition(begin)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor
