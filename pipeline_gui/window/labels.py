"""Labels that show texts of others: never as markup, and no wider than there is room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from pipeline_gui.window.looks import Tone
from pipeline_gui.window.texts import escaped, tooltip
from pipeline_gui.window.theme import tone_color
from pipeline_gui.window.translation import tr


class PlainLabel(QLabel):
    """A label whose text is never taken for HTML, and changes only when it is another."""

    def __init__(self, parent: QWidget | None = None, *, scale: float = 1.0, bold: bool = False) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        font.setBold(bold)
        self.setFont(font)

    def show_text(self, text: str) -> None:
        """Show a text; nothing is painted anew when it is the same."""
        if text != self.text():
            self.setText(text)


class ToneLabel(PlainLabel):
    """A label whose text has the colour of its weight, in whatever theme; the words say it, too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tone: Tone | None = None

    def show_text(self, text: str, tone: Tone | None = None) -> None:
        """Show a text; None: as any other text."""
        super().show_text(text)
        if tone is not self.tone:
            self.tone = tone
            self._color()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange) and hasattr(self, "tone"):
            self._color()

    def _color(self) -> None:
        own = QPalette()
        if self.tone is not None:
            own.setColor(QPalette.ColorRole.WindowText, tone_color(self.tone, self.palette()))
        if own.windowText() != self.palette().windowText():
            self.setPalette(own)


class LinkLabel(PlainLabel):
    """An address that a browser opens, by a click or by keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.linkActivated.connect(_open)
        self._address = ""

    def show_text(self, text: str) -> None:
        """Show an address; whatever is in it, it is nothing else."""
        if text != self._address:
            self._address = text
            self.setText(f'<a href="{escaped(text)}">{escaped(text)}</a>')
            self.setToolTip(tooltip(tr("Open {0} in the browser").format(text)))


class ElidedLabel(PlainLabel):
    """A label on one line that ends in an ellipsis where there is no room; all of it on hover."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hover = ""

    def minimumSizeHint(self) -> QSize:
        """As narrow as it must be: a long text never widens the window."""
        return QSize(40, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Wide as its text, and as high as a line also when it is empty."""
        return QSize(super().sizeHint().width(), QFontMetrics(self.font()).height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what there is room for."""
        painter = QPainter(self)
        area = self.contentsRect()
        shown = QFontMetrics(self.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, int(self.alignment() | Qt.TextFlag.TextSingleLine), shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say the whole text on hover only where it is cut."""
        super().resizeEvent(event)
        self._set_hover()

    def show_text(self, text: str, hover: str = "") -> None:
        """Show a text on one line; hover says more than the text does."""
        super().show_text(text)
        self._hover = hover
        self._set_hover()

    def _set_hover(self) -> None:
        cut = QFontMetrics(self.font()).horizontalAdvance(self.text()) > self.contentsRect().width()
        shown = [text for text in (self.text() if cut else "", self._hover) if text]
        self.setToolTip(tooltip("\n".join(shown)))


def _open(address: str) -> None:
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QDesktopServices

    QDesktopServices.openUrl(QUrl(address))
