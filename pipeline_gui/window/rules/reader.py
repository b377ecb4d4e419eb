"""The list of schedules or of alerts, and the one that is chosen in it, as they are read again and again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtWidgets import QWidget

from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.messages import failure_message
from pipeline_gui.window.rules.conflict import RuleConflict
from pipeline_gui.window.rules.form import RuleForm
from pipeline_gui.window.rules.rule import Kind, Rule
from pipeline_gui.window.shared_dialog import SharedDialog
from pipeline_gui.window.shared_list import Row
from pipeline_gui.window.translation import tr

R = TypeVar("R", bound=Rule)
T = TypeVar("T")


class RulesReader(SharedDialog, Generic[R]):
    """What somebody else changes is seen within seconds, and what is typed here stays."""

    def __init__(self, gateway: Gateway, kind: Kind, form: RuleForm, parent: QWidget | None) -> None:
        super().__init__(gateway, kind.name, kind.title, parent)
        self._kind = kind
        self._form: RuleForm = form
        self._shown: R | None = None
        self._conflict: RuleConflict[R] = RuleConflict(kind)
        self._asked_for_list = 0
        self._may_choose_first = True
        """Nothing was chosen, read or begun yet."""
        self._is_refused = False
        """What was to be written was not, and perhaps because somebody else was quicker."""
        self._is_unread = False
        self._said_before = ""

    # --- of one kind --------------------------------------------------------------------------------------------

    @abstractmethod
    def _read_work(self) -> Callable[[], Any]:
        """What reads the list, and all that is shown beside it, in the pool."""

    @abstractmethod
    def _show_all(self, read: Any) -> None:
        """Show what was read, the list by ``_show_list``."""

    @abstractmethod
    def _title(self, rule: R) -> str:
        """How the list shows one that is not paused."""

    @abstractmethod
    def _is_same(self, rule: R, shown: R) -> bool:
        """Whether both are one, in whatever revision."""

    @abstractmethod
    def _show_parts(self, rule: R | None, *, is_other: bool) -> None:
        """Show what stands beside the form; None: of the beginning of a new one."""

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the list anew, since somebody may have changed it."""
        self._asked_for_list += 1
        asked = self._asked_for_list

        def show(read: Any) -> None:
            # While something is written or asked, what was read is soon of yesterday; it is read again then.
            if asked != self._asked_for_list or self._is_busy or self._is_asking:
                return
            if self._is_unread:
                self._say_unread("")
            self._show_all(read)

        def failed(error: Exception) -> None:
            if asked == self._asked_for_list and not self._is_busy:
                self._say_unread(failure_message(error).text)

        self._gateway.run(self._read_work(), show, failed, self, Lane.VIEWS)

    def _say_unread(self, why: str) -> None:
        """Say why something can't be read, after what was said before; empty: it can be again."""
        if not self._is_unread:
            self._said_before = self._said.text()
        self._say(f"{self._said_before} {why}".strip(), Tone.BAD if why else None)
        self._is_unread = bool(why)

    def read_again(self) -> None:
        """Read the list anew, unless something is being written here; what is typed stays."""
        if self.isVisible() and not self._is_busy:
            self.read()

    def _show_list(self, rules: Sequence[R]) -> None:
        seen, is_edited = self._shown, self._form.is_edited
        if seen is not None:
            now = next((rule for rule in rules if self._is_same(rule, seen)), None)
        else:
            now = rules[0] if rules and self._may_choose_first and not is_edited else None
        self._list.show_hint(self._kind.empty)
        self._list.show_rows(self._row(rule, is_chosen=rule is now) for rule in rules)
        is_refused, self._is_refused, self._may_choose_first = self._is_refused, False, False
        is_changed = seen is not None and (now is None or now.revision != seen.revision)
        if not is_edited or (now is not None and self._kind.form_values(now) == self._form.values()):
            if is_refused and is_changed and seen is not None:
                self._say(self._conflict.told_in_a_line(seen, now), Tone.WARNING)
            self._show_rule(now)
        elif is_changed and seen is not None:
            self._say("")
            self._conflict.tell(seen, now)
        self._allow()

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
        self._conflict.hide()
        self._form.show_values(self._kind.form_values(rule))
        self._show_parts(rule, is_other=is_other)
        self._allow()

    def _ask_about(self, rule: R, work: Callable[[], T], show: Callable[[T], None]) -> None:
        """Ask more about the one that is shown; an answer that comes when another is shown is dropped."""

        def answered(about: T) -> None:
            if self._shown is rule:
                show(about)

        def failed(error: Exception) -> None:
            if self._shown is rule and not self._is_busy:
                self._say_unread(failure_message(error).text)

        self._gateway.run(work, answered, failed, self, Lane.VIEWS)

    def _say(self, text: str, tone: Tone | None = None) -> None:
        self._is_unread = False
        super()._say(text, tone)
