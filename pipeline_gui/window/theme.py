"""Colours: each tone on light and on dark, readable on the palette's own background (WCAG AA, 4.5 to 1)."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette

from pipeline_gui.window.looks import Tone

_ON_LIGHT = {
    Tone.ACTIVE: "#0b5cad",
    Tone.GOOD: "#186a32",
    Tone.BAD: "#b3261e",
    Tone.WARNING: "#875100",
    Tone.QUIET: "#565d66",
}
_ON_DARK = {
    Tone.ACTIVE: "#79b8ff",
    Tone.GOOD: "#6fce87",
    Tone.BAD: "#ff9088",
    Tone.WARNING: "#f0b849",
    Tone.QUIET: "#b3bac2",
}


def is_dark(palette: QPalette) -> bool:
    """Whether the palette has light text on a dark ground."""
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def tone_color(tone: Tone, palette: QPalette) -> QColor:
    """The colour of a tone for texts and icons on the palette's background."""
    return QColor((_ON_DARK if is_dark(palette) else _ON_LIGHT)[tone])


def fill(painter: QPainter, rect: QRect | QRectF, color: QColor) -> None:
    """Fill a rectangle: QPainter.fillRect may also be given a gradient's name, and PySide makes all 170 to look."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRect(rect)


def mixed(over: QColor, ground: QColor, share: float) -> QColor:
    """A colour laid over a ground; share from 0 (the ground alone) to 1."""
    return QColor.fromRgbF(
        over.redF() * share + ground.redF() * (1 - share),
        over.greenF() * share + ground.greenF() * (1 - share),
        over.blueF() * share + ground.blueF() * (1 - share),
    )


def tint(tone: Tone, palette: QPalette) -> QColor:
    """A faint ground in a tone, on which the tone's own colour and the text stay readable."""
    return mixed(tone_color(tone, palette), palette.color(QPalette.ColorRole.Base), 0.10)


def line_color(palette: QPalette) -> QColor:
    """A hairline between parts."""
    return mixed(palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window), 0.18)


def quiet_text(palette: QPalette) -> QColor:
    """Text of less weight, still readable."""
    return mixed(palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window), 0.72)
