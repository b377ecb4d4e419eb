"""What slow clients can and can't hold: a head that never ends, a body that never ends, a stream that nobody reads."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from pipeline_gui.service import bodies, protocol, streams
from pipeline_gui.service.bodies import read_body
from pipeline_gui.service.guard import Application, Receive, Scope, Send
from pipeline_gui.service.metrics import Metrics
from pipeline_gui.service.problems import Problem
from pipeline_gui.service.protocol import BoundedProtocol
from pipeline_gui.service.streams import Streams
from tests.waiting import wait_until


@contextmanager
def serving(application: Application) -> Iterator[int]:
    """An application on a free port; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(application, http=BoundedProtocol, ws="none", log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started, 10, "the server")
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Says hello, or reads the body first."""
    if scope["method"] == "POST":
        try:
            await read_body(Request(scope, receive))
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
    await PlainTextResponse("hello")(scope, receive, send)


def hear_hello(connection: socket.socket) -> None:
    """Read one answer of hello(), to its end."""
    connection.settimeout(5)
    received = b""
    while not received.endswith(b"hello"):
        chunk = connection.recv(65_536)
        assert chunk, received
        received += chunk


def until_closed(connection: socket.socket, seconds: float) -> bytes:
    """What comes until the other side hangs up; fails when it does not."""
    connection.settimeout(seconds)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with serving(hello) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(sent)
        assert until_closed(connection, 5) == b""


def test_a_second_head_that_comes_byte_by_byte_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    with serving(hello) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        hear_hello(connection)
        begin = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011, PT012  (reset, or a broken pipe)
            while time.monotonic() < begin + 5:
                connection.sendall(b"G")
                threading.Event().wait(0.05)
        assert time.monotonic() - begin < 3


def test_a_request_in_time_is_answered_and_the_connection_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with serving(hello) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            hear_hello(connection)
            threading.Event().wait(0.4)  # longer than a head may take: what is kept alive is not one that comes


def test_a_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.3)
    with serving(hello) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123")
        assert b" 408 " in connection.recv(65_536).splitlines()[0]


def test_who_does_not_read_a_stream_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SEND_SECONDS", 0.3)
    metrics = Metrics()
    open_streams = Streams(metrics, per_client=5, in_all=5)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000
            await asyncio.sleep(0)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await open_streams.response("client", endless)(scope, receive, send)

    with serving(application) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: b"streams_dropped_total 1.0" in metrics.text({}), 10, "the client to be dropped")
        wait_until(lambda: b"pipeline_gui_streams 0.0" in metrics.text({}), 5, "its stream to be gone")
        with pytest.raises(OSError):  # noqa: PT011, PT012  (it was hung up on, not left to the end of what is buffered)
            while connection.recv(1_000_000):
                continue
            raise ConnectionResetError  # a kernel that had room for all of it


def test_there_are_so_many_streams_in_all() -> None:
    async def main() -> None:
        bounded = Streams(Metrics(), per_client=5, in_all=1)
        never = asyncio.create_task(asyncio.sleep(60))
        with bounded.counted("a", never):
            with pytest.raises(Problem) as refused:
                bounded.response("b", lambda: _nothing())
            assert (refused.value.status, refused.value.code) == (503, "overloaded")
        bounded.close()
        with pytest.raises(Problem) as refused:
            bounded.response("b", lambda: _nothing())
        assert refused.value.code == "draining"
        never.cancel()

    asyncio.run(main())


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
