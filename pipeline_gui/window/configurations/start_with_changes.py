"""Start a configuration with changes for one run: nothing of them is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QScrollArea, QVBoxLayout, QWidget

from pipeline_gui.window.configurations.form import ConfigurationForm
from pipeline_gui.window.configurations.preview import CommandPreview
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.translation import tr

Start = Callable[[str, Callable[[], dict[str, Any]]], None]
"""Start what a callable returns, under a name for messages."""


class StartWithChanges(QDialog):
    """A form over the values; Start runs what is in it."""

    def __init__(self, parent: QWidget, values: dict[str, Any], lost: Sequence[str], start: Start) -> None:
        super().__init__(parent)
        self.setObjectName("startWithChanges")
        self.setWindowTitle(tr("Start with changes"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._start = start
        note = PlainLabel()
        note.setObjectName("startNote")
        note.setWordWrap(True)
        note.setContentsMargins(14, 10, 14, 0)
        note.show_text(
            tr("For this run only: nothing of it is saved.")
            + (tr(" The secret in {0} was not recorded: give it anew.").format(" and ".join(lost)) if lost else "")
        )
        self._form = ConfigurationForm(is_shared=False)
        self._preview = CommandPreview()
        area = QScrollArea()
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the focus
        area.setWidget(self._form)
        area.setWidgetResizable(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = buttons.addButton(tr("&Start"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setObjectName("startChangedButton")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        buttons.setContentsMargins(14, 0, 14, 10)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 10)
        for part in (note, area, self._preview, buttons):
            column.addWidget(part)
        self._form.edited.connect(self._allow)
        self._form.show_values(values)
        self._allow()
        self.resize(680, 620)

    def _allow(self) -> None:
        errors = self._form.errors()
        self._go.setEnabled(not errors)
        self._preview.show_values(None if errors else self._form.values())

    def _accept(self) -> None:
        values = self._form.values()
        self.accept()
        self._start(str(values.get("name") or "pipeline"), lambda: values)
