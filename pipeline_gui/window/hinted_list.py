"""A list that says, while there is nothing in it, why that is so or what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QListWidget

from pipeline_gui.window.theme import quiet_text

_MARGIN = 12


class HintedList(QListWidget):
    """Paints its hint where the first entry would stand; a screen reader has it as the description."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self._hint = ""
        for changed in (self.model().rowsInserted, self.model().rowsRemoved, self.model().modelReset):
            changed.connect(self._describe)

    @property
    def hint(self) -> str:
        """What is said now; nothing while there are entries."""
        return "" if self.count() else self._hint

    def show_hint(self, text: str) -> None:
        """Say this while it is empty."""
        self._hint = text
        self._describe()

    def _describe(self) -> None:
        if self.accessibleDescription() != self.hint:
            self.setAccessibleDescription(self.hint)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The entries, or the hint."""
        super().paintEvent(event)
        if self.hint:
            painter = QPainter(self.viewport())
            painter.setPen(quiet_text(self.palette()))
            area = self.viewport().rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            where = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(where), self.hint)
