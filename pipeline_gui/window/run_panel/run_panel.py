"""The panel below the table: the selected run, its log, and the past of its pipeline."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.window.gateway import Lane
from pipeline_gui.window.labels import ElidedLabel
from pipeline_gui.window.pictures.history_view import HistoryView
from pipeline_gui.window.pictures.rate_log import RateLog
from pipeline_gui.window.run_panel.facts import RunDetails, facts_of, timeline_of
from pipeline_gui.window.run_panel.log_view import LogView
from pipeline_gui.window.run_panel.run_source import RunSource
from pipeline_gui.window.run_panel.run_view import RunView
from pipeline_gui.window.snapshot import RunRow, Snapshot
from pipeline_gui.window.translation import tr

NOTHING = "Select a run to see what is known of it."


class RunPanel(QWidget):
    """Shows one run; asks only while it is seen, and one question at a time."""

    run_wanted = Signal(str)
    """The id of a run that the person wants to see in the table."""

    def __init__(self, source: RunSource, rates: RateLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runPanel")
        self._source = source
        self._row: RunRow | None = None
        self._snapshot: Snapshot | None = None
        self._details: RunDetails | None = None
        self._is_current = False
        self._is_reading = False
        self._rates = rates
        self._note = ElidedLabel()
        self._note.setObjectName("runPanelNote")
        self._note.setContentsMargins(14, 4, 14, 4)
        self._note.show_text(NOTHING)
        self._run = RunView()
        self._log = LogView(source.gateway, source.outputs)
        self._history = HistoryView(source.gateway, source.past.past_runs)
        self._history.run_wanted.connect(self.run_wanted)
        self._tabs = QTabWidget()
        self._tabs.setObjectName("runTabs")
        self._tabs.setAccessibleName(tr("What is shown of the run"))
        self._tabs.setDocumentMode(True)
        for page, title in ((self._run, "R&un"), (self._log, "Lo&g"), (self._history, "&History")):
            self._tabs.addTab(page, title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._note)
        column.addWidget(self._tabs, 1)

    def show_page(self, position: int) -> None:
        """Bring one of the pages to the front: 0 the run, 1 its log, 2 the past; who wants the log is in it then."""
        self._tabs.setCurrentIndex(position)
        if self._tabs.currentWidget() is self._log:
            self._log.take_focus()

    def find_in_log(self) -> bool:
        """Let the person type what to find in the log; whether the log is what is seen."""
        if self._tabs.currentWidget() is not self._log:
            return False
        self._log.start_finding()
        return True

    def show_row(self, row: RunRow | None, snapshot: Snapshot | None) -> None:
        """The selected row, as the last snapshot has it."""
        before, self._row, self._snapshot = self._row, row, snapshot
        run_id = row.run_id if row else None
        if run_id != (before.run_id if before else None):
            self._details = None
            self._is_current = False
            self._run.show_run([], [], date.today())
            self._note.show_text("" if row else NOTHING)
            self._note.setVisible(row is None)
        elif row != before or (row is not None and row.is_running):
            self._is_current = False
        self._log.show_run(run_id, is_running=row is not None and row.is_running)
        self._history.show_pipeline(row.pipeline if row else None)
        self._history.show_rates(self._rates.of(run_id))
        if before is not None and row is not None and before.is_running and not row.is_running:
            self._history.look_again()
        self._show_details()
        self._read()

    def _read(self) -> None:
        row = self._row
        if row is None or self._is_current or self._is_reading or not self.isVisible():
            return
        self._is_current = self._is_reading = True
        run_id = row.run_id
        self._source.gateway.run(
            lambda: self._source.read_details(run_id),
            lambda details: self._take(run_id, details),
            lambda error: self._fail(run_id, error),
            self,
            Lane.VIEWS,
        )

    def _take(self, run_id: str, details: RunDetails | None) -> None:
        self._is_reading = False
        if self._row is not None and self._row.run_id == run_id:
            self._details = details
            self._say("" if details else tr("This run is not in the record any more."))
            self._show_details()
        self._read()

    def _fail(self, run_id: str, error: Exception) -> None:
        self._is_reading = self._is_current = False  # the next snapshot asks again
        if self._row is not None and self._row.run_id == run_id:
            known = isinstance(error, PipelineError)
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            self._say(tr("It can't be read now, so what stands here may be old: {0}").format(reason))

    def _say(self, text: str) -> None:
        self._note.show_text(text)
        self._note.setVisible(bool(text))

    def _show_details(self) -> None:
        details = self._details
        if details is None:
            return
        status = self._snapshot.status if self._snapshot else None
        facts = facts_of(details, status, self._source.old_rows_timezone, self._source.history_server_url)
        self._run.show_run(facts, timeline_of(details.events), date.today())

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while nobody looked."""
        super().showEvent(event)
        self._read()
