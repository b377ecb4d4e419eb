"""Small parts that the dialogs of what operators share are made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from pipeline_gui.window.labels import PlainLabel


def wrapping_label(name: str) -> PlainLabel:
    """A label for sentences."""
    label = PlainLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


def plain_button(name: str, title: str, pressed: Callable[[], None]) -> QPushButton:
    """A button that Enter does not press from elsewhere."""
    button = QPushButton(title)
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: pressed())
    return button


def question(parent: QWidget, name: str, title: str, text: str) -> QMessageBox:
    """A question that can be cancelled; who asks it adds the button that says yes."""
    box = QMessageBox(QMessageBox.Icon.Question, title, text, QMessageBox.StandardButton.Cancel, parent)
    box.setObjectName(name)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setText(title)
    box.setInformativeText(text)
    return box
