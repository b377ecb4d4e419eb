"""The rates of a streaming run over time: rows that come in, and rows that are processed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from pipeline_gui.window.looks import Tone
from pipeline_gui.window.pictures.rate_log import Rates
from pipeline_gui.window.pictures.scale import number_step, short_duration, short_number
from pipeline_gui.window.theme import line_color, quiet_text, tone_color
from pipeline_gui.window.translation import tr

_LINES = 3
_GAP_SECONDS = 45.0
"""Between readings further apart nothing is known, so no line is drawn: longer than the window's own refresh."""

Pick = Callable[[Rates], "float | None"]


def _input(rates: Rates) -> float | None:
    return rates.input


def _processed(rates: Rates) -> float | None:
    return rates.processed


_SERIES: tuple[tuple[str, Pick, Tone, Qt.PenStyle], ...] = (
    ("in", _input, Tone.ACTIVE, Qt.PenStyle.DashLine),
    ("processed", _processed, Tone.GOOD, Qt.PenStyle.SolidLine),
)


class RateLines(QWidget):
    """Shows Rates; told apart by colour and by the kind of line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rateLines")
        self.setAccessibleName(tr("Rows per second"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._rates: tuple[Rates, ...] = ()

    def sizeHint(self) -> QSize:
        """Lower than the bars."""
        return QSize(520, 120)

    def minimumSizeHint(self) -> QSize:
        """As small as it can be read."""
        return QSize(240, 80)

    def show_rates(self, rates: Sequence[Rates]) -> None:
        """Show these, the oldest first."""
        self._rates = tuple(rates)
        self.setAccessibleDescription(rates_text(self._rates))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axis, lines, and a legend with the newest values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if not self._rates:
            return
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance("0000 min") + 10
        field = QRectF(self.rect()).adjusted(left, metrics.height() + 10, -8, -(metrics.height() + 4))
        largest = max(value for rates in self._rates for _, pick, _, _ in _SERIES if (value := pick(rates)) is not None)
        step = number_step(largest, _LINES)
        top = step * _LINES
        self._paint_axis(painter, field, top, step)
        begin, end = self._rates[0].at, self._rates[-1].at
        span = max(end - begin, 1.0)
        legend = field.left()
        for name, pick, tone, style in _SERIES:
            pen = QPen(tone_color(tone, self.palette()), 2, style)
            painter.setPen(pen)
            for part in _parts(self._rates, pick):
                points = [
                    QPointF(
                        field.left() + field.width() * (at - begin) / span,
                        field.bottom() - field.height() * min(value, top) / top,
                    )
                    for at, value in part
                ]
                if len(points) == 1:
                    painter.drawEllipse(points[0], 1.5, 1.5)
                else:
                    painter.drawPolyline(QPolygonF(points))
            legend = self._paint_legend(painter, legend, name, pick(self._rates[-1]), pen)
        painter.setPen(quiet_text(self.palette()))
        foot = QRectF(field.left(), field.bottom() + 3, field.width(), metrics.height())
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignLeft), f"{short_duration(span)} ago")
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), "now")

    def _paint_axis(self, painter: QPainter, field: QRectF, top: float, step: float) -> None:
        height = QFontMetricsF(self.font()).height()
        for number in range(_LINES + 1):
            y = field.bottom() - field.height() * number * step / top
            painter.setPen(line_color(self.palette()))
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            painter.setPen(quiet_text(self.palette()))
            place = QRectF(0, y - height / 2, field.left() - 8, height)
            painter.drawText(
                place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), short_number(number * step)
            )

    def _paint_legend(self, painter: QPainter, x: float, name: str, value: float | None, pen: QPen) -> float:
        metrics = QFontMetricsF(self.font())
        text = f"{name}: {short_number(value)} rows/s" if value is not None else f"{name}: not known"
        y = metrics.height() / 2 + 2
        painter.setPen(pen)
        painter.drawLine(QPointF(x, y), QPointF(x + 24, y))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(QPointF(x + 30, y + metrics.ascent() / 2 - 1), text)
        return x + 30 + metrics.horizontalAdvance(text) + 24


def _parts(rates: Sequence[Rates], pick: Pick) -> list[list[tuple[float, float]]]:
    """The stretches without a gap."""
    parts: list[list[tuple[float, float]]] = []
    before: float | None = None
    for reading in rates:
        value = pick(reading)
        if value is None:
            before = None
            continue
        if before is None or reading.at - before > _GAP_SECONDS:
            parts.append([])
        parts[-1].append((reading.at, value))
        before = reading.at
    return parts


def rates_text(rates: Sequence[Rates]) -> str:
    """The rates in words."""
    if not rates:
        return "No rates are known."
    newest = rates[-1]
    texts = [
        f"{short_number(value)} rows per second {what}"
        for what, value in (("come in", newest.input), ("are processed", newest.processed))
        if value is not None
    ]
    return ", ".join(texts) + f"; seen for {short_duration(max(1.0, newest.at - rates[0].at))}."
