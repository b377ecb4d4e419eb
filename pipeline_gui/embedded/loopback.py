"""Ports on this computer that nobody else can reach."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


def choose_port(kept: str) -> int:
    """The port that was kept from the last time, or a free one if there is none or another program has it."""
    with socket.socket() as probe:
        # As the servers do it: else a port whose last connection has just ended would seem taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(kept) if kept.isdigit() else 0))
        except (OSError, OverflowError):
            probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
