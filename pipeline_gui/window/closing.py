"""What is asked before the window closes for good: whether what was typed in its dialogs may be lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from pipeline_gui.window.raising import bring_up

if TYPE_CHECKING:
    from pipeline_gui.window.shared_dialog import SharedDialog

ENDING_MILLISECONDS = 60_000
"""So long after a session began to end, it has ended, or somebody called it off."""


class Closing(QObject):
    """Knows whether anything is asked at all: a signal, or the end of a session, waits for no answer."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._asks = True
        self._called_off = QTimer(self, singleShot=True, interval=ENDING_MILLISECONDS)
        self._called_off.timeout.connect(lambda: self._let_ask(True))

    @property
    def asks(self) -> bool:
        """Whether a question may keep the window open."""
        return self._asks

    @property
    def has_unsaved(self) -> bool:
        """Whether something was typed in a dialog and is not saved."""
        return any(dialog.has_unsaved for dialog in self._dialogs())

    def if_nothing_is_lost(self, go_on: Callable[[], None], stay: Callable[[], None] = lambda: None) -> None:
        """Go on once no dialog has anything unsaved; each that has is raised and asks as it does when it is closed."""
        unsaved = next((dialog for dialog in self._dialogs() if dialog.has_unsaved), None)
        if unsaved is None:
            go_on()
            return
        bring_up(self._window)  # a dialog of a hidden window is in nobody's sight
        unsaved.close_if_given_up(lambda: self.if_nothing_is_lost(go_on, stay), stay)

    def ask_nothing(self) -> None:
        """Let the window close, and its dialogs, whatever is in them."""
        self._let_ask(False)

    def session_ends(self) -> None:
        """Ask nothing meanwhile: the desktop would wait for a program that does. Afterwards it was called off."""
        self._let_ask(False)
        self._called_off.start()

    def close_dialogs(self) -> None:
        """Close those that would ask: Qt closes them when the program ends, and nobody would answer."""
        for dialog in self._dialogs():
            dialog.close()

    def _let_ask(self, asks: bool) -> None:
        self._asks = asks
        for dialog in self._dialogs():
            dialog.let_ask(asks)

    def _dialogs(self) -> list[SharedDialog]:
        from pipeline_gui.window.shared_dialog import SharedDialog

        return [child for child in self._window.children() if isinstance(child, SharedDialog)]
