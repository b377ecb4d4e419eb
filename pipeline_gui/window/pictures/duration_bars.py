"""How long the last runs took, a bar each; the way each ended is said by fill, sign and word, never by colour alone."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from pipeline_gui.pipeline.past_runs import PastRun, PastRuns
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.sentences import duration_text, past_sentence
from pipeline_gui.window.icons import look_icon
from pipeline_gui.window.looks import Tone, look_of
from pipeline_gui.window.pictures.scale import duration_step, short_duration
from pipeline_gui.window.theme import line_color, mixed, quiet_text, tone_color
from pipeline_gui.window.times import local_text
from pipeline_gui.window.translation import tr

_LINES = 4
_SIGN = 14
_WIDEST_BAR = 34.0
_CUT = 2.0
"""A bar ends at so many times the usual longest: one run that hung must not make all others flat."""
_FILLS = {
    RunStatus.COMPLETED: Qt.BrushStyle.SolidPattern,
    RunStatus.FAILED: Qt.BrushStyle.BDiagPattern,
    RunStatus.STOPPED: Qt.BrushStyle.NoBrush,
}


class DurationBars(QWidget):
    """Shows PastRuns; the arrow keys and the mouse go from bar to bar, Enter or a double click wants the run."""

    pointed = Signal(str)
    """The bar that is looked at, in words; empty for none."""
    wanted = Signal(str)
    """A run's id."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("durationBars")
        self.setAccessibleName(tr("Durations of the last runs"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._past = PastRuns("", ())
        self._at: int | None = None

    def sizeHint(self) -> QSize:
        """Room for signs, bars and an axis."""
        return QSize(520, 190)

    def minimumSizeHint(self) -> QSize:
        """As small as it can be read."""
        return QSize(240, 120)

    def show_runs(self, past: PastRuns) -> None:
        """Show these; the bar that was looked at stays the one, where its run is still there."""
        looked_at = self.pointed_run
        self._past = past
        places = {run.run_id: place for place, run in enumerate(past.runs)}
        self._point(places.get(looked_at.run_id) if looked_at else None)
        self.update()

    @property
    def pointed_run(self) -> PastRun | None:
        """The run whose bar is looked at."""
        return None if self._at is None else self._past.runs[self._at]

    # --- where things are -----------------------------------------------------------------------------------------

    @property
    def _top(self) -> float:
        """The duration at the upper end, in seconds."""
        longest = max((run.duration or 0.0 for run in self._past.runs), default=0.0)
        usual = self._past.usual
        if usual is not None and usual.longest > 0:
            longest = min(longest, usual.longest * _CUT)
        return max(longest, 1.0)

    def _field(self) -> QRectF:
        """Where the bars stand."""
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance("0000 min") + 10
        return QRectF(self.rect()).adjusted(left, metrics.height() / 2 + 4, -8, -(_SIGN + 8))

    def _bar(self, place: int, field: QRectF, top: float) -> QRectF:
        room = field.width() / max(1, len(self._past.runs))
        width = min(room * 0.72, _WIDEST_BAR)
        seconds = min(self._past.runs[place].duration or 0.0, top)
        height = max(2.0, field.height() * seconds / top)
        return QRectF(field.left() + room * (place + 0.5) - width / 2, field.bottom() - height, width, height)

    # --- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axis, usual range, bars, signs."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if not self._past.runs:
            return
        field, longest = self._field(), self._top
        step = duration_step(longest, _LINES)
        top = max(longest, step)
        self._paint_usual(painter, field, top)
        self._paint_axis(painter, field, top, step)
        signs = field.width() / len(self._past.runs) >= _SIGN + 2
        for place, run in enumerate(self._past.runs):
            self._paint_bar(painter, self._bar(place, field, top), run, top, is_pointed=place == self._at, sign=signs)

    def _paint_usual(self, painter: QPainter, field: QRectF, top: float) -> None:
        usual = self._past.usual
        if usual is None:
            return
        high = field.bottom() - field.height() * min(1.0, usual.longest / top)
        low = field.bottom() - field.height() * min(1.0, usual.shortest / top)
        ground = self.palette().color(QPalette.ColorRole.Base)
        band = QRectF(field.left(), high, field.width(), max(2.0, low - high))
        painter.fillRect(band, mixed(tone_color(Tone.ACTIVE, self.palette()), ground, 0.13))
        edge = QPen(mixed(tone_color(Tone.ACTIVE, self.palette()), ground, 0.6), 1, Qt.PenStyle.DashLine)
        painter.setPen(edge)
        painter.drawLine(band.topLeft(), band.topRight())
        painter.drawLine(band.bottomLeft(), band.bottomRight())

    def _paint_axis(self, painter: QPainter, field: QRectF, top: float, step: float) -> None:
        line, text = line_color(self.palette()), quiet_text(self.palette())
        height = QFontMetricsF(self.font()).height()
        for number in range(_LINES + 1):
            if number * step > top * 1.001:
                break
            y = field.bottom() - field.height() * number * step / top
            painter.setPen(line)
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            painter.setPen(text)
            place = QRectF(0, y - height / 2, field.left() - 8, height)
            painter.drawText(
                place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), short_duration(number * step)
            )

    def _paint_bar(
        self, painter: QPainter, bar: QRectF, run: PastRun, top: float, *, is_pointed: bool, sign: bool
    ) -> None:
        look = look_of(run.status)
        color = tone_color(look.tone, self.palette())
        painter.fillRect(bar, self.palette().color(QPalette.ColorRole.Base))
        painter.setPen(QPen(color, 1.4))
        painter.setBrush(QBrush(color, _FILLS[run.status]))
        painter.drawRect(bar)
        if run.duration is not None and run.duration > top:  # it goes on above
            middle = bar.center().x()
            painter.setBrush(color)
            half = min(6.0, bar.width() / 2)
            painter.drawPolygon(
                [
                    QPointF(middle - half, bar.top() - 2),
                    QPointF(middle + half, bar.top() - 2),
                    QPointF(middle, bar.top() - 9),
                ]
            )
        if sign:
            place = QRectF(bar.center().x() - _SIGN / 2, self._field().bottom() + 4, _SIGN, _SIGN)
            look_icon(look, self.palette()).paint(painter, place.toRect())
        if is_pointed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 2))
            painter.drawRect(bar.adjusted(-3, -3, 3, 3))

    # --- going from bar to bar ------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home, End; Enter wants the run."""
        last = len(self._past.runs) - 1
        at = self._at
        steps = {
            Qt.Key.Key_Left: last if at is None else max(0, at - 1),
            Qt.Key.Key_Right: last if at is None else min(last, at + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if last < 0:
            super().keyPressEvent(event)
        elif key in steps:
            self._point(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and at is not None:
            self.wanted.emit(self._past.runs[at].run_id)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Look at the bar below the mouse, also above its end."""
        self._point(self._place_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The run of the bar is wanted."""
        place = self._place_at(event.position())
        if place is not None:
            self.wanted.emit(self._past.runs[place].run_id)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is looked at, unless by keyboard."""
        super().leaveEvent(event)
        if not self.hasFocus():
            self._point(None)

    def _place_at(self, at: QPointF) -> int | None:
        field = self._field()
        if not self._past.runs or not field.left() <= at.x() < field.right():
            return None
        return int((at.x() - field.left()) / field.width() * len(self._past.runs))

    def _point(self, place: int | None) -> None:
        self._at = place
        text = run_text(self._past.runs[place]) if place is not None else ""
        self.setAccessibleDescription(text or past_sentence(self._past))
        self.pointed.emit(text)
        self.update()


def run_text(run: PastRun) -> str:
    """A past run in words."""
    took = "duration not recorded" if run.duration is None else duration_text(run.duration)
    started = f"started {local_text(run.start_time, date.today())}" if run.start_time else "start not recorded"
    return f"{run.status} · {took} · {started} · {run.run_id}"
