"""The list of the window's shortcuts, made from the actions themselves."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from pipeline_gui.window.marking import QT_TR_NOOP
from pipeline_gui.window.translation import tr

_OTHERS = (
    (QT_TR_NOOP("Copy the selected runs as a table"), "Ctrl+C"),
    (QT_TR_NOOP("Show the details of the selected run"), "Enter"),
    (QT_TR_NOOP("Next match in the log"), "F3"),
    (QT_TR_NOOP("Match before in the log"), "Shift+F3"),
    (QT_TR_NOOP("Show every run again"), "Escape"),
)
"""Keys of parts of the window."""


def show_shortcuts(parent: QWidget, actions: Iterable[QAction]) -> None:
    """Show what each key does."""
    dialog = QDialog(parent)
    dialog.setObjectName("shortcutsDialog")
    dialog.setWindowTitle(tr("Shortcuts"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    keys = QTreeWidget()
    keys.setObjectName("shortcutsList")
    keys.setAccessibleName(tr("Shortcuts"))
    keys.setHeaderLabels([tr("Keys"), tr("What they do")])
    keys.setRootIsDecorated(False)
    for shown, title in shortcuts(actions):
        keys.addTopLevelItem(QTreeWidgetItem([shown, title]))
    keys.resizeColumnToContents(0)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.addWidget(keys)
    column.addWidget(buttons)
    dialog.resize(460, 520)
    dialog.open()


def shortcuts(actions: Iterable[QAction]) -> list[tuple[str, str]]:
    """Keys and what they do, as this platform writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    lines = []
    for action in actions:
        keys = ", ".join(sequence.toString(native) for sequence in action.shortcuts())
        if keys:
            lines.append((keys, action.text().replace("&", "").rstrip("…")))
    return [*lines, *((QKeySequence(keys).toString(native), tr(title)) for title, keys in _OTHERS)]
