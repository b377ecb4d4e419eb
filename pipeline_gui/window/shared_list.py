"""The list of what all operators share, beside the form of the one that is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QListWidgetItem

from pipeline_gui.window.hinted_list import HintedList
from pipeline_gui.window.texts import tooltip


@dataclass(frozen=True, slots=True)
class Row:
    """One of them."""

    what: Any
    title: str
    tip: str
    is_chosen: bool


class SharedList(HintedList):
    """Holds what each row stands for. To fill it, and to take a choice back, is not to choose."""

    chosen = Signal(object, object)
    """What a person chose, and the call that takes the choice back."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__(name, title)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSpacing(1)
        self.currentItemChanged.connect(self._tell)

    def show_rows(self, rows: Iterable[Row]) -> Any:
        """List these instead; what is chosen then, or None."""
        with QSignalBlocker(self):
            self.clear()
            for row in rows:
                item = QListWidgetItem(row.title)
                item.setData(Qt.ItemDataRole.UserRole, row.what)
                item.setToolTip(tooltip(f"{row.title}\n{row.tip}"))
                self.addItem(item)
                if row.is_chosen:
                    self.setCurrentItem(item)
        current = self.currentItem()
        return current.data(Qt.ItemDataRole.UserRole) if current else None

    def choose_none(self) -> None:
        """Let none be chosen: a new one is written."""
        self._choose(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Choose none: Qt makes the first current, also when the focus comes from a button that goes off."""
        row = self.currentRow()
        with QSignalBlocker(self):
            super().focusInEvent(event)
            self.setCurrentRow(row)

    def _tell(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        if item is not None:
            was = before.data(Qt.ItemDataRole.UserRole) if before else None
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole), lambda: self._choose(self._row_of(was)))

    def _row_of(self, what: Any) -> int:
        """By what it stands for: the items may be others by then."""
        items = (self.item(row) for row in range(self.count()))
        rows = (row for row, item in enumerate(items) if item.data(Qt.ItemDataRole.UserRole) == what)
        return -1 if what is None else next(rows, -1)

    def _choose(self, row: int) -> None:
        with QSignalBlocker(self):
            self.setCurrentRow(row)
