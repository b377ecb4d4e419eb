"""Rows in another order: what is selected stays with its run, and nobody looks at every row for that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QApplication

from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.runs_table import RunsTable
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.changes import rearranged
from tests.window.table.making import rows

COUNT = 50


class LookedAt(list[RunRow]):
    """Rows of which a test knows whether somebody went through all of them."""

    times = 0

    def __iter__(self) -> Iterator[RunRow]:
        self.times += 1
        return super().__iter__()


@pytest.fixture
def table(qapp: QApplication) -> Iterator[RunsTable]:
    """A table whose columns have widths of their own, as they have in the window."""
    model = RunsModel(qapp.palette())
    shown = RunsTable(model)
    model.update_rows(rows(COUNT))
    shown.show()
    shown.grab()  # laid out and painted
    yield shown
    shown.close()
    shiboken6.delete(shown)  # before its model


def turn_over(model: RunsModel, held: set[str]) -> LookedAt:
    """Show the rows from the last to the first; held are the runs that were looked up beforehand."""
    turned = LookedAt(reversed(model.rows))
    changes = rearranged(turned, held, running=[])
    turned.times = 0
    model.apply(changes)
    return turned


def test_where_nothing_is_selected_no_row_is_looked_for(table: RunsTable) -> None:
    model = table.model()
    assert isinstance(model, RunsModel)
    turn_over(model, model.held())  # from then on the header holds on to its columns
    assert turn_over(model, model.held()).times == 0
    assert table.selected_run is None


@pytest.mark.parametrize("at", [0, 20])
def test_a_selected_run_stays_selected(table: RunsTable, at: int) -> None:
    model = table.model()
    assert isinstance(model, RunsModel)
    table.selectRow(at)
    chosen = table.selected_run
    assert turn_over(model, model.held()).times == 0
    assert table.selected_run is chosen
    assert table.currentIndex().row() == COUNT - 1 - at


def test_what_was_selected_meanwhile_is_looked_for_once(table: RunsTable) -> None:
    model = table.model()
    assert isinstance(model, RunsModel)
    table.selectRow(3)
    flags = QItemSelectionModel.SelectionFlag
    for at in range(4, 12):
        table.selectionModel().select(model.index(at, 0), flags.Select | flags.Rows)
    chosen = {row.run_id for row in table.selected_runs}
    assert len(chosen) == 9
    assert turn_over(model, set()).times == 1
    assert {row.run_id for row in table.selected_runs} == chosen


def test_columns_keep_their_widths(table: RunsTable) -> None:
    model = table.model()
    assert isinstance(model, RunsModel)
    header = table.horizontalHeader()
    before = [header.sectionSize(column) for column in range(header.count())]
    turn_over(model, set())
    assert [header.sectionSize(column) for column in range(header.count())] == before


def test_a_selected_run_that_moves_to_the_first_row_is_followed_from_there(table: RunsTable) -> None:
    model = table.model()
    assert isinstance(model, RunsModel)
    table.selectRow(COUNT - 1)
    chosen = table.selected_run
    turn_over(model, model.held())
    assert table.currentIndex().row() == 0
    assert 0 in {index.row() for index in model.persistentIndexList()}, "Qt has let go of it with the header's"
    turn_over(model, model.held())
    assert table.selected_run is chosen
    assert table.currentIndex().row() == COUNT - 1
