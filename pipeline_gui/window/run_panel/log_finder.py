"""Finds words and regular expressions in the lines that are in memory, counts them, and goes to the first error."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, QTimer
from PySide6.QtGui import QColor, QKeySequence, QPalette, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QTextEdit, QToolButton, QWidget

from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.theme import mixed, tone_color

MOST_COUNTED = 1000
"""Matches; more are said to be more."""
_REST_MILLISECONDS = 150
_ERROR = QRegularExpression(r"\b(?:ERROR|FATAL|CRITICAL)\b|^Traceback \(most recent|\w(?:Error|Exception)\b")


class LogFinder(QWidget):
    """A line to type into, what it found, and the way from one to the next."""

    def __init__(self, text: QPlainTextEdit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self._at: list[tuple[int, int]] = []
        """Where each match begins and ends."""
        self._line = QLineEdit()
        self._line.setObjectName("logFindEdit")
        self._line.setAccessibleName("Find in the lines that are shown")
        self._line.setPlaceholderText("Find (Ctrl+F)")
        self._line.setClearButtonEnabled(True)
        self._line.setMaximumWidth(200)
        self._pattern = _button("logPatternButton", ".*", "What is typed is a regular expression")
        self._pattern.setCheckable(True)
        self._count = PlainLabel()
        self._count.setObjectName("logFindCount")
        self._before = _button("logBeforeButton", "▲", "The match before (Shift+F3)")
        self._next = _button("logNextButton", "▼", "The next match (Enter, F3)")
        self._error = _button("logErrorButton", "First e&rror", "Go to the first line that is shown and says an error")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for part in (self._line, self._pattern, self._count, self._before, self._next, self._error):
            row.addWidget(part)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MILLISECONDS)
        self._rest.timeout.connect(self._find_all)
        self._line.textChanged.connect(self._rest.start)
        self._line.returnPressed.connect(self._go_on)
        self._pattern.toggled.connect(self._find_all)
        self._next.clicked.connect(self._go_on)
        self._before.clicked.connect(self._go_back)
        self._error.clicked.connect(self._go_to_error)
        for keys, slot in (("F3", self._go_on), ("Shift+F3", self._go_back)):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def start(self) -> None:
        """Let the person type."""
        self._line.setFocus()
        self._line.selectAll()

    def text_changed(self) -> None:
        """The lines are others; a search that stands is made anew, once they rest."""
        if self._line.text():
            self._rest.start()

    def _find_all(self) -> None:
        self._rest.stop()
        self._at = []
        expression = self._expression()
        if not expression.isValid():
            self._count.show_text("not a regular expression")
            self._count.setToolTip(expression.errorString())
        elif self._line.text():
            found = expression.globalMatch(self._text.toPlainText())
            while found.hasNext() and len(self._at) < MOST_COUNTED:
                match = found.next()
                if match.capturedLength() > 0:
                    self._at.append((match.capturedStart(), match.capturedEnd()))
            self._say()
        else:
            self._count.show_text("")
        self._mark()

    def _expression(self) -> QRegularExpression:
        typed = self._line.text()
        expression = QRegularExpression(typed if self._pattern.isChecked() else QRegularExpression.escape(typed))
        options = QRegularExpression.PatternOption.MultilineOption
        if typed == typed.lower():  # as most editors do: a capital letter is meant
            options |= QRegularExpression.PatternOption.CaseInsensitiveOption
        expression.setPatternOptions(options)
        return expression

    def _say(self, chosen: int | None = None) -> None:
        count = len(self._at)
        many = f"{count}" if count < MOST_COUNTED else f"{MOST_COUNTED} or more"
        place = f"{chosen + 1} of " if chosen is not None else ""
        self._count.show_text(f"{place}{many} shown" if count else "none shown")
        self._count.setToolTip("Found in the lines that are in memory; scroll to read on")

    def _mark(self) -> None:
        color = mixed(tone_color(Tone.WARNING, self.palette()), self.palette().color(QPalette.ColorRole.Base), 0.35)
        marks = []
        for begin, end in self._at:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = _selecting(self._text.document(), begin, end)
            mark.format.setBackground(QColor(color))
            marks.append(mark)
        self._text.setExtraSelections(marks)

    def _go_on(self) -> None:
        if self._rest.isActive():
            self._find_all()
        here = self._text.textCursor().selectionEnd()
        self._go_to(next((number for number, (begin, _) in enumerate(self._at) if begin >= here), 0))

    def _go_back(self) -> None:
        here = self._text.textCursor().selectionStart()
        before = [number for number, (_, end) in enumerate(self._at) if end <= here]
        self._go_to(before[-1] if before else len(self._at) - 1)

    def _go_to(self, number: int) -> None:
        if 0 <= number < len(self._at):
            self._text.setTextCursor(_selecting(self._text.document(), *self._at[number]))
            self._text.centerCursor()
            self._say(number)

    def _go_to_error(self) -> None:
        match = _ERROR.match(self._text.toPlainText())
        if not match.hasMatch():
            self._count.show_text("no error shown")
            return
        cursor = _selecting(self._text.document(), match.capturedStart(), match.capturedStart())
        cursor.select(QTextCursor.SelectionType.LineUnderCursor)
        self._text.setTextCursor(cursor)
        self._text.centerCursor()


def _selecting(document: QTextDocument, begin: int, end: int) -> QTextCursor:
    cursor = QTextCursor(document)
    cursor.setPosition(begin)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor


def _button(name: str, title: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setText(title)
    button.setToolTip(tip)
    button.setAutoRaise(True)
    return button
