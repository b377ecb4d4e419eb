"""The page of a window that is connected: banners, the state of now, the table, and the line at the bottom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from pipeline_gui.window.banner import Banner, database_trouble, spark_trouble
from pipeline_gui.window.bottom_bar import BottomBar
from pipeline_gui.window.filter_bar import FilterBar
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.runs_table import RunsTable
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.status_panel import StatusPanel
from pipeline_gui.window.table.arrangement import RunFilter
from pipeline_gui.window.table.arranger import Arranger
from pipeline_gui.window.table.older_runs import OlderRuns, Pages
from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from pipeline_gui.window.pictures.rate_log import RateLog
    from pipeline_gui.window.run_panel.run_panel import RunPanel
    from pipeline_gui.window.run_panel.run_source import RunSource
    from pipeline_gui.window.table.transfer import Transfer


PRELOAD_MILLISECONDS = 5000
"""After the first rows: what a person may want next is loaded while nobody waits for it."""


class RunsPage(QWidget):
    """Shows snapshots, and the selected run below the table when it is asked for."""

    details_shown = Signal(bool)
    """The run panel was opened or closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.database_banner = Banner("databaseBanner")
        self.spark_banner = Banner("sparkBanner")
        self.panel = StatusPanel()
        self.model = RunsModel(self.palette(), self)
        self.arranger = Arranger(self.model, self)
        self.older = OlderRuns(self)
        self.table = RunsTable(self.model)
        self.filter = FilterBar()
        self.bottom = BottomBar()
        self._known: Snapshot | None = None
        self._last: Snapshot | None = None
        self._gateway: Gateway | None = None
        self._preload = QTimer(self)
        self._preload.setSingleShot(True)
        self._preload.setInterval(PRELOAD_MILLISECONDS)
        self._preload.timeout.connect(self._load_details)
        self._make_source: Callable[[], RunSource] | None = None
        self._transfer: Transfer | None = None
        self._details: RunPanel | None = None
        self._kept_split: QByteArray | None = None
        """How the table and the run panel shared the room the last time."""
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setObjectName("runSplitter")
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.database_banner, self.spark_banner, self.panel, self.filter):
            column.addWidget(part)
        column.addWidget(self._split, 1)
        column.addWidget(self.bottom)
        self.filter.changed.connect(self._filter)
        self.filter.span_changed.connect(self._show_span)
        self.filter.export_wanted.connect(self.export)
        self.arranger.arranged.connect(self._arranged)
        self.arranger.busy_changed.connect(self.filter.show_busy)
        self.older.changed.connect(lambda: self.arranger.show_older(self.older.rows, is_wanted=self.older.is_wanted))
        self.older.told.connect(self.filter.show_note)
        self.table.copy_wanted.connect(self.copy)
        self.table.run_selected.connect(lambda _row: self._show_selected())
        self.table.details_wanted.connect(lambda: self.show_details(True))
        self.table.say_when_empty(tr("Reading the runs…"), tr("They appear here as soon as the database answers."))

    @property
    def known(self) -> Snapshot | None:
        """The last snapshot of which the rows are known."""
        return self._known

    def attach(
        self, make_source: Callable[[], RunSource], gateway: Gateway, pages: Pages, old_rows_timezone: str | None
    ) -> None:
        """Where the history is read; make_source is asked for when the run panel is first shown."""
        from pipeline_gui.window.table.transfer import Transfer

        self._make_source = make_source
        self.arranger.attach(gateway)
        self.older.attach(gateway, pages, old_rows_timezone)
        self._gateway = gateway
        self._transfer = Transfer(self.table, self.model, gateway, self)
        self._transfer.told.connect(self.filter.show_note)
        self._transfer.busy_changed.connect(self.filter.show_exporting)

    def show_details(self, wanted: bool, page: int | None = None) -> None:
        """Open or close the panel of the selected run, with one of its pages in front."""
        if wanted and self._details is None and self._make_source is not None:
            from pipeline_gui.window.run_panel.run_panel import RunPanel  # it takes time to load, and many never look

            self._details = RunPanel(self._make_source(), self._rates)
            self._details.run_wanted.connect(self.table.select_run)
            self._split.addWidget(self._details)
            height = max(2, self._split.height())
            if self._kept_split is None or not self._split.restoreState(self._kept_split):
                self._split.setSizes([height * 2 // 5, height * 3 // 5])
        if self._details is None:
            return
        self._details.setVisible(wanted)
        if wanted:
            if self.table.selected_run is None:
                self.table.selectRow(0)
            if page is not None:
                self._details.show_page(page)
            self._show_selected()
        self.details_shown.emit(wanted)

    def _load_details(self) -> None:
        """Load the code of the run panel beside the GUI thread, so that its first opening does not wait for it."""
        if self._gateway is not None and self._details is None:
            module = "pipeline_gui.window.run_panel.run_panel"
            self._gateway.run(lambda: import_module(module), lambda _: None, lambda _: None, self, Lane.VIEWS)

    def split_state(self) -> QByteArray | None:
        """How the table and the run panel share the room; None where that was never decided."""
        return self._split.saveState() if self._details is not None else self._kept_split

    def restore_split(self, state: QByteArray) -> None:
        """Share the room so, when the run panel is first shown."""
        self._kept_split = state

    def start_finding(self) -> None:
        """Let the person find something: in the log where they are in it, else among the runs."""
        focused = self.window().focusWidget()
        is_inside = self._details is not None and focused is not None and self._details.isAncestorOf(focused)
        if not (is_inside and self._details is not None and self._details.find_in_log()):
            self.filter.start()

    def export(self) -> None:
        """Ask for a file, and write what is shown to it; or give that up."""
        if self._transfer is not None:
            self._transfer.export()

    def copy(self) -> None:
        """Put the selected rows on the clipboard."""
        if self._transfer is not None:
            self._transfer.copy()

    def read_older_again(self) -> None:
        """Read what is shown beyond the last two days again, where it is."""
        if self.older.is_wanted:
            self.older.read_again()

    def _filter(self, wanted: RunFilter) -> None:
        self.table.show_filtered(wanted.is_active)
        self.arranger.filter_by(wanted)

    def _show_span(self, days: float | None) -> None:
        self.older.show_days(days)
        self._arranged()

    def _arranged(self) -> None:
        self.table.settle()
        self.filter.show_count(self.model.rowCount(), self.arranger.known)
        self._show_selected()

    def _show_selected(self) -> None:
        if self._details is not None:
            self._details.show_row(self.table.selected_run, self._last)

    @cached_property
    def _rates(self) -> RateLog:
        """Of what streams, since this window saw it: the panel that draws them may be opened later."""
        from pipeline_gui.window.pictures.rate_log import RateLog

        return RateLog()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what a refresh brought; what it could not read stays as it was, and is marked so."""
        today = date.today()
        if snapshot.is_known and snapshot.rows is not None:
            if self._known is None:
                self._preload.start()
            self._known = snapshot
            self._last = snapshot
            self.arranger.show_live(snapshot.rows)
            self.model.set_stale(None)
            self.table.say_when_empty(
                tr("No run in the last two days"),
                tr(
                    "Choose a pipeline beside Start, then press Start (Ctrl+R). "
                    "The run appears here at once, in every open window."
                ),
            )
        else:
            self.model.set_stale(self._known.at if self._known else None)
            self.table.say_when_empty(
                tr("The runs can't be read now"), tr("They appear here when the database answers.")
            )
        self._last = snapshot
        if "input_rows_per_second" in (snapshot.status["progress"] or {}):
            self._rates.note(snapshot.status, snapshot.answered_at)
        self._show_selected()
        self.panel.show_snapshot(snapshot, self._known)
        self.database_banner.show_trouble(database_trouble(snapshot, self._known, today))
        self.spark_banner.show_trouble(spark_trouble(snapshot, today))
        self.bottom.show_snapshot(snapshot, self._known)

    def tick(self, waiting_seconds: float, is_live: bool) -> None:
        """Let what is counted in seconds go on."""
        self.model.tick()
        self.panel.tick()
        self.bottom.tick(self._known, waiting_seconds)
        self.bottom.show_live(is_live)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "bottom"):
            self.model.set_palette(self.palette())
