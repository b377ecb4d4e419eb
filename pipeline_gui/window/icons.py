"""Icons from ``resources/icons``: drawn in the colour that the palette asks for, crisp at every scale."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from PySide6.QtCore import QByteArray, QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from pipeline_gui.resources import resource
from pipeline_gui.window.looks import Look, Tone
from pipeline_gui.window.theme import tone_color

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


@cache
def application_icon() -> QIcon:
    """The program's own icon, in its own colours."""
    return QIcon(_Sized("pipeline-gui", "", {}))


def _faded(palette: QPalette) -> str:
    return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText).name()


@cache
def _icon(name: str, color: str, selected: str, faded: str) -> QIcon:
    return QIcon(_Drawing(name, color, {QIcon.Mode.Selected: selected, QIcon.Mode.Disabled: faded}))


class _Drawing(QIconEngine):
    """Draws an icon in the sizes and modes that are painted, when they first are: most never are."""

    def __init__(self, name: str, color: str, colors: Mapping[QIcon.Mode, str]) -> None:
        super().__init__()
        self._name = name
        self._color = color
        self._colors = colors
        self._drawn: dict[tuple[int, int, str], QPixmap] = {}

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """The icon in device pixels."""
        color = self._colors.get(mode, self._color)
        key = size.width(), size.height(), color
        if key not in self._drawn:
            source = _source(self._name).replace(b"currentColor", QColor(color).name().encode())
            self._drawn[key] = _draw(QSvgRenderer(QByteArray(source)), size)
        return self._drawn[key]

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """The icon in a place."""
        scale = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect, self.pixmap(rect.size() * scale, mode, state))

    def clone(self) -> QIconEngine:
        """Another of the same."""
        return _kept(_Drawing(self._name, self._color, self._colors))


class _Sized(_Drawing):
    """An icon for other programs too, as a desktop's bar: they take what is said to be there."""

    def availableSizes(self, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off) -> list[QSize]:
        """In pixels."""
        return [QSize(size, size) for size in (16, 32, 48, 128)]

    def clone(self) -> QIconEngine:
        """Another of the same."""
        return _kept(_Sized(self._name, self._color, self._colors))


_clones: list[QIconEngine] = []


def _kept(clone: QIconEngine) -> QIconEngine:
    """Qt takes it, and PySide does not know: it would be freed here while Qt draws with it."""
    _clones.append(clone)
    return clone


@cache
def _source(name: str) -> bytes:
    with resource("icons", f"{name}.svg").open("rb") as file:
        return file.read(_LARGEST_FILE)


def _draw(renderer: QSvgRenderer, size: QSize) -> QPixmap:
    pixmap = QPixmap(size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    return pixmap
