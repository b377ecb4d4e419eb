"""Icons from ``resources/icons``: drawn in the colour that the palette asks for, crisp at every scale."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from pipeline_gui.resources import resource
from pipeline_gui.window.looks import Look, Tone
from pipeline_gui.window.theme import tone_color

_SIZES = (16, 20, 24, 32, 48, 64)
"""In device pixels: at a scale of 2 an icon of 16 is painted from the one of 32."""
_LARGEST_FILE = 64 * 1024


def tone_icon(name: str, tone: Tone, palette: QPalette) -> QIcon:
    """An icon in a tone, and in the colour of selected text where it is painted on a selection."""
    selected = palette.color(QPalette.ColorRole.HighlightedText)
    return _icon(name, tone_color(tone, palette).name(), selected.name(), _faded(palette))


def text_icon(name: str, palette: QPalette) -> QIcon:
    """An icon in the colour of the text beside it."""
    color = palette.color(QPalette.ColorRole.ButtonText)
    return _icon(name, color.name(), palette.color(QPalette.ColorRole.HighlightedText).name(), _faded(palette))


def look_icon(look: Look, palette: QPalette) -> QIcon:
    """The icon of a status."""
    return tone_icon(look.icon, look.tone, palette)


def application_icon() -> QIcon:
    """The program's own icon, in its own colours."""
    icon = QIcon()
    renderer = QSvgRenderer(QByteArray(_source("pipeline-gui")))
    for size in (16, 32, 48, 128):
        icon.addPixmap(_draw(renderer, size))
    return icon


def _faded(palette: QPalette) -> str:
    return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText).name()


@cache
def _icon(name: str, color: str, selected: str, faded: str) -> QIcon:
    icon = QIcon()
    modes = ((color, QIcon.Mode.Normal), (selected, QIcon.Mode.Selected), (faded, QIcon.Mode.Disabled))
    for shade, mode in modes:
        renderer = QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", QColor(shade).name().encode())))
        for size in _SIZES:
            icon.addPixmap(_draw(renderer, size), mode)
    return icon


@cache
def _source(name: str) -> bytes:
    with resource("icons", f"{name}.svg").open("rb") as file:
        return file.read(_LARGEST_FILE)


def _draw(renderer: QSvgRenderer, size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    return pixmap
