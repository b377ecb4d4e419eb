"""What every request passes before anything looks at it, and what every answer carries.

What is not named as public needs somebody who is known, and what is not a GET needs an operator: a new route is closed
until somebody opens it. All of this comes before the first byte of a body is read.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from fastapi import Response
from starlette.requests import ClientDisconnect

from pipeline_gui.service.access import Access, Identity, clean_name
from pipeline_gui.service.bodies import MOST_DISCARDED
from pipeline_gui.service.metrics import Metrics
from pipeline_gui.service.origins import Addresses, is_foreign
from pipeline_gui.service.problems import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PUBLIC = frozenset({("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/login"), ("POST", "/login")})
"""What anybody may ask: exact paths, as they came over the wire."""
NAME_HEADER = "x-operator-name"
"""A program with a token may say for whom it acts; the record says so too."""

LONGEST_ADDRESS = 8192
LARGEST_HEAD = 32_768
"""Bytes; what comes in pieces is stopped at this size by the parser already."""

_NO_CONTENT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware in front of every route, also of those that do not exist."""

    def __init__(
        self,
        application: Application,
        *,
        access: Access,
        addresses: Addresses,
        cookie: str,
        behind_proxy: bool,
        is_secure: bool,
        metrics: Metrics,
    ) -> None:
        self._application = application
        self._access = access
        self._addresses = addresses
        self._cookie = cookie
        self._behind_proxy = behind_proxy
        self._metrics = metrics
        always = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Frame-Options": "DENY",
        }
        if is_secure:
            always["Strict-Transport-Security"] = "max-age=31536000"
        self._always = [(name.lower().encode(), value.encode()) for name, value in always.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no web sockets: closing without an answer refuses the handshake
        if scope["method"] == "HEAD":  # a GET whose body is left out, which the protocol sees to
            scope = {**scope, "method": "GET", "state": {**scope["state"], "is_head": True}}
        begin = time.perf_counter()
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers: list[tuple[bytes, bytes]] = [*message.get("headers", []), *self._always]
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers.append((b"content-security-policy", _NO_CONTENT.encode()))
                if status >= 400 and _has_large_body(scope):
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
                self._metrics.answered(scope, status, time.perf_counter() - begin)
            await send(message)

        try:
            self._admit(scope)
            await self._application(scope, receive, send_marked)
        except Problem as problem:
            if status:
                raise
            await self._refuse(problem, scope, receive, send_marked)
        except ClientDisconnect:
            _log.info("a client left before its answer")
        except Exception:
            _log.exception("a request failed", extra={"method": scope["method"], "path": _route_of(scope)})
            if status:
                raise  # the answer is half sent: only a broken connection can say that it is wrong
            unforeseen = Problem(500, "internal", "An error that was not foreseen; the service's log has it.")
            await self._refuse(unforeseen, scope, receive, send_marked)

    @staticmethod
    async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = problem.response()
        if problem.status == 401 and _is_page(scope):
            response = Response(status_code=303, headers={"Location": "/login", "Cache-Control": "no-store"})
        await response(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        """Who asks, noted in the scope. Raises Problem."""
        # Routes are matched on the path as it came: there is one spelling of each, for the router and for us.
        scope["path"] = path = scope["raw_path"].decode("ascii", "replace")
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            text = value.decode("latin-1")
            key = name.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            raise Problem(414, "too-large", f"The address is longer than {LONGEST_ADDRESS:,} bytes.")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
            raise Problem(431, "too-large", f"The headers are larger than {LARGEST_HEAD:,} bytes.")
        method: str = scope["method"]
        host = headers.get("host", "")
        if not self._addresses.is_ours(host, scope["server"][0] if scope["server"] else None):
            raise Problem(421, "wrong-host", "The service does not answer to that name.")
        if is_foreign(method, headers, host, self._addresses):
            raise Problem(403, "foreign-origin", "The request comes from a page of another site.")
        if method == "GET" and _has_large_body(scope):
            raise Problem(413, "too-large", "This request takes no body.")
        identity = self._identify(headers)
        scope["state"]["identity"] = identity
        scope["state"]["client"] = self._client(scope, headers)
        if (method, path) in PUBLIC:
            return
        if identity is None:
            raise Problem(
                401,
                "unauthenticated",
                "A token is needed: Authorization: Bearer TOKEN, or a login.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if method != "GET" and path != "/logout":
            if not identity.may_act:
                raise Problem(403, "forbidden", "This token may look, and neither start nor stop.")
            if identity.by_cookie and "origin" not in headers and headers.get("sec-fetch-site") != "same-origin":
                raise Problem(403, "foreign-origin", "A page's request must say from which page it comes.")

    def _identify(self, headers: dict[str, str]) -> Identity | None:
        name = clean_name(headers.get(NAME_HEADER, ""))
        if self._access.is_open:
            return self._access.local()
        if "authorization" in headers:
            scheme, _, token = headers["authorization"].partition(" ")
            if scheme.lower() != "bearer":
                return None
            return self._access.by_token(token.strip().encode("latin-1"), name)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return None
        return self._access.by_session(cookie.value) if cookie else None

    def _client(self, scope: Scope, headers: dict[str, str]) -> str:
        """From which address: behind a proxy, what the proxy added last; what came before it anybody may have said."""
        peer = scope["client"][0] if scope["client"] else "unknown"
        if not self._behind_proxy:
            return peer
        said = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        try:
            return str(ipaddress.ip_address(said))
        except ValueError:
            return peer


def _has_large_body(scope: Scope) -> bool:
    """Whether more follows than is thrown away. To close on less would reset the answer on its way to the client."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and not _is_small(value))
        for name, value in scope["headers"]
    )


def _is_small(length: bytes) -> bool:
    return length.isdigit() and len(length) < 19 and int(length) <= MOST_DISCARDED


def _is_page(scope: Scope) -> bool:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope["method"] == "GET" and scope["path"] == "/" and b"text/html" in accept


def _route_of(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "no route"))
