"""The other ways to a start: again as it was, with changes, and from the configurations that are shared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from pipeline_gui.window.configuration_box import Choice
from pipeline_gui.window.messages import Message, failure_message
from pipeline_gui.window.raising import bring_up
from pipeline_gui.window.session import Session
from pipeline_gui.window.snapshot import RunRow

if TYPE_CHECKING:  # the dialogs load when they are first opened
    from pipeline_gui.configurations.owner import Configurations
    from pipeline_gui.window.configurations.dialog import ConfigurationsDialog


class Starts(QObject):
    """Opens the dialogs and starts what comes of them; what it reads it reads in the pool."""

    def __init__(self, window: QWidget, session: Session, configurations: Configurations) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._configurations = configurations
        self._dialog: ConfigurationsDialog | None = None
        session.configurations_read.connect(self._read_again)

    def again(self, row: RunRow | None) -> None:
        """Start a past run's configuration as it was started."""
        if row is not None:
            self._session.operations.start(row.pipeline, lambda: {"again": row.run_id})

    def again_with_changes(self, row: RunRow) -> None:
        """Offer a past run's configuration for a start with changes."""
        self._read(lambda: self._configurations.of_run(row.run_id), lambda found: self._open_start(*found))

    def with_changes(self, choice: Choice | None) -> None:
        """Offer what is chosen beside Start for a start with changes."""
        if choice is not None:
            self._read(lambda: self._configurations.resolve(choice.load()), lambda values: self._open_start(values, []))

    def save(self, row: RunRow) -> None:
        """Offer a past run's configuration to be saved."""

        def offer(found: tuple[dict[str, Any], list[str]]) -> None:
            self.show_dialog()
            if self._dialog is not None:
                self._dialog.edit_new(found[0])

        self._read(lambda: self._configurations.of_run(row.run_id), offer)

    def show_dialog(self) -> None:
        """Open the configurations, or raise them where they are open."""
        from pipeline_gui.window.configurations.dialog import ConfigurationsDialog

        if self._dialog is None or not shiboken6.isValid(self._dialog):
            self._dialog = ConfigurationsDialog(self._session.gateway, self._configurations, self._window)
        bring_up(self._dialog)

    def _open_start(self, values: dict[str, Any], lost: list[str]) -> None:
        from pipeline_gui.window.configurations.start_with_changes import StartWithChanges

        StartWithChanges(self._window, values, lost, self._session.operations.start).open()

    def _read(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self._session.gateway.run(work, done, partial(_say, self._session), self)

    def _read_again(self) -> None:
        """Somebody changed them."""
        if self._dialog is not None and shiboken6.isValid(self._dialog) and self._dialog.isVisible():
            self._dialog.read()


def _say(session: Session, error: Exception) -> None:
    message: Message = failure_message(error)
    session.said.emit(message)
