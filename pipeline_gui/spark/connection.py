"""Connections that obey an Attempt, and the adapter that makes requests use them."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool

from pipeline_gui.spark.attempt import MOST_CONNECT_SHARE, Attempt
from pipeline_gui.spark.resolver import Resolver


class _AttemptedConnection(HTTPConnection):
    """A connection whose look-up, connect and handshake are within the deadlines of its attempt."""

    def __init__(self, *arguments: Any, attempt: Attempt, resolver: Resolver, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._attempt = attempt
        self._resolver = resolver

    def _new_conn(self) -> socket.socket:
        # The library's own would give each of several addresses the whole time-out, and the look-up none.
        self._attempt.peer = f"{self.host}:{self.port}"
        connection = _open(self._dns_host, self.port, self._attempt, self._resolver)
        for option in self.socket_options or ():
            connection.setsockopt(*option)
        self._attempt.watch(connection)
        return connection

    def connect(self) -> None:
        with self._attempt.connecting():
            super().connect()


class _AttemptedTlsConnection(_AttemptedConnection, HTTPSConnection):
    """The same with TLS."""


def _open(host: str, port: int, attempt: Attempt, resolver: Resolver) -> socket.socket:
    """A connected socket. Raises OSError."""
    found = resolver.resolve(host, port, attempt.remaining_to_connect())
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for left, (family, address) in zip(range(len(found), 0, -1), found, strict=True):
        seconds = attempt.remaining_to_connect() * (1 if left == 1 else MOST_CONNECT_SHARE)
        if seconds <= 0:
            raise TimeoutError("no time left to connect")
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            # From here on the handshake; the attempt cuts it at the deadline of the request.
            connection.settimeout(max(0.01, attempt.remaining_to_connect()))
            return connection
    raise failure


class AttemptAdapter(HTTPAdapter):
    """Sends one request of an attempt over a connection of its own; repeats nothing."""

    def __init__(self, attempt: Attempt, resolver: Resolver, tls: ssl.SSLContext | None) -> None:
        self._attempt = attempt
        self._resolver = resolver
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> ConnectionPool:
        """The pool of one request, made to use our connections."""
        pool = super().get_connection_with_tls_context(*arguments, **options)
        assert isinstance(pool, HTTPConnectionPool)
        pool.conn_kw |= {"attempt": self._attempt, "resolver": self._resolver}
        if isinstance(pool, HTTPSConnectionPool):
            pool.conn_kw["ssl_context"] = self._tls
            pool.ConnectionCls = _AttemptedTlsConnection
        else:
            pool.ConnectionCls = _AttemptedConnection
        return pool

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave it to the context what is trusted: made once per server, where this would read the bundle each time."""
        conn.cert_reqs = self._tls.verify_mode if self._tls is not None else None
