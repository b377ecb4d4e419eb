"""What the forms of schedules and of alerts are made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QWidget

from pipeline_gui.window.translation import tr


class RuleForm(QWidget):
    """Shows the values of one rule, or those that a new one begins with, and says whether they were edited."""

    edited = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = line(name, tr("Name"))
        self._shown: dict[str, Any] = {}
        """As it was shown first."""

    @property
    def is_edited(self) -> bool:
        """Whether it says something else than what was shown."""
        return self.values() != self._shown

    @property
    def shown(self) -> dict[str, Any]:
        """What was shown, before anything was typed."""
        return dict(self._shown)

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show these, as nobody has edited them."""
        self._put(values)
        self._shown = self.values()

    def show_typed(self, values: Mapping[str, Any]) -> None:
        """Show these as if a person had typed them over what is shown."""
        self._put(values)
        self.edited.emit()

    def _put(self, values: Mapping[str, Any]) -> None:
        blockers = [QSignalBlocker(part) for part in self.findChildren(QWidget)]
        self._fill(values)
        del blockers
        self._show_rows()

    @abstractmethod
    def _fill(self, values: Mapping[str, Any]) -> None:
        """Put values into the parts."""

    @abstractmethod
    def _show_rows(self) -> None:
        """Show the lines that mean something with what is chosen now."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """What it says, under a rule's keys; None where nothing is said."""

    def focus_first(self) -> None:
        """Let a new one be typed."""
        self._name.setFocus()


def line(name: str, title: str, hint: str = "") -> QLineEdit:
    """A line to type in."""
    made = QLineEdit()
    made.setObjectName(name)
    made.setAccessibleName(title)
    made.setPlaceholderText(hint)
    return made


def choice(name: str, title: str) -> QComboBox:
    """A choice of what is offered."""
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    return box


def open_choice(name: str, title: str, hint: str = "") -> QComboBox:
    """A choice of what is offered, or of anything else that is typed."""
    box = choice(name, title)
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    if (typed := box.lineEdit()) is not None:
        typed.setAccessibleName(title)  # it is what has the focus
        typed.setPlaceholderText(hint)
    return box


def number(name: str, title: str, least: int, most: int, unit: str = "") -> QSpinBox:
    """A whole number."""
    box = QSpinBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.setRange(least, most)
    box.setSuffix(unit)
    return box


def offer(box: QComboBox, texts: Iterable[str]) -> None:
    """What can be chosen; what is chosen stays."""
    with QSignalBlocker(box):
        chosen = box.currentText()
        box.clear()
        box.addItems(list(texts))
        box.setEditText(chosen)
