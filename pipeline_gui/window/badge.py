"""Which system is this? Its name, in the colour that its settings give."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.texts import one_line, tooltip


class Badge(PlainLabel):
    """A name on its colour; not there where the system has no name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, bold=True)
        self.setObjectName("systemBadge")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._ground = QColor()
        self.hide()

    def show_system(self, name: str | None, color: str | None, hover: str) -> None:
        """Show the name that people call this system by."""
        self.show_text(one_line(name or "", 40))
        self.setToolTip(tooltip(hover))
        chosen = QColor(color or "")
        self._ground = chosen if chosen.isValid() else QColor("#565d66")
        self.setVisible(bool(name))
        self.update()

    def sizeHint(self) -> QSize:
        """The text with some room around."""
        return super().sizeHint() + QSize(24, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The name in black or white, whichever is easier to read on the colour."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground)
        height = min(self.height(), super().sizeHint().height() + 8)
        area = QRectF(0, (self.height() - height) / 2, self.width(), height)
        painter.drawRoundedRect(area, height / 2, height / 2)
        red, green, blue = (self._ground.redF(), self._ground.greenF(), self._ground.blueF())
        is_light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
        painter.setPen(QColor("#101418") if is_light else QColor("#ffffff"))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), self.text())
