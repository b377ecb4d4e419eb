"""Tells who comes second what the first one changed, and offers both ways on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.theme import tint
from pipeline_gui.window.translation import tr

_MOST_TOLD = 8


class ConflictNote(QFrame):
    """Shows what somebody else did, field by field."""

    theirs_wanted = Signal()
    merge_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("conflictNote")
        self._text = PlainLabel()
        self._text.setObjectName("conflictText")
        self._text.setWordWrap(True)
        self._merge = QPushButton()
        self._merge.setObjectName("mergeButton")
        self._theirs = QPushButton()
        self._theirs.setObjectName("theirsButton")
        for button in (self._theirs, self._merge):
            button.setAutoDefault(False)  # Enter in a field must not choose
        self._theirs.clicked.connect(self.theirs_wanted)
        self._merge.clicked.connect(self.merge_wanted)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._theirs)
        row.addWidget(self._merge)
        column = QVBoxLayout(self)
        column.addWidget(self._text)
        column.addLayout(row)
        self.hide()

    def show_conflict(self, sentence: str, fields: Sequence[tuple[str, str, str]], *, is_gone: bool) -> None:
        """Say who did it, and each field with what it was and is; is_gone: it was deleted."""
        self._text.show_text("\n".join([sentence, *(f"  {line}" for line in field_lines(fields))]))
        self._theirs.setText(tr("&Give mine up") if is_gone else tr("Take &theirs"))
        self._merge.setText(tr("&Keep mine as a new one") if is_gone else tr("&Keep my changes over theirs"))
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A faint ground, so that it is seen."""
        QPainter(self).fillRect(self.rect(), tint(Tone.WARNING, self.palette()))


def field_lines(fields: Sequence[tuple[str, str, str]]) -> list[str]:
    """Each field with what it was and is, as far as there is room."""
    return [f"{name}: {one_line(before, 80)} → {one_line(after, 80)}" for name, before, after in fields[:_MOST_TOLD]]
