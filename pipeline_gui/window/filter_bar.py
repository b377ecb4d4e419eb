"""Which runs the table shows: those whose texts hold what is typed, and whose status is the chosen one."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QToolButton, QWidget

from pipeline_gui.window.labels import PlainLabel

ALL = "every status"
_STATUSES = ("running", "completed", "failed", "stopped")


class FilterBar(QWidget):
    """Hidden until somebody wants to find something; while it hides a run it is seen itself."""

    changed = Signal(QRegularExpression)
    """What a run's filter text (runs_model.FILTER_ROLE) must match; empty: every run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filterBar")
        self._text = QLineEdit()
        self._text.setObjectName("filterEdit")
        self._text.setAccessibleName("Show runs whose texts hold this")
        self._text.setPlaceholderText("Pipeline, person, outcome or id")
        self._text.setClearButtonEnabled(True)
        self._text.setMaximumWidth(360)
        self._status = QComboBox()
        self._status.setObjectName("filterStatusBox")
        self._status.setAccessibleName("Show runs of this status")
        self._status.addItems([ALL, *_STATUSES])
        self._count = PlainLabel()
        self._count.setObjectName("filterCount")
        close = QToolButton()
        close.setObjectName("filterCloseButton")
        close.setText("Show all")
        close.setToolTip("Show every run again (Escape)")
        close.setAutoRaise(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 4)
        row.setSpacing(8)
        for part in (self._text, self._status, self._count):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(close)
        self._text.textChanged.connect(self._change)
        self._status.currentIndexChanged.connect(self._change)
        close.clicked.connect(self.clear)
        self.hide()

    @property
    def is_active(self) -> bool:
        """Whether it may hide a run."""
        return bool(self._text.text().strip()) or self._status.currentIndex() > 0

    def start(self) -> None:
        """Let the person type."""
        self.show()
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._text.selectAll()

    def clear(self) -> None:
        """Show every run, and go away."""
        self._text.clear()
        self._status.setCurrentIndex(0)
        self.hide()

    def show_count(self, shown: int, known: int) -> None:
        """Say how many of the runs are shown."""
        self._count.show_text(f"{shown} of {known} shown" if self.is_active else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape shows every run again."""
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            return
        super().keyPressEvent(event)

    def _change(self) -> None:
        escaped = QRegularExpression.escape(self._text.text().strip())
        status = self._status.currentText() if self._status.currentIndex() > 0 else ""
        pattern = f"^{status}\t.*{escaped}" if status else f"\t.*{escaped}" if escaped else ""
        self.changed.emit(QRegularExpression(pattern, QRegularExpression.PatternOption.CaseInsensitiveOption))
