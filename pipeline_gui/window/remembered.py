"""What a window remembers from one time to the next: its place and size, its table's columns, how times are said."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from pipeline_gui.window.main_window import MainWindow

log = logging.getLogger(__name__)

FILE = "window.ini"
_LARGEST_FILE = 64 * 1024
"""Bytes; what is larger was not written by us, and is not read on the GUI thread."""
_GEOMETRY, _COLUMNS, _RELATIVE, _SPLIT = "geometry", "columns.1", "relative-times", "split"
"""A key changes its number when the columns do: an old state would put widths to the wrong ones."""


class RememberedLook:
    """Keeps the look of one profile's window in a small file; a file that is missing or damaged is as none."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def restore(self, window: MainWindow) -> None:
        """Put the window where it was; Qt moves it onto a screen that is there."""
        try:
            if self._file.stat().st_size > _LARGEST_FILE:
                return
        except OSError:
            return
        kept = QSettings(str(self._file), QSettings.Format.IniFormat)
        geometry, columns = kept.value(_GEOMETRY), kept.value(_COLUMNS)
        if isinstance(geometry, QByteArray):
            window.restoreGeometry(geometry)
        split = kept.value(_SPLIT)
        if isinstance(split, QByteArray):
            window.page.restore_split(split)
        window.actions_.relative.setChecked(kept.value(_RELATIVE) == "true")
        table = window.page.table
        if isinstance(columns, QByteArray) and table.horizontalHeader().restoreState(columns):
            header = table.horizontalHeader()
            table.sortByColumn(header.sortIndicatorSection(), header.sortIndicatorOrder())

    def save(self, window: MainWindow) -> None:
        """Note how the window looks; where that can't be written, the next one looks as the first did."""
        kept = QSettings(str(self._file), QSettings.Format.IniFormat)
        kept.setValue(_GEOMETRY, window.saveGeometry())
        kept.setValue(_COLUMNS, window.page.table.horizontalHeader().saveState())
        kept.setValue(_RELATIVE, "true" if window.actions_.relative.isChecked() else "false")
        if (split := window.page.split_state()) is not None:
            kept.setValue(_SPLIT, split)
        kept.sync()
        if kept.status() is not QSettings.Status.NoError:
            log.info("the look of the window could not be written to %s", self._file)
