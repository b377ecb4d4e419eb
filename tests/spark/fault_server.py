"""A server on loopback that answers as badly as a test wants it to."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

Behaviour = Callable[["Connection"], None]
"""What is done with one connection, after its request was read."""


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


class Connection:
    """One connection and the one request on it."""

    def __init__(self, raw: socket.socket, request: Request, closing: threading.Event) -> None:
        self.raw = raw
        self.request = request
        self.closing = closing
        """Set when the server ends; whoever holds a connection open waits for it."""


class FaultServer:
    """Reads one request per connection and does with it what behaviour says; behaviour may be replaced at any time."""

    def __init__(self, behaviour: Behaviour, host: str = "127.0.0.1") -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.connections = 0
        self._closing = threading.Event()
        self._listener = socket.create_server((host, 0))
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self._listener.getsockname()[0]}:{self.port}"

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for raw in self._open:
                with contextlib.suppress(OSError):
                    raw.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a behaviour did not end with its server"
        self._listener.close()

    def _begin(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._open.add(raw)
            self._begin(self._serve, raw)

    def wrap(self, raw: socket.socket) -> socket.socket:
        """The socket to talk over; a subclass may add TLS. Raises OSError."""
        return raw

    def _serve(self, raw: socket.socket) -> None:
        # The client is free to be gone at any point: that is what the tests are about.
        with contextlib.suppress(OSError), self.wrap(raw) as talking:
            request = read_request(talking)
            if request is not None:
                self.requests.append(request)
                self.behaviour(Connection(talking, request, self._closing))
                # Unread bytes would turn the close into a reset, and lose the answer.
                talking.shutdown(socket.SHUT_WR)
                talking.settimeout(2)
                while talking.recv(65_536):
                    pass
        with self._lock:
            self._open.discard(raw)
        raw.close()


def read_request(raw: socket.socket) -> Request | None:
    """One request, or None when the client closed before it was whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = raw.recv(65_536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        part = raw.recv(65_536)
        if not part:
            return None
        body += part
    method, path, _ = first.split(" ", 2)
    return Request(method, path, headers, body)


# --- behaviours -----------------------------------------------------------------------------------------------------


def answer(
    status: int, body: bytes | str = b"", content_type: str = "application/json", headers: dict[str, str] | None = None
) -> Behaviour:
    """A whole answer."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": content_type, "Content-Length": str(len(content)), **(headers or {})}
    head = f"HTTP/1.1 {status} Whatever\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    return raw_answer(head.encode("latin-1") + content)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Behaviour:
    """A whole answer in JSON."""
    return answer(status, json.dumps(value), headers=headers)


def html_answer(status: int, title: str = "Bad Gateway", headers: dict[str, str] | None = None) -> Behaviour:
    """The page of a proxy."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return answer(status, page, "text/html; charset=utf-8", headers)


def raw_answer(content: bytes) -> Behaviour:
    """These bytes, then the end."""
    return lambda connection: connection.raw.sendall(content)


def hang(connection: Connection) -> None:
    """Say nothing, hold the connection."""
    connection.closing.wait(60)


def close(connection: Connection) -> None:
    """End without an answer."""


def reset(connection: Connection) -> None:
    """End with a reset."""
    connection.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.raw.close()


def cut(content: bytes = b'{"id": 1, "na', length: int = 1000) -> Behaviour:
    """Announce more than is sent."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    return raw_answer(head.encode() + content)


def drip(content: bytes, every: float = 0.05) -> Behaviour:
    """Send a byte now and then: each read is quick, the whole is not."""

    def behave(connection: Connection) -> None:
        for byte in content:
            if connection.closing.wait(every):
                return
            connection.raw.sendall(bytes([byte]))

    return behave


def endless(head: bytes = ENDLESS_HEAD, part: bytes = b" " * 65_536) -> Behaviour:
    """An answer that does not end."""

    def behave(connection: Connection) -> None:
        connection.raw.sendall(head)
        while not connection.closing.is_set():
            connection.raw.sendall(part)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One behaviour per connection, the last one for all that follow."""
    waiting: Iterator[Behaviour] = iter(behaviours)
    lock = threading.Lock()
    last = behaviours[-1]

    def behave(connection: Connection) -> None:
        with lock:
            chosen = next(waiting, last)
        chosen(connection)

    return behave
