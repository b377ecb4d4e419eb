"""The ways to an end: a stop, one without grace, and a person's word where nobody else can tell."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from pipeline_gui.window.session import Session
from pipeline_gui.window.snapshot import RunRow


class Stops(QObject):
    """Ends the run that is shown as running: that one is meant by a click, whatever runs by now."""

    def __init__(self, window: QWidget, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._operations = session.operations

    def stop(self) -> None:
        """Stop it within its grace period."""
        if run := self._session.running_run:
            self._operations.stop(*run)

    def force(self) -> None:
        """Stop it without grace."""
        if run := self._session.running_run:
            self._operations.force(*run)

    def abandon(self) -> None:
        """Let go of it without evidence, once the person knows what that means."""
        if run := self._session.running_run:
            from pipeline_gui.window.dialogs import ask_to_abandon

            ask_to_abandon(self._window, run[1], lambda: self._operations.abandon(*run))

    def release(self) -> None:
        """Free the place that another program's row holds, once the person knows what that means."""
        if run := self._session.running_run:
            from pipeline_gui.window.dialogs import ask_to_release

            ask_to_release(self._window, run[1], lambda: self._operations.release(*run))

    def confirm_gone(self, row: RunRow) -> None:
        """Take the person's word that nothing of an ended run lives."""
        from pipeline_gui.window.dialogs import ask_to_confirm_gone

        ask_to_confirm_gone(self._window, row.pipeline, lambda: self._operations.confirm_gone(row.run_id, row.pipeline))
