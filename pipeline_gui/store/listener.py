"""Hearing of changes at once: LISTEN on a connection and in a thread of its own."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping

import msgspec
import psycopg

from pipeline_gui.pipeline.record import Change
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.contact import ContactLog
from pipeline_gui.store.errors import is_answer, statement_error
from pipeline_gui.store.target import Target

_log = logging.getLogger(__name__)

CHANNEL, CONFIGURATIONS, SCHEDULES = "pipeline_runs", "pipeline_configurations", "pipeline_schedules"
HEARTBEAT = 10.0
"""Seconds of silence after which the connection is asked whether it lives: a network forgets without a word."""
_ANSWER = 3.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0
_REFUSED_PAUSE = 30.0
"""A pooler that forbids LISTEN will not change its mind soon; the faces' own refresh goes on."""


class Listener:
    """A running LISTEN. The callbacks run on its thread: first Change(None, None), then each change.

    on_lists are called likewise, by the channel of each: at first, and whenever that list changed.
    """

    def __init__(
        self,
        target: Target,
        on_change: Callable[[Change], None],
        contact: ContactLog,
        heartbeat: float = HEARTBEAT,
        on_lists: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        self._target = target
        self._on_change = on_change
        self._on_lists = dict(on_lists or {})
        self._contact = contact
        self._heartbeat = heartbeat
        self._closing = threading.Event()
        self._listening = threading.Event()
        self._bell, self._ringer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="pipeline-gui-listen", daemon=True)
        self._thread.start()

    @property
    def is_live(self) -> bool:
        """Whether changes are heard now, as far as the last heartbeat knows."""
        return self._listening.is_set()

    def close(self) -> None:
        """Stop listening and wait, 5 s at most, until no callback runs any more."""
        if not self._closing.is_set():
            self._closing.set()
            # Its end wakes the thread, wherever that is; a byte would fail when the thread is through already.
            self._ringer.close()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._closing.is_set():
            began = time.monotonic()
            refused = self._listen_once()
            if time.monotonic() - began > _LONGEST_PAUSE:
                pause = _SHORTEST_PAUSE
            self._closing.wait(_REFUSED_PAUSE if refused else pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._bell.close()

    def _listen_once(self) -> bool:
        """Listen until the connection is lost or close() is called; whether the server refused."""
        try:
            connection = BoundedConnection.connect(self._target.conninfo)
        except psycopg.Error as error:
            _log.info("no connection for notifications: %s", error)
            return False
        try:
            # LISTEN before anything is read: what commits in between is then told, and what committed before is read.
            with connection.until(time.monotonic() + _ANSWER):
                for channel in (*self._on_lists, CHANNEL):
                    connection.execute(f"LISTEN {channel}")
            self._listening.set()
            self._tell(Change(None, None))
            for on_list in self._on_lists.values():
                self._call(on_list)
            self._hear(connection)
        except psycopg.Error as error:
            self._listening.clear()  # before anybody is told, who might look
            if is_answer(error):
                _log.warning("this database does not let us listen: %s", error)
                return True
            # The first to notice: nobody may have asked anything for half a minute.
            self._contact.lost(str(statement_error(error, self._target, writing=False)))
            self._tell(Change(None, None))
        finally:
            self._listening.clear()
            connection.close()
        return False

    def _hear(self, connection: BoundedConnection) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while not self._closing.is_set():
                ready = selector.select(self._heartbeat)
                if self._closing.is_set():
                    return
                with connection.until(time.monotonic() + _ANSWER):
                    if not ready:
                        connection.execute("SELECT 1")
                    heard = list(connection.notifies(timeout=0))
                for channel in {notification.channel for notification in heard} & self._on_lists.keys():
                    self._call(self._on_lists[channel])
                for notification in heard:
                    if notification.channel == CHANNEL:
                        self._tell(change_of(notification.payload))

    def _tell(self, change: Change) -> None:
        self._call(lambda: self._on_change(change))

    def _call(self, callback: Callable[[], None]) -> None:
        if self._closing.is_set():
            return
        try:
            callback()
        except Exception:  # noqa: BLE001 - whatever a face does wrong
            # A face's mistake must not end the notifications of a process for good.
            _log.exception("a listener's callback failed")


def change_of(payload: str) -> Change:
    """A NOTIFY's payload; one that is not ours means that anything may have changed."""
    try:
        return msgspec.json.decode(payload.encode("utf-8", "replace"), type=Change)
    except msgspec.DecodeError:
        return Change(None, None)
