"""Which runs the table shows: how far back, those whose texts hold what is typed, and those of a status."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from pipeline_gui.window.buttons import flat_button
from pipeline_gui.window.labels import ElidedLabel, PlainLabel
from pipeline_gui.window.marking import QT_TR_NOOP
from pipeline_gui.window.table.arrangement import RunFilter
from pipeline_gui.window.translation import tr

ALL = QT_TR_NOOP("every status")
_ARRANGING = QT_TR_NOOP("Sorting…")
_STATUSES = ("running", "completed", "failed", "stopped")
SPANS: dict[str, float | None] = {
    QT_TR_NOOP("last 2 days"): None,
    QT_TR_NOOP("last 7 days"): 7,
    QT_TR_NOOP("last 30 days"): 30,
    QT_TR_NOOP("last 90 days"): 90,
    QT_TR_NOOP("last year"): 366,
    QT_TR_NOOP("all"): 36_500,
}
"""Days of history by their title; None: what is live, and no more."""


class FilterBar(QWidget):
    """Above the table; says how many runs it hides."""

    changed = Signal(object)
    """A RunFilter."""
    span_changed = Signal(object)
    """Days of history, or None for the live ones alone."""
    export_wanted = Signal()
    """What is shown, to a file; or to give that up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filterBar")
        self._text = QLineEdit()
        self._text.setObjectName("filterEdit")
        self._text.setAccessibleName(tr("Show runs whose texts hold this"))
        self._text.setPlaceholderText(tr("Pipeline, person, outcome, day or id (Ctrl+F)"))
        self._text.setClearButtonEnabled(True)
        self._text.setMinimumWidth(240)
        self._text.setMaximumWidth(360)
        self._status = QComboBox()
        self._status.setObjectName("filterStatusBox")
        self._status.setAccessibleName(tr("Show runs of this status"))
        for status in ("", *_STATUSES):
            self._status.addItem(tr(status or ALL), status)
        self._span = QComboBox()
        self._span.setObjectName("spanBox")
        self._span.setAccessibleName(tr("Show runs of this time"))
        for title, days in SPANS.items():
            self._span.addItem(tr(title), days)
        self._count = PlainLabel()
        self._count.setObjectName("filterCount")
        self._note = ElidedLabel()
        self._note.setObjectName("historyNote")
        self._all = flat_button("filterCloseButton", tr("Show all"), tr("Show every run again (Escape)"))
        self._all.hide()
        self._export = flat_button("exportButton", tr("Export…"), tr("Write the runs that are shown to a CSV file"))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 4)
        row.setSpacing(8)
        for part in (self._text, self._status, self._span, self._count):
            row.addWidget(part)
        row.addWidget(self._note, 1)
        row.addWidget(self._all)
        row.addWidget(self._export)
        self._text.textChanged.connect(self._change)
        self._status.currentIndexChanged.connect(self._change)
        self._span.currentIndexChanged.connect(lambda: self.span_changed.emit(self._span.currentData()))
        self._all.clicked.connect(self.clear)
        self._export.clicked.connect(self.export_wanted)

    @property
    def wanted(self) -> RunFilter:
        """What is typed and chosen."""
        return RunFilter(self._text.text().strip().casefold(), self._status.currentData())

    def start(self) -> None:
        """Let the person type."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._text.selectAll()

    def clear(self) -> None:
        """Show every run of the time that is chosen."""
        self._text.clear()
        self._status.setCurrentIndex(0)

    def show_count(self, shown: int, known: int) -> None:
        """Say how many of the runs are shown."""
        is_filtered = self.wanted.is_active
        is_longer = self._span.currentData() is not None
        self._count.show_text(
            tr("{0:,} of {1:,} shown").format(shown, known)
            if is_filtered
            else tr("{0:,} runs").format(known)
            if is_longer
            else ""
        )

    def show_note(self, text: str) -> None:
        """Say how far something is that takes a while."""
        self._note.show_text(text)

    def show_busy(self, is_busy: bool) -> None:
        """Many rows are being filtered or sorted."""
        shown = self._note.text()
        if is_busy and not shown:
            self._note.show_text(tr(_ARRANGING))
        elif not is_busy and shown == tr(_ARRANGING):
            self._note.show_text("")

    def show_exporting(self, is_busy: bool) -> None:
        """An export is under way, and can be given up; or none is."""
        self._export.setText(tr("Cancel") if is_busy else tr("Export…"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape shows every run again."""
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            return
        super().keyPressEvent(event)

    def _change(self) -> None:
        self._all.setVisible(self.wanted.is_active)
        self.changed.emit(self.wanted)
