"""Whether a request is meant for us, and comes from our own page or from no page at all."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pipeline_gui.command_server.guard import is_loopback

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._\-]{1,253})(?::(\d{1,5}))?")


class Addresses:
    """The names and addresses under which the service may be asked."""

    def __init__(self, *, loopback_only: bool, names: Sequence[str], is_secure: bool) -> None:
        self._loopback_only = loopback_only
        self._names = {name.lower().rstrip(".") for name in names}
        if not loopback_only:
            # A page on this computer must not be able to ask for what only looks like a local service.
            own = {socket.gethostname().lower(), socket.getfqdn().lower()}
            self._names |= {name for name in own if not name.startswith("localhost") and not is_loopback(name)}
        self._scheme = "https" if is_secure else "http"

    def is_ours(self, host_header: str, own_address: str | None) -> bool:
        """Whether a Host names us: else it is a page whose name was turned to our address (DNS rebinding)."""
        match = _HOST.fullmatch(host_header)
        if match is None:
            return False
        host = match[1].lower().rstrip(".").strip("[]")
        if host in self._names:
            return True
        if self._loopback_only:
            return is_loopback(host)
        try:  # the very address that was connected to: no name leads there but by intent
            return own_address is not None and ipaddress.ip_address(host) == ipaddress.ip_address(own_address)
        except ValueError:
            return False

    def is_own_origin(self, origin: str, host_header: str) -> bool:
        """Whether an Origin is the page that we serve under that Host: scheme, name and port."""
        try:
            given = urlsplit(origin)
            own = urlsplit(f"{self._scheme}://{host_header}")
            return (
                given.scheme == self._scheme
                and (given.path, given.query, given.fragment, given.username) == ("", "", "", None)
                and given.hostname == own.hostname
                and (given.port or _PORTS[self._scheme]) == (own.port or _PORTS[self._scheme])
            )
        except ValueError:
            return False


def is_foreign(method: str, headers: Mapping[str, str], host_header: str, addresses: Addresses) -> bool:
    """Whether a page of another site sent this; a link that is followed to us is not that.

    headers: names in lower case; one that came twice is joined by a comma, and so is no origin of ours.
    """
    if "origin" in headers:
        return not addresses.is_own_origin(headers["origin"], host_header)
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return not (is_link and method == "GET")
    if method != "GET" and "referer" in headers:
        try:
            parts = urlsplit(headers["referer"])
        except ValueError:
            return True
        return not addresses.is_own_origin(f"{parts.scheme}://{parts.netloc}", host_header)
    return False
