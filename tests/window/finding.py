"""What a person finds in a window: parts by their names, and what they say."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QTableView, QToolBar, QWidget

from pipeline_gui.pipeline.answers import StatusAnswer
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.session import Session
from pipeline_gui.window.table.columns import Column

Part = TypeVar("Part", bound=QObject)


def found(parent: QObject, kind: type[Part], name: str = "") -> Part:
    """The part of that kind and name; it must be there."""
    part = parent.findChild(kind, name) if name else parent.findChild(kind)
    assert part is not None, f"there is no {kind.__name__} {name}"
    return part


def text(window: QWidget, name: str) -> str:
    """What a label says."""
    return found(window, QLabel, name).text()


def action(window: QWidget, name: str) -> QAction:
    """An action by its object name."""
    return found(window, QAction, name)


def is_on(window: QWidget, name: str) -> bool:
    """Whether an action can be pressed."""
    return action(window, name).isEnabled()


def click(window: MainWindow, name: str) -> None:
    """Click the toolbar's button of an action."""
    button = found(window, QToolBar, "toolbar").widgetForAction(action(window, name))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def table(window: MainWindow) -> QTableView:
    """The table of runs."""
    return found(window, QTableView, "runsTable")


def cell(window: MainWindow, row: int, column: Column) -> str:
    """What a cell of the table shows, in the order that is seen."""
    return str(table(window).model().index(row, column).data())


def selected(window: MainWindow) -> str | None:
    """The id of the run whose row is selected."""
    run = window.page.table.selected_run
    return run.run_id if run else None


def session(window: MainWindow) -> Session:
    """What the window has of its backend."""
    assert window.session is not None
    return window.session


def has_read(window: MainWindow) -> bool:
    """Whether the window has read the record."""
    return window.session is not None and window.session.last is not None


def status(window: MainWindow) -> StatusAnswer:
    """The state of now, as the window read it last."""
    last = session(window).last
    assert last is not None
    return last.status
