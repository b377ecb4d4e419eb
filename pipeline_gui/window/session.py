"""What a window has of a backend: the gateway, the refreshes, the actions, and the changes that are heard."""

from __future__ import annotations

import threading
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal, Slot

from pipeline_gui.backend import Backend
from pipeline_gui.configurations.owner import Entry
from pipeline_gui.pipeline.ports import Change, Subscription
from pipeline_gui.window.enablement import Kind
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.messages import Message, ending_news, recovery_news
from pipeline_gui.window.operations import Operations
from pipeline_gui.window.refresher import Refresher
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.texts import one_line

_FIRST_LOOK_SECONDS = 0.5
"""What loads with the first question to Spark would hold up the first rows."""


class Ear(QObject):
    """Carries changes from the thread that hears them to the GUI thread.

    It has no parent: the subscription's thread holds it, so it outlives whatever window it tells.
    """

    heard = Signal()
    configurations_heard = Signal()
    schedules_heard = Signal()

    def hear(self, _change: Change) -> None:
        """The record changed; called in a foreign thread."""
        self.heard.emit()

    def hear_configurations(self) -> None:
        """The saved configurations changed; called in a foreign thread."""
        self.configurations_heard.emit()

    def hear_schedules(self) -> None:
        """The schedules changed; called in a foreign thread."""
        self.schedules_heard.emit()


class Session(QObject):
    """Keeps a window up to date with the record, and carries out what is pressed in it."""

    refreshed = Signal(object)
    """A Snapshot."""
    said = Signal(object)
    """A Message."""
    ended = Signal(object)
    """A Message: the run that was running has ended, whoever ended it."""
    pending_changed = Signal()
    configurations_read = Signal(list)
    """Every Entry that can be started by its name."""
    schedules_changed = Signal()

    def __init__(self, backend: Backend, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._backend = backend
        self.gateway = Gateway()
        zone = backend.settings.old_rows_timezone
        self.refresher = Refresher(self.gateway, backend.controller, self, old_rows_timezone=zone)
        self.operations = Operations(self.gateway, backend.controller, self)
        self._last: Snapshot | None = None
        self._known: Snapshot | None = None
        self._has_configurations: bool | None = None
        """None: they are being read."""
        self.refresher.refreshed.connect(self._take)
        self.refresher.failed.connect(lambda text: self.said.emit(Message(text)))
        self.operations.said.connect(self.said)
        self.operations.pending_changed.connect(self.pending_changed)
        self.operations.answered.connect(self.refresher.refresh)
        self._ear = Ear()
        self._ear.heard.connect(self.refresher.refresh_soon, Qt.ConnectionType.QueuedConnection)
        self._ear.configurations_heard.connect(self.read_configurations, Qt.ConnectionType.QueuedConnection)
        self._ear.schedules_heard.connect(self.schedules_changed, Qt.ConnectionType.QueuedConnection)
        self._subscription = backend.subscribe(self._ear.hear, self._ear.hear_configurations, self._ear.hear_schedules)
        backend.watch(_FIRST_LOOK_SECONDS)
        self._let_go = partial(_let_go, self._subscription, self.gateway)
        self.destroyed.connect(self._let_go)
        self.refresher.refresh()
        self.read_configurations()

    @property
    def last(self) -> Snapshot | None:
        """What the last refresh brought."""
        return self._last

    @property
    def running_run(self) -> tuple[str, str] | None:
        """The id and the name of the run that is shown as running."""
        if self._last is None:
            return None
        status = self._last.status
        if not status["is_running"] or status["run_id"] is None:
            return None
        return status["run_id"], one_line(status["pipeline"] or status["run_id"], 120)

    @property
    def is_live(self) -> bool:
        """Whether changes are heard at once."""
        return self._subscription.is_live

    def tick(self) -> None:
        """Ask again at once when a server went away or came back, as the requests of this process noticed."""
        if self._last is None or self.refresher.waiting_seconds:
            return
        shown = self._last.status
        database, spark = self._backend.store.contact(), self._backend.spark.contact()
        if (database.reachable, spark.reachable) != (shown["database"]["reachable"], shown["spark"]["reachable"]):
            self.refresher.refresh_soon()

    @Slot()
    def read_configurations(self) -> None:
        """Read the list of configurations anew."""
        self.gateway.run(
            self._backend.configurations.entries, self._take_configurations, self._miss_configurations, self, Lane.VIEWS
        )

    def _take_configurations(self, entries: list[Entry]) -> None:
        self._has_configurations = True
        self.configurations_read.emit(entries)

    def _miss_configurations(self, _error: Exception) -> None:
        self._has_configurations = False  # the banner says why; they are read when the database answers

    def close(self) -> None:
        """Ask nothing more; what is under way ends by itself."""
        self.refresher.stop()
        self._let_go()

    def _take(self, snapshot: Snapshot) -> None:
        news = [recovery_news(self._last, snapshot)]
        ending = ending_news(self._known, snapshot)
        if ending is not None:
            self.ended.emit(ending)
        if not self.operations.pending & {Kind.STOP, Kind.FORCE, Kind.ABANDON, Kind.RELEASE}:
            news.append(ending)  # else the action's own answer says it
        self._last = snapshot
        if snapshot.is_known:
            self._known = snapshot
            if self._has_configurations is False:
                self._has_configurations = None  # once for each answer of the database
                self.read_configurations()
        self.operations.record_read(snapshot)
        self.refreshed.emit(snapshot)
        told = [message for message in news if message is not None]
        if told:
            self.said.emit(Message(" ".join(message.text for message in told), told[-1].tone))


def _let_go(subscription: Subscription, gateway: Gateway) -> None:
    """End what a session started, without waiting: a connection that hangs may take seconds to close."""
    threading.Thread(target=subscription.close, name="end of a subscription", daemon=True).start()
    gateway.close(0.0)
