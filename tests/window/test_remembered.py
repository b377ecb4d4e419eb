"""A window opens as it was closed; what can't be read is as if nothing had been kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.remembered import FILE, RememberedLook
from pipeline_gui.window.table.columns import Column


@pytest.fixture
def windows(qapp: QApplication) -> Iterator[list[MainWindow]]:
    made = [MainWindow(), MainWindow()]
    yield made
    for window in made:
        window.close_now()
        shiboken6.delete(window)


def test_a_window_opens_as_it_was_closed(windows: list[MainWindow], tmp_path: Path) -> None:
    first, second = windows
    first.show()
    first.resize(777, 555)
    first.page.table.horizontalHeader().resizeSection(Column.PIPELINE, 301)
    first.page.table.horizontalHeader().setSectionHidden(Column.BY, True)
    first.page.table.sortByColumn(Column.DURATION, Qt.SortOrder.AscendingOrder)
    first.actions_.relative.setChecked(True)
    first.close_now()
    RememberedLook(tmp_path / "new").save(first)
    RememberedLook(tmp_path / "new").restore(second)
    second.show()
    header = second.page.table.horizontalHeader()
    assert (second.width(), second.height()) == (777, 555)
    assert header.sectionSize(Column.PIPELINE) == 301
    assert header.isSectionHidden(Column.BY)
    assert second.actions_.relative.isChecked()
    assert (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (
        Column.DURATION,
        Qt.SortOrder.AscendingOrder,
    )


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 500, b"[General]\ngeometry=1\ncolumns.1=@ByteArray(x)\n"])
def test_what_is_damaged_is_as_nothing(windows: list[MainWindow], tmp_path: Path, content: bytes) -> None:
    window, fresh = windows
    (tmp_path / FILE).write_bytes(content)
    RememberedLook(tmp_path).restore(window)
    assert window.size() == fresh.size()
    assert window.page.table.horizontalHeader().saveState() == fresh.page.table.horizontalHeader().saveState()


def test_a_file_that_is_too_large_is_not_read(windows: list[MainWindow], tmp_path: Path) -> None:
    window, fresh = windows
    window.resize(777, 555)
    RememberedLook(tmp_path).save(window)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b";" + b"x" * 100_000)
    RememberedLook(tmp_path).restore(fresh)
    assert fresh.width() != 777


def test_a_place_where_nothing_can_be_written_is_borne(windows: list[MainWindow], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    before = windows[1].size()
    windows[0].resize(777, 555)
    RememberedLook(tmp_path / "file").save(windows[0])
    RememberedLook(tmp_path / "file").restore(windows[1])
    assert windows[1].size() == before
    assert (tmp_path / "file").read_text() == "in the way"
