"""Whether the database answers, as this process last saw it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from pipeline_gui.pipeline.record import Contact


class ContactLog:
    """The last known contact; thread-safe. ``since`` moves only when reachability changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contact = Contact(reachable=None, since=None, reason=None)

    @property
    def now(self) -> Contact:
        """The contact as last noted."""
        with self._lock:
            return self._contact

    def answered(self, only_reading: str | None = None) -> None:
        """Note that the database answered; only_reading: why it takes no changes of this program."""
        self._note(True, only_reading)

    def lost(self, reason: str) -> None:
        """Note that the database can't be used, and why."""
        self._note(False, reason)

    def _note(self, reachable: bool, reason: str | None) -> None:
        with self._lock:
            same = self._contact.reachable is reachable
            if same and self._contact.reason == reason:
                return
            since = self._contact.since if same else datetime.now(UTC)
            self._contact = Contact(reachable=reachable, since=since, reason=reason)
