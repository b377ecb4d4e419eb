"""Takes runs out of the window: to a file, and to the clipboard."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.file_saver import FileSaver
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.runs_table import RunsTable
from pipeline_gui.window.table.columns import Column
from pipeline_gui.window.table.texts import csv_pieces, table_texts
from pipeline_gui.window.translation import tr

COPIED_AT_ONCE = 200
"""Rows whose text is made where it is asked for; that of more in the pool."""


class Transfer(QObject):
    """Exports what the table shows, and copies what is selected in it."""

    told = Signal(str)
    """How far it is, or what became of it."""
    busy_changed = Signal(bool)
    """Whether an export is under way."""

    def __init__(self, table: RunsTable, model: RunsModel, gateway: Gateway, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._model = model
        self._gateway = gateway
        self._saver = FileSaver(gateway, "The history", self)
        self._saver.told.connect(self.told)
        self._saver.busy_changed.connect(self.busy_changed)

    def export(self) -> None:
        """Ask for a file, and write what is shown to it; while that is under way: give it up."""
        if self._saver.is_busy:
            self._saver.cancel()
            return
        from pipeline_gui.window.file_dialogs import ask_where_to_save

        title, kinds = tr("Export the runs that are shown"), tr("CSV (*.csv);;All files (*)")
        ask_where_to_save(self._table, "exportDialog", title, "runs.csv", self.export_to, kinds)

    def export_to(self, path: Path) -> None:
        """Write what is shown now to a file."""
        if not self._saver.is_busy:
            self._saver.save(path, csv_pieces(self._model.rows, seconds_with_sleep()))

    def copy(self) -> None:
        """Put the selected rows on the clipboard, as a table."""
        header = self._table.horizontalHeader()
        columns = [column for column in Column if not header.isSectionHidden(column)]
        columns.sort(key=header.visualIndex)
        rows = self._table.selected_runs
        if not rows:
            return
        if len(rows) <= COPIED_AT_ONCE:
            self._put(table_texts(rows, columns), len(rows))
            return
        self._gateway.run(
            lambda: table_texts(rows, columns), lambda texts: self._put(texts, len(rows)), _raise, self, Lane.VIEWS
        )

    def _put(self, texts: tuple[str, str], count: int) -> None:
        data = QMimeData()
        data.setText(texts[0])
        data.setHtml(texts[1])
        QGuiApplication.clipboard().setMimeData(data)
        self.told.emit(tr("Copied {0:,} rows.").format(count) if count > 1 else tr("Copied the row."))


def _raise(error: Exception) -> None:
    raise error  # a mistake in the program: the crash dialog says it
