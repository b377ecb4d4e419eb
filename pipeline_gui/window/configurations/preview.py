"""The command that would be run, to be looked at and copied; secrets are redacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QWidget

from pipeline_gui.pipeline.configuration import parse_configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.window.translation import tr


class CommandPreview(QWidget):
    """The exact spark-submit command of some values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QPlainTextEdit()
        self._text.setObjectName("commandPreview")
        self._text.setAccessibleName(tr("The command that is run"))
        self._text.setReadOnly(True)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setFixedHeight(self._text.fontMetrics().lineSpacing() * 3 + 16)
        self._copy = QPushButton(tr("&Copy the command"))
        self._copy.setObjectName("copyCommandButton")
        self._copy.setAutoDefault(False)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text.toPlainText()))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.addWidget(self._text, 1)
        row.addWidget(self._copy)

    def show_values(self, values: Mapping[str, Any] | None) -> None:
        """Show the command of these; None, or what can't be run, shows none."""
        try:
            text = "" if values is None else parse_configuration(values).command_line()
        except ConfigurationInvalid:
            text = ""
        if text != self._text.toPlainText():
            self._text.setPlainText(text)
        self._copy.setEnabled(bool(text))
