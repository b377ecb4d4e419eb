"""The system's questions for a file. None of them waits: each is shown, and calls back when a file was chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from pipeline_gui.window.translation import tr


def ask_for_configuration(parent: QWidget, name: str, title: str, chosen: Callable[[Path], object]) -> None:
    """Ask for a configuration that is there."""
    dialog = QFileDialog(parent, title, "", tr("Configurations (*.toml);;All files (*)"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, name, chosen)


def ask_where_to_save(
    parent: QWidget, name: str, title: str, suggested: str, chosen: Callable[[Path], object], kinds: str = ""
) -> None:
    """Ask for the file that something shall be written to."""
    dialog = QFileDialog(parent, title, suggested, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    _open(dialog, name, chosen)


def _open(dialog: QFileDialog, name: str, chosen: Callable[[Path], object]) -> None:
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.open()
