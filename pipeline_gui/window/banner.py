"""A banner while the database or Spark can't be reached: since when, and what that means for the run."""

from __future__ import annotations

from datetime import date, datetime

from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from pipeline_gui.window.icons import tone_icon
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.theme import fill, mixed, tone_color
from pipeline_gui.window.times import local_text, parse_moment
from pipeline_gui.window.translation import tr


def database_trouble(snapshot: Snapshot, known: Snapshot | None, today: date) -> str | None:
    """What to say while the record can't be read, or no more than that; known is the last snapshot that was."""
    database = snapshot.status["database"]
    if snapshot.is_known:
        return one_line(database["reason"], 800) if database["reachable"] and database["reason"] else None
    since = _since(database["since"], today) if database["reachable"] is False else ""
    why = database["reason"] or snapshot.trouble or ""
    sentences = [tr("The database can't be {0}{1}{2}").format("reached" if since else "used", since, _because(why))]
    if known is not None and known.status["is_running"]:
        sentences.append(
            tr("“{0}” was running then and may go on: Spark does not need the database for that.").format(
                known.status["pipeline"]
            )
        )
    if known is not None:
        sentences.append(
            tr("The table is as of {0}. Start and Stop are off meanwhile.").format(local_text(known.at, today))
        )
    else:
        sentences.append(tr("Start and Stop are off until it answers; the window goes on asking."))
    return one_line(" ".join(sentences), 800)


def spark_trouble(snapshot: Snapshot, today: date) -> str | None:
    """What to say while the Spark server can't be asked."""
    spark = snapshot.status["spark"]
    if spark["reachable"] is not False:
        return None
    text = tr("The Spark server can't be reached{0}{1}").format(
        _since(spark["since"], today), _because(spark["reason"])
    )
    if snapshot.status["is_running"]:
        name = snapshot.status["pipeline"]
        text += tr(
            " “{0}” may be going on; its end is recorded, and a stop carried out, when the server answers."
        ).format(name)
    else:
        text += tr(" A start would fail until it answers.")
    return one_line(text, 800)


def _since(moment: str | None, today: date) -> str:
    parsed: datetime | None = parse_moment(moment)
    return tr(" since {0}").format(local_text(parsed, today)) if parsed else ""


def _because(reason: str | None) -> str:
    return f": {reason.rstrip('.')}." if reason else "."


class Banner(QFrame):
    """A line across the window that is there only while there is something to say."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._icon = QLabel()
        self._text = PlainLabel()
        self._text.setObjectName(f"{name}Label")
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 16, 9)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        self._color()
        self.hide()

    def show_trouble(self, text: str | None) -> None:
        """Say it, or go away."""
        self._text.show_text(text or "")
        self.setVisible(text is not None)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange) and hasattr(self, "_icon"):
            self._color()

    def _color(self) -> None:
        self._icon.setPixmap(tone_icon("warning", Tone.WARNING, self.palette()).pixmap(20, 20))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A ground in the tone of a warning, with a line of it below."""
        painter = QPainter(self)
        tone = tone_color(Tone.WARNING, self.palette())
        fill(painter, self.rect(), mixed(tone, self.palette().base().color(), 0.16))
        fill(painter, QRect(0, self.height() - 1, self.width(), 1), tone)
