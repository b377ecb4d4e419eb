"""What the forms of schedules and of alerts are made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QWidget

from pipeline_gui.window.translation import tr


class RuleForm(QWidget):
    """Shows one rule, or none, and says whether it was edited."""

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
    if hint and (typed := box.lineEdit()) is not None:
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
