"""The dialog of schedules or of alerts: looked through, made, changed, paused and deleted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.window.dialog_parts import ask_to_delete, plain_button
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.rules.form import RuleForm
from pipeline_gui.window.rules.reader import RulesReader
from pipeline_gui.window.rules.rule import Kind, Rule
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr

AGAIN_MS = 10_000

R = TypeVar("R", bound=Rule)
T = TypeVar("T")


class RulesDialog(RulesReader[R]):
    """Each kind says what it reads, shows and saves; how it goes from one to another is the same."""

    def __init__(self, gateway: Gateway, kind: Kind, form: RuleForm, parent: QWidget | None) -> None:
        super().__init__(gateway, kind, form, parent)
        self._new = plain_button(kind.part("new", "Button"), tr("&New"), self._start_new)
        self._delete = plain_button(kind.part("delete", "Button"), tr("De&lete…"), self._ask_to_delete)
        self._pause = plain_button(kind.part("pause", "Button"), tr("&Pause"), self._pause_or_resume)
        self._revert = plain_button(kind.part("revert", "Button"), tr("&Revert"), self._give_mine_up)
        self._save = plain_button(kind.part("save", "Button"), tr("&Save"), self._save_edited)
        self._save.setDefault(True)

    def _begin(self, above: QWidget, about: QWidget, past: QWidget, *more: QPushButton) -> None:
        """Lay the parts out, with those of this kind among them, and read for the first time."""
        right = QVBoxLayout()
        right.addWidget(self._conflict)
        right.addWidget(self._form)
        right.addWidget(about)
        title = QLabel(past.accessibleName())
        title.setBuddy(past)
        right.addWidget(title)
        right.addWidget(past, 1)
        right.addWidget(self._said)
        row = QHBoxLayout()
        for button in (self._delete, self._pause, *more):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._revert)
        row.addWidget(self._save)
        right.addLayout(row)
        whole = QGridLayout(self)
        whole.addWidget(above, 0, 0, 1, 2)
        whole.addWidget(self._list, 1, 0)
        whole.addWidget(self._new, 2, 0)
        whole.addLayout(right, 1, 1, 2, 1)
        whole.setColumnStretch(0, 1)
        whole.setColumnStretch(1, 2)
        self._form.edited.connect(self._edited)
        self._list.chosen.connect(self._choose)
        self._conflict.theirs_wanted.connect(self._give_mine_up)
        self._conflict.merge_wanted.connect(self._keep_mine)
        again = QTimer(self, interval=AGAIN_MS)
        again.timeout.connect(self.read_again)
        again.start()
        self._show_rule(None)
        self.read()

    # --- of one kind --------------------------------------------------------------------------------------------

    @abstractmethod
    def _edited(self) -> None:
        """Something was typed."""

    @abstractmethod
    def _is_complete(self) -> bool:
        """Whether what is typed can be saved."""

    @abstractmethod
    def _save_values(self, before: R | None, values: dict[str, Any]) -> R:
        """Save what was typed; None: as a new one. In the pool, as the next two."""

    @abstractmethod
    def _change_values(self, before: R, values: dict[str, Any]) -> R:
        """Change some of its values."""

    @abstractmethod
    def _remove(self, before: R) -> None:
        """Delete it."""

    def _allow(self) -> None:
        free, edited, is_there = not self._is_busy, self._form.is_edited, self._shown is not None
        self._save.setEnabled(free and edited and self._is_complete() and not self._conflict.is_open)
        self._revert.setEnabled(free and edited)
        self._delete.setEnabled(free and is_there)
        self._pause.setEnabled(free and is_there and not edited)
        is_paused = self._shown is not None and not self._shown.is_enabled
        self._pause.setText(tr("&Resume") if is_paused else tr("&Pause"))

    # --- writing ------------------------------------------------------------------------------------------------

    def _start_new(self) -> None:
        def begin() -> None:
            self._may_choose_first = False
            self._list.choose_none()
            self._show_chosen(None)
            self._form.focus_first()

        self._if_given_up(begin)

    def _save_edited(self) -> None:
        values, before = self._form.values(), self._shown

        def saved(rule: R) -> None:
            typed = self._form.values()
            self._show_rule(rule)
            if typed != values:  # while it was saved
                self._form.show_typed(typed)

        self._write(lambda: self._save_values(before, values), saved, tr("Saved “{0}” for all operators."))

    def _pause_or_resume(self) -> None:
        before = self._shown
        if before is not None:
            values = {"is_enabled": not before.is_enabled}
            said = tr("Paused “{0}”.") if before.is_enabled else tr("Resumed “{0}”.")
            self._write(lambda: self._change_values(before, values), self._show_rule, said)

    def _ask_to_delete(self) -> None:
        before = self._shown
        if before is None:
            return

        def delete() -> R:
            self._remove(before)
            return before

        ask_to_delete(
            self, self._kind.part("delete", "Question"), before.name, self._kind.stays,
            lambda: self._write(delete, lambda _: self._show_rule(None), tr("Deleted “{0}”.")),
        )  # fmt: skip

    def _write(self, work: Callable[[], R], show: Callable[[R], None], said: str) -> None:
        before = self._shown

        def finished(rule: R) -> None:
            self._say(said.format(one_line(rule.name, 80)))
            # What was written is known, whether or not it can be read again just now.
            if self._shown is before:
                show(rule)
            self._allow()
            self.read()

        self._do(tr("Saving…"), work, finished)

    def _failed(self, error: Exception) -> None:
        self._fail(error)
        if isinstance(error, ConfigurationInvalid) and self._shown is not None:
            self._is_refused = True
            self.read()  # is it another by now?

    # --- somebody was quicker -----------------------------------------------------------------------------------

    def _give_mine_up(self) -> None:
        shown = self._conflict.theirs if self._conflict.is_open else self._shown
        if shown is None:
            self._list.choose_none()
        self._show_chosen(shown)
        self.read()

    def _keep_mine(self) -> None:
        values = self._conflict.merged(self._form.values(), self._form.shown)
        self._show_rule(self._conflict.theirs)
        self._form.show_typed(values)
        self._say(tr("Look through it, then save."))
