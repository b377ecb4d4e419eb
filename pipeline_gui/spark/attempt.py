"""One request's deadline, and what became of its connection."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.spark.watchdog import Watchdog, Watched

MOST_CONNECT_SHARE = 0.75
"""Of the time left, what one of several addresses may take, so that a dead first one leaves some for the next."""


class Attempt:
    """Cuts a connection at the deadline of the whole request, and knows whether a request can have been delivered.

    Time-outs of sockets are per read: a server that sends a byte a second would never meet one.
    """

    def __init__(self, seconds: float, connect_seconds: float, watchdog: Watchdog) -> None:
        self.seconds = seconds
        self.connect_seconds = min(seconds, connect_seconds)
        self.connected = False
        """The connection was made, the handshake done: from here on something may have been delivered."""
        self.failure: BaseException | None = None
        """Why no connection was made."""
        self.peer = ""
        """The host and port that were connected to; a proxy's, where there is one."""
        self._begun = seconds_with_sleep()
        self._watchdog = watchdog
        self._watched: Watched | None = None

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed, by a clock that counts sleep."""
        return self.remaining() <= 0

    def remaining(self) -> float:
        """Seconds to the deadline of the request; negative after it."""
        return self._begun + self.seconds - seconds_with_sleep()

    def remaining_to_connect(self) -> float:
        """Seconds to the deadline of the connection; negative after it."""
        return self._begun + self.connect_seconds - seconds_with_sleep()

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """Note whether the connection made within, with its handshake, came about."""
        try:
            yield
            if self.expired:
                # The computer slept meanwhile: nothing may be sent past the deadline.
                raise TimeoutError("the deadline passed before anything was sent")
        except BaseException as failure:
            self.failure = failure
            raise
        self.connected = True

    def watch(self, connection: socket.socket) -> None:
        """Cut this connection at the deadline, whatever reads from it."""
        self.end()  # the one before it, where a proxy had to be asked twice
        self._watched = self._watchdog.watch(connection, self._begun + self.seconds)

    def end(self) -> None:
        """Stop watching; must be called once the request is over."""
        if self._watched is not None:
            self._watched.end()
            self._watched = None
