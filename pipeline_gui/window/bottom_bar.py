"""The line at the bottom: what was answered last, how fresh the rows are, and what is connected."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.window.icons import tone_icon
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.messages import Message
from pipeline_gui.window.refresher import REFRESH_SECONDS
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.theme import fill, line_color, quiet_text, tone_color
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

_ICONS = {
    Tone.GOOD: "completed",
    Tone.BAD: "failed",
    Tone.WARNING: "warning",
    Tone.ACTIVE: "starting",
    Tone.QUIET: "info",
}
_OLD_SECONDS = REFRESH_SECONDS * 1.5


class BottomBar(QFrame):
    """Places the message, the age of the data and the connections."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._message = Message("")
        self._icon = QLabel()
        self._icon.setFixedSize(18, 18)
        self._text = PlainLabel()
        self._text.setObjectName("messageLabel")
        self._text.setAccessibleName(tr("Message"))
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._age = PlainLabel()
        self._age.setObjectName("ageLabel")
        self._connection = QLabel()
        self._connection.setObjectName("connectionLabel")
        self._connection.setTextFormat(Qt.TextFormat.RichText)
        self._snapshot: Snapshot | None = None
        self._is_live: bool | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addSpacing(10)
        row.addWidget(self._age)
        row.addSpacing(6)
        row.addWidget(self._connection)
        self.setMinimumHeight(36)
        self._color()

    def say(self, message: Message) -> None:
        """Show the answer of an action; it takes no focus and stays until there is another."""
        self._message = message
        self._text.show_text(message.text)
        self._color()

    def show_snapshot(self, snapshot: Snapshot, known: Snapshot | None) -> None:
        """Show what is connected, and when the rows were last known."""
        self._snapshot = snapshot
        if known is not None:
            self._age.setToolTip(moment_tooltip(known.at))
        self._show_connections()
        self.tick(known, 0.0)

    def show_live(self, is_live: bool | None) -> None:
        """Whether changes are heard at once."""
        if is_live != self._is_live:
            self._is_live = is_live
            self._show_connections()

    def tick(self, known: Snapshot | None, waiting_seconds: float) -> None:
        """Say how old the rows are, where that is longer than it should be."""
        if known is None:
            self._age.show_text("")
            return
        age = seconds_with_sleep() - known.answered_at
        if age > _OLD_SECONDS:
            asking = " · asking…" if waiting_seconds > 1 else ""
            self._age.show_text(tr("as of {0} ago{1}").format(duration_text(age), asking))
        else:
            self._age.show_text(tr("as of {0}").format(local_text(known.at, date.today())))

    # --- connections --------------------------------------------------------------------------------------------

    def _show_connections(self) -> None:
        if self._snapshot is None:
            return
        status = self._snapshot.status
        parts, words = [], []
        for name, contact in ((tr("database"), status["database"]), ("Spark", status["spark"])):
            state, tone, sign = _state(contact["reachable"])
            parts.append(self._part(f"{name} {sign}", "" if contact["reachable"] else state, tone))
            words.append(f"{name}: {state}")
        live = self._is_live and status["database"]["reachable"] is not False
        word = tr("live") if live else tr("every {0} s").format(REFRESH_SECONDS)
        parts.append(self._part(word, "", Tone.GOOD if live else Tone.QUIET))
        words.append(
            tr("changes are heard at once") if live else tr("changes are seen every {0} s").format(REFRESH_SECONDS)
        )
        self._connection.setText("&nbsp;&nbsp;&nbsp;".join(parts))
        self._connection.setAccessibleName(", ".join(words))
        self._connection.setToolTip("<qt>" + "<br>".join(words) + "</qt>")

    def _part(self, text: str, state: str, tone: Tone) -> str:
        color = tone_color(tone, self.palette()).name()
        return f'<span style="color:{color}">{text}{" " + state if state else ""}</span>'.replace(" ●", "&nbsp;●")

    # --- colours ------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange) and hasattr(self, "_icon"):
            self._color()
            self._show_connections()

    def _color(self) -> None:
        tone = self._message.tone
        self._icon.setPixmap(tone_icon(_ICONS[tone], tone, self.palette()).pixmap(18, 18))
        self._icon.setVisible(bool(self._message.text))
        own = self._age.palette()
        if own.windowText().color() != quiet_text(self.palette()):
            own.setColor(own.ColorRole.WindowText, quiet_text(self.palette()))
            self._age.setPalette(own)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A hairline above."""
        fill(QPainter(self), QRect(0, 0, self.width(), 1), line_color(self.palette()))


def _state(reachable: bool | None) -> tuple[str, Tone, str]:
    if reachable is None:
        return tr("not asked yet"), Tone.QUIET, "○"
    return (tr("connected"), Tone.GOOD, "●") if reachable else (tr("can't be reached"), Tone.BAD, "✕")
