"""The few questions of the window. None of them waits: each is shown, and calls back when it is answered."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QMessageBox, QVBoxLayout, QWidget

from pipeline_gui.window.icons import application_icon, tone_icon
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.translation import tr
from pipeline_gui.window.versions import versions


class TypedConfirmation(QDialog):
    """Explains what an action means, and does it only when a word was typed."""

    def __init__(
        self, parent: QWidget, title: str, headline: str, meaning: str, word: str, on_confirmed: Callable[[], None]
    ) -> None:
        super().__init__(parent)
        self.setObjectName("typedConfirmation")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._word = word
        top = PlainLabel(scale=1.2, bold=True)
        top.setText(headline)
        top.setWordWrap(True)
        text = PlainLabel()
        text.setText(meaning)
        text.setWordWrap(True)
        ask = QLabel(tr("Type <b>{0}</b> to go on:").format(word))
        self._typed = QLineEdit()
        self._typed.setObjectName("confirmationEdit")
        self._typed.setAccessibleName(tr("Type {0} to go on").format(word))
        ask.setBuddy(self._typed)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = buttons.addButton(title.rstrip("…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setObjectName("confirmButton")
        self._go.setEnabled(False)
        self._typed.textChanged.connect(self._check)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(on_confirmed)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(12)
        for part in (top, text, ask, self._typed):
            column.addWidget(part)
        column.addSpacing(4)
        column.addWidget(buttons)
        self.setMinimumWidth(480)

    def _check(self, typed: str) -> None:
        self._go.setEnabled(typed.strip().casefold() == self._word.casefold())


def ask_to_abandon(parent: QWidget, name: str, on_confirmed: Callable[[], None]) -> None:
    """Ask whether a run shall be let go of without evidence."""
    meaning = tr(
        "Its row is recorded as failed although nobody could confirm its end. It may still be alive on Spark and may "
        "still be writing. The next start makes sure first that nothing of it lives, and is refused while it can't.\n\n"
        "Abandon it when its server will never answer again. If the server may come back, wait: the stop is carried "
        "out then."
    )
    TypedConfirmation(
        parent, tr("Abandon…"), tr("Abandon “{0}”?").format(name), meaning, tr("abandon"), on_confirmed
    ).open()


def ask_to_release(parent: QWidget, name: str, on_confirmed: Callable[[], None]) -> None:
    """Ask whether another program's row shall be ended, so that the place is free."""
    meaning = tr(
        "Another program recorded this run, and this window knows nothing of it but its row. Releasing records the row "
        "as failed, so that a pipeline can be started. It does not stop the other program: if its work goes on, two "
        "pipelines run at once."
    )
    TypedConfirmation(
        parent, tr("Release…"), tr("Release the place of “{0}”?").format(name), meaning, tr("release"), on_confirmed
    ).open()


def ask_to_confirm_gone(parent: QWidget, name: str, on_confirmed: Callable[[], None]) -> None:
    """Ask for a person's word that nothing of an ended run lives."""
    meaning = tr(
        "This is for an abandoned run whose Spark server, or its records, are no more, so that no program can make "
        "sure of it. With your word the next start no longer asks for it. If something of the run lives after all, two "
        "pipelines run at once.\n\nIt is recorded who gave the word, and when."
    )
    TypedConfirmation(
        parent,
        tr("Confirm…"),
        tr("Can nothing of “{0}” be alive?").format(name),
        meaning,
        tr("nothing lives"),
        on_confirmed,
    ).open()


def ask_to_close(
    parent: QWidget, name: str | None, on_confirmed: Callable[[], None], on_hidden: Callable[[], None] | None = None
) -> None:
    """Say that a run goes on when the window is closed; where it can be hidden instead, offer that.

    name: of what runs; None where it is not known whether anything does.
    """
    box = QMessageBox(parent)
    box.setObjectName("closeQuestion")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(tr("A pipeline is running") if name else tr("A pipeline may be running"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIconPixmap(tone_icon("running", Tone.ACTIVE, parent.palette()).pixmap(40, 40))
    box.setText(
        tr("“{0}” goes on when this window is closed.").format(name)
        if name
        else tr("What may be running goes on when this window is closed. The record can't be read now.")
    )
    box.setInformativeText(
        tr("It runs on Spark, not in this window. Open the window again to see how it stands or to stop it.")
    )
    close = box.addButton(tr("Close, the run goes on"), QMessageBox.ButtonRole.AcceptRole)
    close.clicked.connect(on_confirmed)
    if on_hidden is not None:
        hide = box.addButton(tr("Hide it, and be told of the end"), QMessageBox.ButtonRole.ActionRole)
        hide.setObjectName("hideButton")
        hide.clicked.connect(on_hidden)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(close)
    box.open()


def show_about(parent: QWidget) -> None:
    """Which program and which versions this is."""
    box = QMessageBox(parent)
    box.setObjectName("aboutBox")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(tr("About"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIconPixmap(application_icon().pixmap(48, 48))
    box.setText(tr("Pipelines"))
    box.setInformativeText(tr("Start, stop and watch a Spark pipeline.\n\n{0}").format(versions()))
    box.addButton(QMessageBox.StandardButton.Close)
    box.open()
