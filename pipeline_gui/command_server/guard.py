"""What every request passes before anything looks at it: the Host, the token; and what every answer carries."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from pipeline_gui.command_server.responses import json_response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

GENERATION_HEADER = "X-Pipeline-Generation"
_log = logging.getLogger(__name__)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware in front of every route, also of those that do not exist."""

    def __init__(self, application: Application, *, token: str, generation: str, only_loopback: bool) -> None:
        self._application = application
        self._token = token.encode()
        self._generation = generation.encode()
        self._only_loopback = only_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no web sockets: closing without an answer refuses the handshake
        answered = False

        async def send_marked(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                own = [
                    (GENERATION_HEADER.lower().encode(), self._generation),
                    (b"x-content-type-options", b"nosniff"),
                ]
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_marked)
            return
        try:
            await self._application(scope, receive, send_marked)
        except Exception:
            _log.exception("%s %r failed", scope["method"], scope["path"])
            if answered:
                raise  # the answer is half sent: only a broken connection can say that it is wrong
            await json_response("Internal error; the server's log has it.", 500)(scope, receive, send_marked)

    def _refusal(self, scope: Scope) -> Application | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if self._only_loopback and not _names_loopback([value for key, value in headers if key == b"host"]):
            # A page of another origin whose name was turned to this computer's address (DNS rebinding).
            return json_response({"msg": "This server answers to its loopback name only."}, 421)
        credentials = [value for key, value in headers if key == b"authorization"]
        scheme, _, given = (credentials[0] if len(credentials) == 1 else b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            return json_response(
                {"msg": "A bearer token is needed: Authorization: Bearer TOKEN."}, 401, {"WWW-Authenticate": "Bearer"}
            )
        wanted = [value for key, value in headers if key == GENERATION_HEADER.lower().encode()]
        if any(value != self._generation for value in wanted):
            # A launch that was on its way while the state directory was lost: its fence went with it.
            return json_response({"msg": "Rejected, Reason: it was meant for a server of another generation"}, 412)
        return None


def _names_loopback(hosts: list[bytes]) -> bool:
    if len(hosts) != 1:
        return False
    try:
        return is_loopback(urlsplit(f"//{hosts[0].decode('ascii')}").hostname or "")
    except ValueError:
        return False
