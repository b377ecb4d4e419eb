"""The questions for a file: who asked is called back with its path."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.window.file_dialogs import ask_for_configuration, ask_where_to_save
from tests.window.finding import found


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_a_configuration_that_is_there_is_asked_for(window: QWidget, tmp_path: Path, qtbot: QtBot) -> None:
    file, chosen = tmp_path / "flights.toml", list[Path]()
    file.touch()
    ask_for_configuration(window, "openDialog", "Open", chosen.append)
    dialog = found(window, QFileDialog, "openDialog")
    assert (dialog.isVisible(), dialog.windowTitle()) == (True, "Open")
    assert (dialog.fileMode(), dialog.nameFilters()[0]) == (
        QFileDialog.FileMode.ExistingFile,
        "Configurations (*.toml)",
    )
    dialog.selectFile(str(file))
    dialog.accept()
    qtbot.waitUntil(lambda: chosen == [file])


def test_where_to_save_is_asked_with_a_name_to_begin_with(window: QWidget, tmp_path: Path, qtbot: QtBot) -> None:
    chosen = list[Path]()
    ask_where_to_save(window, "exportDialog", "Export", str(tmp_path / "runs.csv"), chosen.append, "CSV (*.csv)")
    dialog = found(window, QFileDialog, "exportDialog")
    assert (dialog.acceptMode(), dialog.nameFilters()) == (QFileDialog.AcceptMode.AcceptSave, ["CSV (*.csv)"])
    dialog.accept()
    qtbot.waitUntil(lambda: chosen == [tmp_path / "runs.csv"])
    assert not chosen[0].exists()
