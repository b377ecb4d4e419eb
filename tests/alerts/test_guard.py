"""Where a receiver may be, by its address."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_gui.receivers.guard import OutOfReach, Reach, guarded, is_within


@pytest.mark.parametrize(
    ("address", "network", "public"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("10.1.2.3", True, False),
        ("192.168.0.9", True, False),
        ("100.64.0.1", True, False),
        ("fd12::1", True, False),
        ("127.0.0.1", False, False),
        ("127.9.9.9", False, False),
        ("::1", False, False),
        ("0.0.0.0", False, False),
        ("0.1.2.3", False, False),
        ("::", False, False),
        ("169.254.169.254", False, False),
        ("fd00:ec2::254", False, False),
        ("100.100.100.200", False, False),
        ("fe80::1", False, False),
        ("224.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("::ffff:127.0.0.1", False, False),
        ("::127.0.0.1", False, False),
        ("64:ff9b::7f00:1", False, False),
        ("2002:7f00:1::", False, False),
        ("::ffff:10.0.0.1", True, False),
    ],
)
def test_addresses(address: str, network: bool, public: bool) -> None:
    ip = ipaddress.ip_address(address)
    assert (is_within(ip, Reach.NETWORK), is_within(ip, Reach.PUBLIC)) == (network, public)
    assert is_within(ip, Reach.ANY)


def test_neither_sockets_of_this_computer_nor_programs_nor_names(tmp_path: Path) -> None:
    with guarded(Reach.NETWORK, 5) as guard:
        with socket.socket(socket.AF_UNIX) as local, pytest.raises(OutOfReach):
            local.connect(str(tmp_path / "x"))
        with socket.socket() as named, pytest.raises(OutOfReach, match="could not be looked at"):
            named.connect(("localhost", 9))
        with socket.socket(type=socket.SOCK_DGRAM) as loud, pytest.raises(OutOfReach):
            loud.sendto(b"x", ("127.0.0.1", 9))
        with pytest.raises(OutOfReach):
            subprocess.run([sys.executable, "-c", ""], check=False)
    assert guard.refusal == "It would start a program on this computer, which is not allowed."
    subprocess.run([sys.executable, "-c", ""], check=True)
