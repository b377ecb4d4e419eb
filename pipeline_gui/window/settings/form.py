"""The form of the settings: what is wrong stands beside its field, and each server can be tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QGroupBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from pipeline_gui.finding import Finding
from pipeline_gui.settings import SYSTEM_FILE, Settings
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.settings.fields import (
    DATABASE,
    LOOKS,
    SPARK,
    Entered,
    Field,
    kept_secret,
    set_elsewhere,
    shown_values,
)
from pipeline_gui.window.settings.looks import look_at_database, look_at_spark
from pipeline_gui.window.theme import tone_color
from pipeline_gui.window.translation import tr

_SIGNS = {True: "✔", False: "✖", None: "•"}


class SettingsForm(QWidget):
    """Edits the settings of one profile."""

    edited = Signal()

    def __init__(self, settings: Settings, gateway: Gateway, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._editors: dict[str, QLineEdit] = {}
        self._notes: dict[str, PlainLabel] = {}
        self._elsewhere = set_elsewhere(settings)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        database = ServerTest("testDatabaseButton", tr("&Test the database"), self._look_at_database, gateway, self)
        spark = ServerTest("testSparkButton", tr("Test the &Spark server"), self._look_at_spark, gateway, self)
        for title, fields, test in (
            (tr("Database"), DATABASE, database),
            (tr("Spark"), SPARK, spark),
            (tr("This system"), LOOKS, None),
        ):
            box = QGroupBox(title)
            form = QFormLayout(box)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            for field in fields:
                self._add(form, field)
            if test is not None:
                form.addRow(test.button, test.answer)
            column.addWidget(box)
        self._fill(shown_values(settings))

    def _add(self, form: QFormLayout, field: Field) -> None:
        editor = QLineEdit()
        editor.setObjectName(f"{field.key}Edit")
        editor.setAccessibleName(tr(field.label))
        editor.setPlaceholderText(tr(field.hint))
        if field.is_secret:
            editor.setEchoMode(QLineEdit.EchoMode.Password)
            if kept_secret(self._settings, field.key):
                editor.setPlaceholderText(tr("known; type another to change it"))
        if field.key in self._elsewhere:
            editor.setEnabled(False)
            editor.setToolTip(tr("Set by {0}").format(self._elsewhere[field.key]))
        note = PlainLabel()
        note.setObjectName(f"{field.key}Note")
        note.setWordWrap(True)
        note.hide()
        own = note.palette()
        own.setColor(QPalette.ColorRole.WindowText, tone_color(Tone.BAD, self.palette()))
        note.setPalette(own)
        label = QLabel(tr(field.label))
        label.setBuddy(editor)
        form.addRow(label, editor)
        form.addRow("", note)
        self._editors[field.key], self._notes[field.key] = editor, note
        editor.textEdited.connect(self._changed)

    @property
    def first_editor(self) -> QLineEdit | None:
        """Where a person begins to type: the first field that is theirs to fill."""
        return next((editor for editor in self._editors.values() if editor.isEnabled()), None)

    def _fill(self, values: Mapping[str, str]) -> None:
        for key, value in values.items():
            self._editors[key].setText(value)

    @property
    def entered(self) -> Entered:
        """What stands in it now."""
        return Entered({key: editor.text().strip() for key, editor in self._editors.items() if editor.text().strip()})

    @property
    def values(self) -> dict[str, str]:
        """What is to be kept: what another place decides is not, nor what holds for all users as it is."""
        return {key: value for key, value in self.entered.values.items() if self._is_own(key, value)}

    def _is_own(self, key: str, value: str) -> bool:
        is_for_all = self._settings.sources.get(key) == str(SYSTEM_FILE)
        is_the_same = value == shown_values(self._settings).get(key)
        return key not in self._elsewhere and not (is_for_all and is_the_same)

    def check(self) -> bool:
        """Say what is wrong beside its field; whether nothing is."""
        wrong = self.entered.errors()
        for key, note in self._notes.items():
            note.show_text(wrong.get(key, ""))
            note.setVisible(key in wrong)
        return not wrong

    def use_this_computer(self) -> None:
        """Name no servers."""
        for field in (*DATABASE, *SPARK):
            self._editors[field.key].clear()
        self._changed()

    def _changed(self) -> None:
        self.check()
        self.edited.emit()

    def _secret(self, key: str) -> str | None:
        return self.entered.values.get(key) or kept_secret(self._settings, key)

    def _look_at_database(self) -> Callable[[], Sequence[Finding]] | None:
        url, password = self.entered.values.get("database_url"), self._secret("database_password")
        if url is None or "database_url" in self.entered.errors():
            return None
        return lambda: look_at_database(url, password)

    def _look_at_spark(self) -> Callable[[], Sequence[Finding]] | None:
        url, token, kind = self.entered.values.get("spark_url"), self._secret("spark_token"), self._settings.spark_kind
        if url is None or "spark_url" in self.entered.errors():
            return None
        ca_file = self.entered.values.get("spark_ca_file")
        return lambda: look_at_spark(kind, url, token, ca_file)


class ServerTest(QObject):
    """A button that asks a server, and what came of it in words."""

    def __init__(
        self,
        name: str,
        title: str,
        question: Callable[[], Callable[[], Sequence[Finding]] | None],
        gateway: Gateway,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._question = question
        self._gateway = gateway
        self.button = QPushButton(title)
        self.button.setObjectName(name)
        self.button.clicked.connect(self._ask)
        self.answer = PlainLabel()
        self.answer.setObjectName(name.replace("Button", "Answer"))
        self.answer.setWordWrap(True)

    def _ask(self) -> None:
        question = self._question()
        if question is None:
            self.answer.show_text(tr("Type its address first."))
            return
        self.button.setEnabled(False)
        self.answer.show_text(tr("It is being asked…"))
        self._gateway.run(question, self._take, self._fail, self, Lane.VIEWS)

    def _take(self, findings: Sequence[Finding]) -> None:
        self.button.setEnabled(True)
        self.answer.show_text("\n".join(f"{_SIGNS[finding.is_well]} {finding.sentence}" for finding in findings))

    def _fail(self, error: Exception) -> None:
        self.button.setEnabled(True)
        self.answer.show_text(f"✖ {error}")
