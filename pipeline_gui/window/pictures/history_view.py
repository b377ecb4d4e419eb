"""The past of the pipeline whose run is selected: bars, what is usual, and the rates of a run that streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.past_runs import PastRuns
from pipeline_gui.pipeline.sentences import past_sentence
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.labels import ElidedLabel
from pipeline_gui.window.pictures.duration_bars import DurationBars
from pipeline_gui.window.pictures.rate_lines import RateLines
from pipeline_gui.window.pictures.rate_log import Rates
from pipeline_gui.window.theme import quiet_text
from pipeline_gui.window.translation import tr

SHOWN = 60
"""Runs at most."""
_REST_MILLISECONDS = 2000
"""Between two questions, however often the record changes."""

ReadPast = Callable[[str, int], PastRuns]


class HistoryView(QWidget):
    """Reads the past of one pipeline in the pool, when it is seen and not before."""

    run_wanted = Signal(str)
    """A run's id."""

    def __init__(self, gateway: Gateway, read_past: ReadPast, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("historyView")
        self._gateway = gateway
        self._read_past = read_past
        self._pipeline: str | None = None
        self._is_current = False
        self._is_reading = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MILLISECONDS)
        self._rest.timeout.connect(self._read)
        self._summary = ElidedLabel()
        self._summary.setObjectName("historySummary")
        self._bars = DurationBars()
        self._pointed = ElidedLabel()
        self._pointed.setObjectName("historyPointed")
        self._rates = RateLines()
        self._rates.hide()
        self._bars.pointed.connect(self._show_pointed)
        self._bars.wanted.connect(self.run_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 8)
        column.setSpacing(6)
        column.addWidget(self._summary)
        column.addWidget(self._rates)
        column.addWidget(self._bars, 1)
        column.addWidget(self._pointed)
        self._color()
        self._show_pointed("")

    def show_pipeline(self, pipeline: str | None) -> None:
        """Show the past of this pipeline; None: no run is selected."""
        if pipeline == self._pipeline:
            return
        self._pipeline = pipeline
        self._bars.show_runs(PastRuns(pipeline or "", ()))
        self._summary.show_text(
            tr("Reading its past…") if pipeline else tr("Select a run to see the past of its pipeline.")
        )
        self._rest.stop()
        self.look_again()

    def show_rates(self, rates: Sequence[Rates]) -> None:
        """Show the rates of the run that is selected; none hides them."""
        self._rates.setVisible(len(rates) > 0)
        if self._rates.isVisible() or rates:
            self._rates.show_rates(rates)

    def look_again(self) -> None:
        """The record changed: what is shown may be old."""
        self._is_current = False
        if not self._rest.isActive():
            self._read()

    def _read(self) -> None:
        pipeline = self._pipeline
        if pipeline is None or self._is_current or self._is_reading or not self.isVisible():
            return
        self._is_current = self._is_reading = True
        self._rest.start()
        self._gateway.run(
            lambda: self._read_past(pipeline, SHOWN), self._show_past, self._show_failure, self, Lane.VIEWS
        )

    def _show_past(self, past: PastRuns) -> None:
        self._is_reading = False
        if past.pipeline == self._pipeline:
            self._bars.show_runs(past)
            self._summary.show_text(past_sentence(past))
        else:
            self._is_current = False
        if not self._is_current:
            self._read()

    def _show_failure(self, error: Exception) -> None:
        self._is_reading = self._is_current = False
        self._rest.start()  # then it is looked again
        known = isinstance(error, PipelineError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        self._summary.show_text(tr("Its past can't be read now: {0}").format(reason))

    def _show_pointed(self, text: str) -> None:
        self._pointed.show_text(text or tr("Point at a bar, or use the arrow keys; Enter shows the run in the table."))

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while nobody looked."""
        super().showEvent(event)
        self._read()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask nothing while nobody looks."""
        super().hideEvent(event)
        self._rest.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_pointed"):
            self._color()

    def _color(self) -> None:
        color = quiet_text(self.palette())
        own = self._pointed.palette()
        if own.color(QPalette.ColorRole.WindowText) != color:
            own.setColor(QPalette.ColorRole.WindowText, color)
            self._pointed.setPalette(own)
