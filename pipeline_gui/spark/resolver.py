"""Looking a host's name up within a deadline, which the system's own look-up does not have."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

Found = tuple[socket.AddressFamily, Any]
"""A family, and an address as sockets of that family take it."""


class Resolver:
    """Resolves names in threads of its own, at most one per name at a time.

    With a lost VPN a look-up hangs for half a minute; a poll each 2 s must neither wait for it nor pile up threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, int], Future[list[Found]]] = {}

    def resolve(self, host: str, port: int, seconds: float) -> list[Found]:
        """The addresses of a host, best first. Raises OSError, among them socket.gaierror and TimeoutError."""
        try:
            return _look_up(host, port, socket.AI_NUMERICHOST)
        except socket.gaierror:
            pending = self._begin(host, port)
        try:
            return pending.result(max(0.0, seconds))
        except FutureTimeout:
            if pending.done():  # from 3.11 on a look-up that itself failed by time-out is the same exception
                raise
            raise TimeoutError(f"the look-up of {host} did not end") from None

    def _begin(self, host: str, port: int) -> Future[list[Found]]:
        with self._lock:
            pending = self._pending.get((host, port))
            if pending is None:
                pending = self._pending[(host, port)] = Future()
                threading.Thread(target=self._run, args=(host, port, pending), name="resolver", daemon=True).start()
            return pending

    def _run(self, host: str, port: int, pending: Future[list[Found]]) -> None:
        try:
            found = _look_up(host, port, 0)
        except (OSError, UnicodeError) as error:
            self._forget(host, port)
            # A name that can't be encoded for DNS is one that DNS does not know.
            unknown = socket.gaierror(socket.EAI_NONAME, "no such name")
            pending.set_exception(error if isinstance(error, OSError) else unknown)
        else:
            self._forget(host, port)
            pending.set_result(found)

    def _forget(self, host: str, port: int) -> None:
        with self._lock:
            self._pending.pop((host, port), None)


def _look_up(host: str, port: int, flags: int) -> list[Found]:
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, flags)
    return [(family, address) for family, _, _, _, address in found]
