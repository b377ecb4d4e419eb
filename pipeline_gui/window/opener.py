"""Opens the backend in the pool while the window already stands there, and says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.opening_page import OpeningPage
from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from pipeline_gui.backend import Backend

Say = Callable[[str], None]
Open = Callable[[Say], "Backend"]


class Opener(QObject):
    """Tells the opening page what is waited for; a failure is shown with what to do, and can be tried again."""

    opened = Signal(object)
    """A Backend."""
    servers_missing = Signal()
    """No servers are named, and this computer can't be used."""
    failed = Signal()
    """The page says why."""
    _said = Signal(str)

    def __init__(self, open_backend: Open, page: OpeningPage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open_backend = open_backend
        self._page = page
        self._gateway = Gateway()
        self._said.connect(page.say, Qt.ConnectionType.QueuedConnection)
        page.try_again.connect(self.open)

    @Slot()
    def open(self) -> None:
        """Open it now."""
        self._page.say(tr("The servers are being looked for."))
        say = self._said.emit
        self._gateway.run(lambda: self._open_backend(say), self.opened.emit, self._failed, owner=self)

    def close(self, seconds: float) -> bool:
        """Let go of an opening that is under way; whether none is."""
        return self._gateway.close(seconds)

    @property
    def gateway(self) -> Gateway:
        """The pool that works while nothing is open yet."""
        return self._gateway

    def _failed(self, error: Exception) -> None:
        from pipeline_gui.backend import EmbeddedMissing

        self.failed.emit()
        if isinstance(error, EmbeddedMissing):
            self.servers_missing.emit()
        known = isinstance(error, PipelineError)
        self._page.show_failure(
            str(error)
            if known
            else tr("Unexpected error: {0}: {1}. The log file has the details.").format(type(error).__name__, error)
        )
