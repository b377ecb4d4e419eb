"""The dialog of schedules or of alerts: looked through, made, changed, paused and deleted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from pipeline_gui.window.dialog_parts import ask_to_delete, plain_button
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.rules.form import RuleForm
from pipeline_gui.window.rules.rule import Kind, Rule
from pipeline_gui.window.shared_dialog import SharedDialog
from pipeline_gui.window.shared_list import Row
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr

AGAIN_MS = 10_000

R = TypeVar("R", bound=Rule)
T = TypeVar("T")


class RulesDialog(SharedDialog, Generic[R]):
    """Each kind says what it reads, shows and saves; how it goes from one to another is the same."""

    def __init__(self, gateway: Gateway, kind: Kind, form: RuleForm, parent: QWidget | None) -> None:
        super().__init__(gateway, kind.name, kind.title, parent)
        self._kind = kind
        self._form: RuleForm = form
        self._shown: R | None = None
        self._new = plain_button(kind.part("new", "Button"), tr("&New"), self._start_new)
        self._delete = plain_button(kind.part("delete", "Button"), tr("De&lete…"), self._ask_to_delete)
        self._pause = plain_button(kind.part("pause", "Button"), tr("&Pause"), self._pause_or_resume)
        self._revert = plain_button(kind.part("revert", "Button"), tr("&Revert"), lambda: self._show_rule(self._shown))
        self._save = plain_button(kind.part("save", "Button"), tr("&Save"), self._save_edited)
        self._save.setDefault(True)

    def _begin(self, above: QWidget, about: QWidget, past: QWidget, *more: QPushButton) -> None:
        """Lay the parts out, with those of this kind among them, and read for the first time."""
        right = QVBoxLayout()
        right.addWidget(self._form)
        right.addWidget(about)
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
        again = QTimer(self, interval=AGAIN_MS)
        again.timeout.connect(self.read_again)
        again.start()
        self._show_rule(None)
        self.read()

    # --- of one kind --------------------------------------------------------------------------------------------

    @abstractmethod
    def read(self, choose: str | None = None) -> None:
        """Read the list anew, since somebody may have changed it, and choose one by its name."""

    @abstractmethod
    def _title(self, rule: R) -> str:
        """How the list shows one that is not paused."""

    @abstractmethod
    def _is_same(self, rule: R, shown: R) -> bool:
        """Whether both are one, in whatever revision."""

    @abstractmethod
    def _show_parts(self, rule: R | None, *, is_other: bool) -> None:
        """Show one, in the form and beside it; None: the beginning of a new one."""

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

    # --- reading ------------------------------------------------------------------------------------------------

    def read_again(self) -> None:
        """Read the list anew, unless something is being written here."""
        if self.isVisible() and not self._is_busy and not self._form.is_edited:
            self.read()

    def _show_list(self, rules: Iterable[R], choose: str | None) -> None:
        if self._form.is_edited and choose is None:
            return  # what is typed stays; the list is read again when it is saved or given up
        wanted = choose if choose is not None else self._shown.name if self._shown else None
        self._show_rule(self._list.show_rows(self._row(rule, is_chosen=rule.name == wanted) for rule in rules))

    def _row(self, rule: R, *, is_chosen: bool) -> Row:
        title = self._title(rule) if rule.is_enabled else tr("{0} (paused)").format(self._title(rule))
        return Row(rule, title, tr("changed by {0}").format(rule.changed_by), is_chosen)

    def _choose(self, rule: R, stay: Callable[[], None]) -> None:
        self._if_given_up(lambda: self._show_chosen(rule), stay)

    def _show_chosen(self, rule: R | None) -> None:
        self._say("")
        self._show_rule(rule)

    def _show_rule(self, rule: R | None) -> None:
        is_other = rule is None or self._shown is None or not self._is_same(rule, self._shown)
        self._shown = rule
        self._show_parts(rule, is_other=is_other)
        self._allow()

    def _ask_about(self, rule: R, work: Callable[[], T], show: Callable[[T], None]) -> None:
        """Ask more about the one that is shown; an answer that comes when another is shown is dropped."""

        def answered(about: T) -> None:
            if self._shown is rule:
                show(about)

        self._gateway.run(work, answered, self._fail, self, Lane.VIEWS)

    def _allow(self) -> None:
        free, edited, is_there = not self._is_busy, self._form.is_edited, self._shown is not None
        self._save.setEnabled(free and edited and self._is_complete())
        self._revert.setEnabled(free and edited)
        self._delete.setEnabled(free and is_there)
        self._pause.setEnabled(free and is_there and not edited)
        is_paused = self._shown is not None and not self._shown.is_enabled
        self._pause.setText(tr("&Resume") if is_paused else tr("&Pause"))

    # --- writing ------------------------------------------------------------------------------------------------

    def _start_new(self) -> None:
        def begin() -> None:
            self._list.choose_none()
            self._show_chosen(None)
            self._form.focus_first()

        self._if_given_up(begin)

    def _save_edited(self) -> None:
        values, before = self._form.values(), self._shown
        self._write(lambda: self._save_values(before, values), tr("Saved “{0}” for all operators."))

    def _pause_or_resume(self) -> None:
        before = self._shown
        if before is not None:
            values = {"is_enabled": not before.is_enabled}
            said = tr("Paused “{0}”.") if before.is_enabled else tr("Resumed “{0}”.")
            self._write(lambda: self._change_values(before, values), said)

    def _ask_to_delete(self) -> None:
        before = self._shown
        if before is None:
            return

        def delete() -> R:
            self._remove(before)
            return before

        ask_to_delete(
            self, self._kind.part("delete", "Question"), before.name, self._kind.stays,
            lambda: self._write(delete, tr("Deleted “{0}”.")),
        )  # fmt: skip

    def _write(self, work: Callable[[], R], said: str) -> None:
        def finished(rule: R) -> None:
            self._say(said.format(one_line(rule.name, 80)))
            self.read(rule.name)

        self._do(tr("Saving…"), work, finished)
