"""TLS before a PostgreSQL that was built without it, as the one out of the wheel is."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.spark.certificates import Certificate

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""What a client begins with that would like TLS; the answer is one letter."""


@contextmanager
def tls_front(url: str, certificate: Certificate, host: str = "127.0.0.1") -> Iterator[str]:
    """Where the same database is reached over TLS, and not otherwise."""
    target = conninfo_to_dict(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path)
    front = _Front(str(target["host"]), int(str(target["port"])), context)
    thread = threading.Thread(target=lambda: asyncio.run(front.run(host)), name="tls front")
    thread.start()
    try:
        yield make_conninfo(url, port=front.port.result(10))
    finally:
        front.end()
        thread.join(10)


class _Front:
    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._host, self._port, self._context = host, port, context
        self.port: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._is_over: asyncio.Event
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self, host: str) -> None:
        self._loop, self._is_over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._take, host, 0)
        self.port.set_result(server.sockets[0].getsockname()[1])
        await self._is_over.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._is_over.set)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            if await reader.readexactly(8) != _SSL_REQUEST:
                return
            writer.write(b"S")
            await writer.start_tls(self._context)
            server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
            with contextlib.closing(server_writer):
                await asyncio.gather(_forward(reader, server_writer), _forward(server_reader, writer))


async def _forward(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
    sink.close()
