"""What the runs of each pipeline come to over 7, 30 or 90 days, beside the same time before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from pipeline_gui.metrics.words import UNNAMED, note_text, share_text, starters_text, trend_text
from pipeline_gui.pipeline.metrics import PERIODS, DayMetrics, MetricsPage, MetricsStore, PipelineMetrics
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.labels import ElidedLabel, PlainLabel
from pipeline_gui.window.messages import failure_message
from pipeline_gui.window.metrics.day_bars import DayBars
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

AGAIN_MS = 10_000
COUNTING_MS = 500
"""While days are still being counted, the next look is so soon."""
_DEFAULT = 30


@dataclass(frozen=True, slots=True)
class _Read:
    page: MetricsPage
    pipeline: str | None
    days: Sequence[DayMetrics]


class MetricsDialog(QDialog):
    """Not modal: runs are watched meanwhile. Every question to the database is asked in the pool, one at a time."""

    def __init__(self, gateway: Gateway, metrics: MetricsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("metricsDialog")
        self.setWindowTitle(tr("Metrics"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._gateway = gateway
        self._metrics = metrics
        self._page: MetricsPage | None = None
        self._is_reading = self._is_wanted = False
        self._period = QComboBox()
        self._period.setObjectName("metricsPeriod")
        self._period.setAccessibleName(tr("Period"))
        for days in PERIODS:
            self._period.addItem(tr("{0} days").format(days), days)
        self._period.setCurrentIndex(PERIODS.index(_DEFAULT))
        self._table = _table()
        self._facts = PlainLabel()
        self._facts.setObjectName("metricsFacts")
        self._facts.setWordWrap(True)
        self._facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._bars = DayBars()
        self._pointed = ElidedLabel()
        self._pointed.setObjectName("metricsPointed")
        self._said = PlainLabel()
        self._said.setObjectName("metricsMessage")
        self._said.setWordWrap(True)
        self._lay_out()
        self._bars.pointed.connect(self._show_pointed)
        self._period.currentIndexChanged.connect(self.read)
        self._table.itemSelectionChanged.connect(self._choose)
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self.read)
        self._show_pointed("")
        self._say(tr("Reading…"))
        self.resize(1100, 640)

    def _lay_out(self) -> None:
        title = QLabel(tr("&Up to now, in days of UTC:"))
        title.setBuddy(self._period)
        row = QHBoxLayout()
        row.addWidget(title)
        row.addWidget(self._period)
        row.addStretch(1)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self._facts)
        column.addWidget(self._bars, 1)
        column.addWidget(self._pointed)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self._table)
        parts.addWidget(below)
        parts.setSizes([240, 340])
        whole = QVBoxLayout(self)
        whole.addLayout(row)
        whole.addWidget(parts, 1)
        whole.addWidget(self._said)

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> str | None:
        """The pipeline whose row is selected."""
        item = self._table.item(self._table.currentRow(), 0) if self._table.selectedItems() else None
        name = item.data(Qt.ItemDataRole.UserRole) if item else None
        return name if isinstance(name, str) else None

    def read(self) -> None:
        """Read what is to be shown; once more when it is another by then."""
        self._again.stop()
        self._is_wanted = self._is_reading
        if self._is_reading or not self.isVisible():
            return
        self._is_reading = True
        days, chosen = self._days, self.chosen

        def work() -> _Read:
            page = self._metrics.page(days)
            names = [one.pipeline for one in page.pipelines]
            shown = chosen if chosen in names else names[0] if names else None
            return _Read(page, shown, self._metrics.by_day(shown, days) if shown is not None else ())

        self._gateway.run(work, self._show, self._fail, self, Lane.VIEWS)

    @property
    def _days(self) -> int:
        return int(self._period.currentData())

    def _show(self, read: _Read) -> None:
        self._is_reading = False
        self._page = read.page
        self._say(self._words_of(read.page))
        with QSignalBlocker(self._table):
            self._fill(read.page, read.pipeline if self.chosen is None else self.chosen)
        today = datetime.now(UTC).date()
        shown = next((one for one in read.page.pipelines if one.pipeline == read.pipeline), None)
        self._facts.show_text(_facts(shown) if shown else "")
        self._bars.show_days(read.days, read.page.days, today)
        if self._is_wanted or read.page.days != self._days or (shown is not None and self.chosen != shown.pipeline):
            self.read()
        else:
            self._again.start(COUNTING_MS if read.page.uncounted_days else AGAIN_MS)

    def _words_of(self, page: MetricsPage) -> str:
        if not page.pipelines and not page.uncounted_days:
            return tr("No run has ended within {0} days.").format(2 * page.days)
        return note_text(page)

    def _fail(self, error: Exception) -> None:
        self._is_reading = False
        self._say(failure_message(error).text)
        self._again.start(AGAIN_MS)

    def _choose(self) -> None:
        if self._page is not None and self.chosen is not None:
            self.read()

    # --- showing ------------------------------------------------------------------------------------------------

    def _fill(self, page: MetricsPage, chosen: str | None) -> None:
        """Rows that are as they were are not touched; the chosen one stays so wherever it is now."""
        today = datetime.now().astimezone().date()
        self._table.setRowCount(len(page.pipelines))
        for row, one in enumerate(page.pipelines):
            for column, (text, hover) in enumerate(_cells(one, today)):
                item = self._table.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    if column in _NUMBERS:
                        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    elif column == _AFTER_NUMBERS:
                        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                    self._table.setItem(row, column, item)
                if item.text() != text:
                    item.setText(text)
                item.setToolTip(tooltip(hover) if hover else "")
                item.setData(Qt.ItemDataRole.UserRole, one.pipeline)
            if one.pipeline == chosen and (self._table.currentRow() != row or not self._table.selectedItems()):
                self._table.selectRow(row)

    def _say(self, text: str) -> None:
        self._said.show_text(text)
        self._said.setVisible(bool(text))

    def _show_pointed(self, text: str) -> None:
        self._pointed.show_text(
            text
            or tr(
                "Filled: completed; hatched: failed; empty: stopped. The line: within what time half completed. "
                "Point at a day, or use the arrow keys."
            )
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Read when it is seen."""
        super().showEvent(event)
        self.read()


