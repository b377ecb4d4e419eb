"""The page of a window that is not connected yet: what is waited for, or what is wrong and what to do."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from pipeline_gui.window.icons import application_icon, tone_icon
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.translation import tr

_ICON = 56


class OpeningPage(QWidget):
    """Says how far the opening is."""

    try_again = Signal()
    servers_wanted = Signal()
    """The person wants to name other servers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_failed = False
        self._icon = QLabel()
        self._title = PlainLabel(scale=1.5, bold=True)
        self._title.setObjectName("openingTitle")
        self._text = PlainLabel()
        self._text.setObjectName("openingText")
        self._text.setWordWrap(True)
        self._text.setMinimumWidth(460)
        self._text.setMaximumWidth(620)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton(tr("&Try again"))
        self._button.setObjectName("tryAgainButton")
        self._button.clicked.connect(self.try_again)
        self._servers = QPushButton(tr("&Connect to servers…"))
        self._servers.setObjectName("connectButton")
        self._servers.clicked.connect(self.servers_wanted)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(2)
        for part in (self._icon, self._title, self._text, self._button, self._servers):
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)
        self.say(tr("The servers are being looked for."))

    def say(self, sentence: str) -> None:
        """What is waited for."""
        self._has_failed = False
        self._title.show_text(tr("Opening…"))
        self._text.show_text(sentence)
        self._button.hide()
        self._draw()

    def show_failure(self, sentence: str) -> None:
        """What is wrong, and what to do."""
        self._has_failed = True
        self._title.show_text(tr("This could not be opened"))
        self._text.show_text(sentence)
        self._button.show()
        if self.isVisible():  # the settings may be in its place already
            self._button.setFocus()
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_button"):
            self._draw()

    def _draw(self) -> None:
        icon = tone_icon("warning", Tone.BAD, self.palette()) if self._has_failed else application_icon()
        self._icon.setPixmap(icon.pixmap(_ICON, _ICON))
