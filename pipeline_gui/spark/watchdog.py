"""Cutting connections at their deadlines: one thread for all of them, which ends when there is nothing to watch."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading

from pipeline_gui.pipeline.clock import seconds_with_sleep


class Watched:
    """One connection under watch."""

    def __init__(self, connection: socket.socket, lock: threading.Condition) -> None:
        # A duplicate, because a TLS handshake takes the descriptor out of the socket that it is given.
        self._connection = connection.dup()
        self._lock = lock
        self._is_over = False

    def end(self) -> None:
        """Stop watching it; must be called once its request is over."""
        with self._lock:
            self._is_over = True
            self._connection.close()

    def cut_locked(self) -> None:
        """Shut it down, whoever reads from it, unless it is over; for who holds the lock."""
        if not self._is_over:
            with contextlib.suppress(OSError):  # the other side may have closed it already
                self._connection.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """Cuts each connection at its deadline.

    A timer for each request would start and collect a thread each time: two changes of threads for every poll and,
    on a busy computer, a millisecond or more. Here the thread waits for the earliest deadline and is woken for an
    earlier one alone.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Watched]] = []
        self._thread: threading.Thread | None = None

    def watch(self, connection: socket.socket, deadline: float) -> Watched:
        """Cut this connection at a deadline (`seconds_with_sleep`)."""
        watched = Watched(connection, self._changed)
        with self._changed:
            heapq.heappush(self._due, (deadline, next(self._numbers), watched))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="request deadlines", daemon=True)
                self._thread.start()
            elif self._due[0][2] is watched:
                self._changed.notify_all()
        return watched

    def close(self) -> None:
        """End the thread; connections that are still watched are cut now."""
        with self._changed:
            for _, _, watched in self._due:
                watched.cut_locked()
            self._due.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        with self._changed:
            while self._due:
                left = self._due[0][0] - seconds_with_sleep()
                if left > 0:
                    self._changed.wait(left)
                else:
                    heapq.heappop(self._due)[2].cut_locked()
            self._thread = None
