"""Whether a server answers, as this process last saw it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.record import Contact

_NOT_LET_IN = (401, 403)


class ContactTracker:
    """Remembers since when a server can or can't be asked, and why; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contact = Contact(reachable=None, since=None, reason=None)

    @property
    def contact(self) -> Contact:
        """What the last request saw."""
        with self._lock:
            return self._contact

    @contextmanager
    def request(self) -> Iterator[None]:
        """Take the outcome of the request made within as the newest news."""
        try:
            yield
        except SparkUnavailable as unavailable:
            self._note(False, str(unavailable))
            raise
        except SparkRefused as refused:
            # A server that does not let us in answers, but nothing can be known from it.
            self._note(refused.status_code not in _NOT_LET_IN, str(refused))
            raise
        self._note(True, None)

    def _note(self, reachable: bool, reason: str | None) -> None:
        with self._lock:
            same = self._contact.reachable is reachable
            since = self._contact.since if same else datetime.now(UTC)
            self._contact = Contact(reachable, since, None if reachable else reason)
