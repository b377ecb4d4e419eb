"""What is told to systemd: ready, alive, ending. Where nobody listens, nothing is."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Tell the supervisor that NOTIFY_SOCKET names; one that can't be told must not end the service."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        try:
            out.connect(address)
            out.send(state.encode())
        except OSError:
            return


def watchdog_seconds() -> float | None:
    """How often to say that all is well; None where nobody asks."""
    given = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not given.isdigit() or (pid.isdigit() and int(pid) != os.getpid()):
        return None
    return int(given) / 1_000_000 / 2
