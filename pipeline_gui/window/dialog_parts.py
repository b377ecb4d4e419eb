"""Small parts that the dialogs of what operators share are made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from pipeline_gui.window.hinted_list import HintedList
from pipeline_gui.window.labels import ToneLabel
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr


def wrapping_label(name: str) -> ToneLabel:
    """A label for sentences."""
    label = ToneLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


def plain_button(name: str, title: str, pressed: Callable[[], None], tip: str = "") -> QPushButton:
    """A button that Enter does not press from elsewhere."""
    button = QPushButton(title)
    button.setObjectName(name)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: pressed())
    return button


def text_list(name: str, title: str) -> HintedList:
    """A list to be read, and not to choose from."""
    made = HintedList(name, title)
    made.setWordWrap(True)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def question(parent: QWidget, name: str, title: str, text: str) -> QMessageBox:
    """A question that can be cancelled, also by Enter; who asks it adds the button that says yes."""
    box = QMessageBox(QMessageBox.Icon.Question, title, "", QMessageBox.StandardButton.NoButton, parent)
    box.setObjectName(name)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextFormat(Qt.TextFormat.PlainText)  # there are names of others in it
    box.setText(title)
    box.setInformativeText(text)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    return box


def ask_to_give_up(parent: QWidget, name: str, go_on: Callable[[], None], stay: Callable[[], None]) -> None:
    """Ask whether what was edited and not saved may be lost."""
    box = question(parent, name, tr("What you edited is not saved."), tr("Save it first, or give it up."))
    box.addButton(tr("Give it up"), QMessageBox.ButtonRole.AcceptRole)
    box.accepted.connect(go_on)
    box.rejected.connect(stay)
    box.open()


def ask_to_delete(parent: QWidget, name: str, what: str, stays: str, delete: Callable[[], None]) -> None:
    """Ask whether something shall be deleted for everybody, and say what stays of it."""
    box = question(parent, name, tr("Delete “{0}” for all operators?").format(one_line(what, 80)), stays)
    box.addButton(tr("Delete"), QMessageBox.ButtonRole.AcceptRole)
    box.accepted.connect(delete)
    box.open()
