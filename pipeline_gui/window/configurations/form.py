"""A configuration as a form: what is wrong stands beside the field while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from pipeline_gui.configurations.checks import field_errors, sharing_errors
from pipeline_gui.window.configurations.fields import FIELDS, Field, Kind, Unreadable, text_of, value_of
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.theme import tone_color
from pipeline_gui.window.translation import tr

_LINES = 3
_SHOWN = {field.key for field in FIELDS}


class ConfigurationForm(QWidget):
    """Edits the values of one configuration."""

    edited = Signal()
    """A field was changed by the person."""

    def __init__(self, *, is_shared: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._check = sharing_errors if is_shared else field_errors
        self._given: dict[str, Any] = {}
        self._editors: dict[str, QLineEdit | QPlainTextEdit] = {}
        self._notes: dict[str, PlainLabel] = {}
        self._is_filling = False
        form = QFormLayout(self)
        form.setContentsMargins(14, 12, 14, 12)
        form.setVerticalSpacing(6)
        form.setHorizontalSpacing(14)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in FIELDS:
            label = QLabel(tr(field.label))
            cell = self._make_cell(field)
            label.setBuddy(self._editors[field.key])
            form.addRow(label, cell)
        self._color()

    def _make_cell(self, field: Field) -> QWidget:
        editor: QLineEdit | QPlainTextEdit
        if field.kind in (Kind.LIST, Kind.PAIRS):
            editor = QPlainTextEdit()
            editor.setTabChangesFocus(True)
            editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            editor.setFixedHeight(editor.fontMetrics().lineSpacing() * _LINES + 16)
            editor.textChanged.connect(self._changed)
        else:
            editor = QLineEdit()
            editor.textEdited.connect(self._changed)
        editor.setPlaceholderText(tr(field.hint))
        editor.setToolTip(tr(field.hint))
        editor.setAccessibleName(tr(field.label))
        editor.setObjectName(f"field_{field.key}")
        note = PlainLabel()
        note.setObjectName(f"error_{field.key}")
        note.setWordWrap(True)
        note.hide()
        self._editors[field.key], self._notes[field.key] = editor, note
        cell = QWidget()
        column = QVBoxLayout(cell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(editor)
        column.addWidget(note)
        return cell

    # --- values -------------------------------------------------------------------------------------------------

    def show_values(self, values: Mapping[str, Any], *, is_read_only: bool = False) -> None:
        """Show these; what no field shows is kept."""
        self._given = dict(values)
        self._is_filling = True
        for field in FIELDS:
            editor, text = self._editors[field.key], text_of(field, values.get(field.key))
            if isinstance(editor, QLineEdit):
                editor.setText(text)
            else:
                editor.setPlainText(text)
            editor.setReadOnly(is_read_only)
        self._is_filling = False
        self._say_errors()

    def show_edit(self, values: Mapping[str, Any]) -> None:
        """Show these as if the person had typed them over what was shown."""
        given = self._given
        self.show_values(values)
        self._given = {**{key: value for key, value in values.items() if key not in _SHOWN}, **given}
        self.edited.emit()

    def values(self) -> dict[str, Any]:
        """What is in the fields. Raises Unreadable; see ``errors``."""
        values = dict(self._given)
        for field in FIELDS:
            value = value_of(field, self._text(field.key))
            if value is None:
                values.pop(field.key, None)
            else:
                values[field.key] = value
        return values

    @property
    def is_edited(self) -> bool:
        """Whether the fields say something else than what was shown."""
        return any(self._text(field.key) != text_of(field, self._given.get(field.key)) for field in FIELDS)

    def errors(self) -> dict[str, str]:
        """Every field that can't be as it is, with a sentence."""
        unreadable: dict[str, str] = {}
        for field in FIELDS:
            try:
                value_of(field, self._text(field.key))
            except Unreadable as error:
                unreadable[field.key] = str(error)
        return unreadable or self._check(self.values())

    def focus_first(self) -> None:
        """Let the person type the name."""
        self._editors["name"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _text(self, key: str) -> str:
        editor = self._editors[key]
        return editor.text() if isinstance(editor, QLineEdit) else editor.toPlainText()

    def _changed(self) -> None:
        if not self._is_filling:
            self._say_errors()
            self.edited.emit()

    def _say_errors(self) -> None:
        errors = self.errors() if any(self._text(field.key) for field in FIELDS) else {}
        for key, note in self._notes.items():
            note.show_text(errors.get(key, ""))
            note.setVisible(key in errors)
            self._editors[key].setAccessibleDescription(errors.get(key, ""))

    def _color(self) -> None:
        for note in self._notes.values():
            own = note.palette()
            own.setColor(QPalette.ColorRole.WindowText, tone_color(Tone.BAD, self.palette()))
            note.setPalette(own)
