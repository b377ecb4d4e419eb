"""The header that is painted here: what stands in it, and what it shows of the order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QApplication, QHeaderView
from pytestqt.qtbot import QtBot

from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.runs_table import RunsTable
from pipeline_gui.window.table.columns import Column


@pytest.fixture
def header(qapp: QApplication, qtbot: QtBot) -> Iterator[QHeaderView]:
    """Of a table that is shown."""
    table = RunsTable(RunsModel(qapp.palette()))
    qtbot.addWidget(table)
    table.resize(1000, 300)
    table.show()
    yield table.horizontalHeader()
    table.close()


def section(header: QHeaderView, column: Column) -> QImage:
    """How a section is painted."""
    place = QRect(header.sectionViewportPosition(column), 0, header.sectionSize(column), header.height())
    return header.viewport().grab(place).toImage()


def test_a_title_stands_on_the_windows_ground_above_a_line(header: QHeaderView) -> None:
    image = section(header, Column.PIPELINE)
    palette = header.palette()
    assert image.pixelColor(2, 2).rgb() == palette.color(QPalette.ColorRole.Window).rgb()
    assert image.pixelColor(2, image.height() - 1).rgb() == palette.color(QPalette.ColorRole.Mid).rgb()
    colors = {image.pixelColor(x, image.height() // 2).rgb() for x in range(10, image.width())}
    assert len(colors) > 2, "there is a title"


def test_an_arrow_says_by_what_rows_are_ordered_and_how(header: QHeaderView) -> None:
    assert header.sortIndicatorSection() == Column.STARTED
    down, other = section(header, Column.STARTED), section(header, Column.PIPELINE)
    header.setSortIndicator(Column.STARTED, Qt.SortOrder.AscendingOrder)
    up = section(header, Column.STARTED)
    assert down != up
    header.setSortIndicator(Column.PIPELINE, Qt.SortOrder.AscendingOrder)
    none = section(header, Column.STARTED)
    assert none not in (down, up)
    assert section(header, Column.PIPELINE) != other


def test_a_title_that_has_no_room_is_cut_within_its_section(header: QHeaderView) -> None:
    header.resizeSection(Column.OUTCOME, 300)
    header.resizeSection(Column.PIPELINE, 60)
    image = section(header, Column.PIPELINE)
    ground = header.palette().color(QPalette.ColorRole.Window)
    assert {image.pixelColor(image.width() - 1 - x, image.height() // 2).rgb() for x in range(8)} == {ground.rgb()}
    assert header.sectionSizeFromContents(Column.PIPELINE).width() > 60


def test_in_a_language_from_right_to_left_the_arrow_is_on_the_left(header: QHeaderView) -> None:
    before = section(header, Column.STARTED)
    header.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    after = section(header, Column.STARTED)
    middle = before.width() // 2
    ground = header.palette().color(QPalette.ColorRole.Window).rgb()

    def ink(image: QImage, begin: int, end: int) -> int:
        return sum(
            image.pixelColor(x, y).rgb() != ground for x in range(begin, end) for y in range(2, image.height() - 2)
        )

    assert ink(before, 0, middle) > ink(before, middle, before.width())
    assert ink(after, 0, middle) < ink(after, middle, after.width())
