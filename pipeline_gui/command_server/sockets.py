"""Which process listens where: what makes a port that a log names worth believing."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable

_LISTEN = "0A"


def listeners(port: int) -> list[tuple[str, int]]:
    """Address and inode of each TCP socket that listens on a port of this computer."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                lines = file.readlines()[1:]
        except FileNotFoundError:
            continue  # a kernel without IPv6
        for line in lines:
            fields = line.split()
            address, _, hex_port = fields[1].partition(":")
            if fields[3] == _LISTEN and int(hex_port, 16) == port:
                found.append((_connectable(address), int(fields[9])))
    return found


def owned_inodes(pids: Iterable[int]) -> set[int]:
    """The inodes of the sockets that some processes hold open."""
    inodes = set()
    for pid in pids:
        try:
            entries = list(os.scandir(f"/proc/{pid}/fd"))
        except OSError:
            continue  # it has ended, or is another user's
        for entry in entries:
            try:
                match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry.path))
            except OSError:
                continue
            if match:
                inodes.add(int(match[1]))
    return inodes


def _connectable(address: str) -> str:
    """The address to connect to for a socket bound to one that the kernel's table names in hexadecimal."""
    words = [bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8)]
    bound = ipaddress.ip_address(b"".join(words))
    mapped = bound.ipv4_mapped if isinstance(bound, ipaddress.IPv6Address) else None
    bound = mapped or bound
    return "127.0.0.1" if bound.is_unspecified else str(bound)
