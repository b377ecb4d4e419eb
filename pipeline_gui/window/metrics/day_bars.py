"""The days of a pipeline: a bar of runs for each, by how they ended, and below it how long half of them took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from pipeline_gui.pipeline.metrics import DayMetrics
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.window.looks import Tone, look_of
from pipeline_gui.window.pictures.scale import duration_step, number_step, short_duration, short_number
from pipeline_gui.window.theme import line_color, quiet_text, tone_color
from pipeline_gui.window.translation import tr

_LINES = 3
_WIDEST_BAR = 30.0
_UPPER = 0.6
"""The share of the room that the bars have."""
_FILLS = (
    (RunStatus.COMPLETED, Qt.BrushStyle.SolidPattern),
    (RunStatus.FAILED, Qt.BrushStyle.BDiagPattern),
    (RunStatus.STOPPED, Qt.BrushStyle.NoBrush),
)
"""From the foot up; how a part ended is said by its fill, and in words, never by colour alone."""
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class DayBars(QWidget):
    """Shows days up to today; the arrow keys and the mouse go from day to day."""

    pointed = Signal(str)
    """The day that is looked at, in words; empty for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dayBars")
        self.setAccessibleName(tr("Runs and durations by day"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._days: tuple[DayMetrics, ...] = ()
        self._at: int | None = None

    def sizeHint(self) -> QSize:
        """Room for bars, points and two axes."""
        return QSize(560, 220)

    def minimumSizeHint(self) -> QSize:
        """As small as it can be read."""
        return QSize(260, 150)

    def show_days(self, known: Sequence[DayMetrics], days: int, today: date) -> None:
        """Show so many days up to today, those without a run too; the day that was looked at stays the one."""
        looked_at = None if self._at is None else self._days[self._at].day
        by_day = {one.day: one for one in known}
        shown = [today - timedelta(days=number) for number in reversed(range(days))]
        self._days = tuple(by_day.get(day) or DayMetrics(day, 0, 0, 0, None) for day in shown) if known else ()
        places = {one.day: place for place, one in enumerate(self._days)}
        self._point(places.get(looked_at) if looked_at else None)
        self.update()

    @property
    def pointed_day(self) -> DayMetrics | None:
        """The day that is looked at."""
        return None if self._at is None else self._days[self._at]

    # --- where things are -----------------------------------------------------------------------------------------

    def _fields(self) -> tuple[QRectF, QRectF]:
        """Where the bars stand, and where the points are."""
        metrics = QFontMetricsF(self.font())
        left, height = metrics.horizontalAdvance("0000 min") + 10, metrics.height()
        whole = QRectF(self.rect()).adjusted(left, height / 2 + 4, -8, -(height + 6))
        upper = QRectF(whole.left(), whole.top(), whole.width(), whole.height() * _UPPER - height / 2)
        top = whole.top() + whole.height() * _UPPER + height / 2
        return upper, QRectF(whole.left(), top, whole.width(), whole.bottom() - top)

    def _middle(self, place: int, field: QRectF) -> float:
        return field.left() + field.width() / max(1, len(self._days)) * (place + 0.5)

    # --- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, bars, points, dates."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if not self._days:
            return
        upper, lower = self._fields()
        step = max(1.0, number_step(max(day.runs for day in self._days), _LINES))
        most = max(*(float(day.runs) for day in self._days), step)
        self._paint_axis(painter, upper, [(at * step, short_number(at * step)) for at in range(_LINES + 1)], most)
        for place, day in enumerate(self._days):
            self._paint_bar(painter, upper, place, day, most)
        longest = max((day.p50 or 0.0 for day in self._days), default=0.0)
        step = duration_step(longest, _LINES - 1)
        top = max(longest, step)
        self._paint_axis(painter, lower, [(at * step, short_duration(at * step)) for at in range(_LINES)], top)
        self._paint_durations(painter, lower, top)
        self._paint_dates(painter, lower)
        if self._at is not None:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 1, Qt.PenStyle.DotLine))
            x = self._middle(self._at, upper)
            painter.drawLine(QPointF(x, upper.top()), QPointF(x, lower.bottom()))

    def _paint_axis(self, painter: QPainter, field: QRectF, marks: Sequence[tuple[float, str]], top: float) -> None:
        height = QFontMetricsF(self.font()).height()
        for value, text in marks:
            if value > top * 1.001:
                break
            y = field.bottom() - field.height() * value / top
            painter.setPen(line_color(self.palette()))
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            painter.setPen(quiet_text(self.palette()))
            painter.drawText(QRectF(0, y - height / 2, field.left() - 8, height), _RIGHT, text)

    def _paint_bar(self, painter: QPainter, field: QRectF, place: int, day: DayMetrics, most: float) -> None:
        width = min(field.width() / len(self._days) * 0.72, _WIDEST_BAR)
        foot = field.bottom()
        for (status, fill), count in zip(_FILLS, (day.completed, day.failed, day.stopped), strict=True):
            if not count:
                continue
            height = max(2.0, field.height() * count / most)
            bar = QRectF(self._middle(place, field) - width / 2, foot - height, width, height)
            color = tone_color(look_of(status).tone, self.palette())
            painter.setPen(QPen(color, 1.2))
            painter.setBrush(QBrush(color, fill))
            painter.drawRect(bar)
            foot -= height

    def _paint_durations(self, painter: QPainter, field: QRectF, top: float) -> None:
        color = tone_color(Tone.ACTIVE, self.palette())
        before: QPointF | None = None
        for place, day in enumerate(self._days):
            if day.p50 is None:
                continue
            point = QPointF(self._middle(place, field), field.bottom() - field.height() * day.p50 / top)
            painter.setPen(QPen(color, 1.4))
            if before is not None:
                painter.drawLine(before, point)
            painter.setBrush(color)
            painter.drawEllipse(point, 2.4, 2.4)
            before = point

    def _paint_dates(self, painter: QPainter, field: QRectF) -> None:
        painter.setPen(quiet_text(self.palette()))
        metrics = QFontMetricsF(self.font())
        each = max(1, round((metrics.horizontalAdvance("00 Mmm") + 18) * len(self._days) / field.width()))
        for place in range(len(self._days) - 1, -1, -each):
            text = f"{self._days[place].day.day} {self._days[place].day:%b}"
            wide = metrics.horizontalAdvance(text)
            x = min(self._middle(place, field) - wide / 2, field.right() - wide)
            painter.drawText(QPointF(max(0.0, x), field.bottom() + metrics.ascent() + 4), text)

    # --- going from day to day ------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home, End."""
        last, at = len(self._days) - 1, self._at
        steps = {
            Qt.Key.Key_Left: last if at is None else max(0, at - 1),
            Qt.Key.Key_Right: last if at is None else min(last, at + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if last >= 0 and key in steps:
            self._point(steps[key])
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Look at the day below the mouse."""
        field, _ = self._fields()
        x = event.position().x()
        is_inside = self._days and field.left() <= x < field.right()
        self._point(int((x - field.left()) / field.width() * len(self._days)) if is_inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is looked at, unless by keyboard."""
        super().leaveEvent(event)
        if not self.hasFocus():
            self._point(None)

    def _point(self, place: int | None) -> None:
        self._at = place
        text = day_text(self._days[place]) if place is not None else ""
        self.setAccessibleDescription(text)
        self.pointed.emit(text)
        self.update()


def day_text(day: DayMetrics) -> str:
    """A day in words."""
    if not day.runs:
        return tr("{0} · no run ended").format(day.day.isoformat())
    counts = (
        (day.completed, tr("{0} completed")),
        (day.failed, tr("{0} failed")),
        (day.stopped, tr("{0} stopped")),
    )
    parts = [words.format(f"{count:,}") for count, words in counts if count]
    if day.p50 is not None:
        parts.append(tr("half within {0}").format(duration_text(day.p50)))
    return " · ".join([day.day.isoformat(), *parts])
