"""What the dialogs of configurations, schedules and alerts share: a list, a form, and work that may wait or fail."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from pipeline_gui.window.dialog_parts import ask_to_give_up, wrapping_label
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.messages import failure_message
from pipeline_gui.window.raising import bring_up
from pipeline_gui.window.shared_list import SharedList

T = TypeVar("T")


class Form(Protocol):
    """Shows the one that is chosen."""

    @property
    def is_edited(self) -> bool:
        """Whether it says something else than what was shown."""


class SharedDialog(QDialog):
    """Not modal: runs are watched meanwhile. Every question to the database is asked in the pool."""

    _form: Form

    def __init__(self, gateway: Gateway, kind: str, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{kind}sDialog")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._gateway = gateway
        self._is_busy = False
        self._asks = True
        self._list = SharedList(f"{kind}List", title)
        self._said = wrapping_label(f"{kind}Message")
        self._edits_question = f"{kind}EditsQuestion"

    @abstractmethod
    def _allow(self) -> None:
        """Let that be pressed which makes sense now."""

    def _do(self, saying: str, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do something in the pool; nothing else is begun until it is done or has failed."""
        self._is_busy = True
        self._say(saying)
        self._allow()

        def finished(result: T) -> None:
            self._is_busy = False
            done(result)

        def failed(error: Exception) -> None:
            self._is_busy = False
            self._failed(error)
            self._allow()

        self._gateway.run(work, finished, failed, self)

    def _failed(self, error: Exception) -> None:
        """What was to be done was not."""
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        failure = failure_message(error)
        self._say(failure.text, failure.tone)

    def _say(self, text: str, tone: Tone | None = None) -> None:
        self._said.show_text(text, tone)

    def _if_given_up(self, go_on: Callable[[], None], stay: Callable[[], None] = lambda: None) -> None:
        """Go on, and ask first where something was edited and not saved."""
        if self._form.is_edited:
            ask_to_give_up(self, self._edits_question, go_on, stay)
        else:
            go_on()

    # --- closing ------------------------------------------------------------------------------------------------

    @property
    def has_unsaved(self) -> bool:
        """Whether something was typed that closing it would lose."""
        return self._asks and self._form.is_edited

    def let_ask(self, asks: bool) -> None:
        """Whether it asks before what was edited is lost."""
        self._asks = asks

    def reject(self) -> None:
        """Nothing that was edited is lost without a question: neither by Escape nor by the window's own button."""
        if not self._asks:
            super().reject()
        elif not self._is_asking:
            self._if_given_up(self._close_for_good)

    def close_if_given_up(self, closed: Callable[[], None], stayed: Callable[[], None]) -> None:
        """Close as by its own button, before the person's eyes, and say what came of it."""
        bring_up(self)

        def close() -> None:
            self._close_for_good()
            closed()

        if self._is_asking:
            stayed()  # something else is asked
        else:
            self._if_given_up(close, stayed)

    def _close_for_good(self) -> None:
        self._asks = False  # Qt asks once more while it closes
        super().reject()

    @property
    def _is_asking(self) -> bool:
        return any(box.isVisible() for box in self.findChildren(QMessageBox))