_NUMBERS = (1, 2, 3, 4, 5)
_AFTER_NUMBERS = 6
"""On the left, its texts would touch the numbers before them."""


def _table() -> QTableWidget:
    headings = (
        tr("Pipeline"), tr("Runs"), tr("Success"), tr("Half within"), tr("95 % within"), tr("Longest"),
        tr("Last success"), tr("Mostly by"), tr("Against the time before"),
    )  # fmt: skip
    table = QTableWidget(0, len(headings))
    table.setObjectName("metricsTable")
    table.setAccessibleName(tr("Pipelines"))
    table.setHorizontalHeaderLabels(list(headings))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    for column, width in enumerate((130, 60, 68, 84, 84, 84, 100, 160)):
        header.resizeSection(column, width)
    header.setSectionResizeMode(len(headings) - 1, QHeaderView.ResizeMode.Stretch)
    return table


def _cells(one: PipelineMetrics, today: date) -> list[tuple[str, str]]:
    """The texts of a row, each with what is said on hover."""
    now = one.now
    counts = tr("{0} completed, {1} failed, {2} stopped").format(now.completed, now.failed, now.stopped)
    last = local_text(one.last_success, today) if one.last_success else tr("none in 180 days")
    trend = trend_text(one)
    return [
        (one_line(one.pipeline, 80) or tr(UNNAMED), one_line(one.pipeline, 200)),
        (f"{now.runs:,}", counts),
        (share_text(now.success_rate), counts),
        (_seconds(now.p50), ""),
        (_seconds(now.p95), ""),
        (_seconds(one.longest), one_line(one.longest_run or "", 200)),
        (last, moment_tooltip(one.last_success) if one.last_success else ""),
        (one_line(starters_text(one, 1), 80), one_line(starters_text(one, 5), 400)),
        (trend, trend),
    ]


def _facts(one: PipelineMetrics) -> str:
    """The selected pipeline in a sentence or two."""
    name = one_line(one.pipeline, 80) or tr(UNNAMED)
    longest = tr("The longest: {0} ({1}).").format(_seconds(one.longest), one.longest_run) if one.longest_run else ""
    by = starters_text(one, 5)
    parts = [
        (tr("“{0}”: 1 run, {2} successful.") if one.now.runs == 1 else tr("“{0}”: {1:,} runs, {2} successful.")).format(
            name, one.now.runs, share_text(one.now.success_rate)
        ),
        tr("Half of the completed ones within {0}, 95 % within {1}.").format(
            _seconds(one.now.p50), _seconds(one.now.p95)
        )
        if one.now.p50 is not None
        else "",
        longest,
        tr("Started by {0}.").format(one_line(by, 300)) if by else "",
    ]
    return " ".join(part for part in parts if part)


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else duration_text(seconds)
