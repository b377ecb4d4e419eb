"""What a receiver may reach, looked at where the connection is made: no name, redirect or library leads past it.

Python tells an audit hook of each connection with the address that it goes to, after all look-ups. Within `guarded` a
thread connects only where that is allowed, starts no program, and is cut off at the deadline.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"})
_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
"""Where clouds hand out the credentials of a machine."""
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_here = threading.local()
_hooked = threading.Lock()
_is_hooked = False


class Reach(StrEnum):
    """How far a receiver may be."""

    PUBLIC = "public"
    """On the Internet alone."""
    NETWORK = "network"
    """Also in private networks; not this computer, nor link-local addresses."""
    ANY = "any"
    """This computer too."""


class OutOfReach(OSError):
    """A connection was refused, before a byte was sent."""


class Guard:
    """What a thread may do for a while."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.refusal: str | None = None
        """Why something was refused: libraries keep it to themselves."""
        self.is_over = False
        """Whether it took too long."""

    def connects(self, connection: Any, address: Any) -> None:
        """Raise OutOfReach where that is not allowed; else keep an eye on it."""
        with self._lock:
            if self.is_over:
                raise TimeoutError("it took too long")
            self._check(address)
            with contextlib.suppress(OSError):
                # A copy: TLS takes the descriptor out of the socket that it is given.
                self._sockets.append(socket.fromfd(connection.fileno(), connection.family, connection.type))

    def _check(self, address: Any) -> None:
        if not isinstance(address, tuple):
            self.refuse("It would be a connection within this computer, which is not allowed.")
        try:
            ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
        except ValueError:
            self.refuse("The address could not be looked at before connecting, so it is not connected to.")
        if not is_within(ip, self._reach):
            self.refuse(
                f"{ip} is {_kind(ip)}, which this receiver may not reach (reach = {self._reach.value!r} in "
                "receivers.toml)."
            )

    def refuse(self, sentence: str) -> None:
        """Note why, and raise OutOfReach."""
        self.refusal = sentence
        raise OutOfReach(sentence)

    def cut(self) -> None:
        """The deadline has come."""
        with self._lock:
            self.is_over = True
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Look no more."""
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()


@contextmanager
def guarded(reach: Reach, seconds: float) -> Iterator[Guard]:
    """Within it, this thread connects within reach alone, and for so many seconds at most."""
    _hook()
    guard = Guard(reach)
    timer = threading.Timer(seconds, guard.cut)
    timer.daemon = True
    timer.start()
    _here.guard = guard
    try:
        yield guard
    finally:
        _here.guard = None
        timer.cancel()
        guard.end()


def is_within(ip: IPAddress, reach: Reach) -> bool:
    """Whether an address may be connected to; an IPv4 address inside an IPv6 one counts too."""
    if reach is Reach.ANY:
        return True
    for each in (ip, *_inside(ip)):
        if each in _METADATA or each.is_loopback or each.is_link_local or each.is_unspecified or each.is_multicast:
            return False
        if each.version == 4 and (each in _THIS_NETWORK or each.is_reserved):
            return False
        if reach is Reach.PUBLIC and not each.is_global:
            return False
    return True


def _inside(ip: IPAddress) -> list[IPAddress]:
    if not isinstance(ip, ipaddress.IPv6Address):
        return []
    inside: list[IPAddress] = [each for each in (ip.ipv4_mapped, ip.sixtofour) if each is not None]
    if ip in _NAT64 or int(ip) >> 32 == 0:
        inside.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return inside


def _kind(ip: IPAddress) -> str:
    for each in (*_inside(ip), ip):
        if each.is_loopback or each.is_unspecified:
            return "this computer"
        if each.is_link_local or each in _METADATA:
            return "a link-local address"
        if each.is_private:
            return "in a private network"
    return "not an address of the Internet"


def _hook() -> None:
    global _is_hooked
    with _hooked:
        if not _is_hooked:
            sys.addaudithook(_look)
            _is_hooked = True


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    guard: Guard | None = getattr(_here, "guard", None)
    if guard is None:
        return
    if event in ("socket.connect", "socket.sendto"):
        guard.connects(*arguments[:2])
    elif event in _PROGRAMS:
        guard.refuse("It would start a program on this computer, which is not allowed.")
