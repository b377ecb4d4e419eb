"""Server-sent events: answers that go on, within bounds for each client and for all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from starlette.responses import Response

from pipeline_gui.service.guard import Receive, Scope, Send
from pipeline_gui.service.metrics import Metrics
from pipeline_gui.service.problems import Problem

SEND_SECONDS = 15.0
"""How long a client may take to read what it was sent before its connection is dropped."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MEDIA_TYPE = "text/event-stream"


def message(event: str, data: object, event_id: str | None = None) -> bytes:
    """One event. The data is JSON on one line, so nothing in it can end the line."""
    head = f"id: {event_id}\nevent: {event}\ndata: " if event_id is not None else f"event: {event}\ndata: "
    return head.encode() + msgspec.json.encode(data) + b"\n\n"


class Streams:
    """The open streams: how many each client has, and a way to end them all."""

    def __init__(self, metrics: Metrics, *, per_client: int, in_all: int) -> None:
        self._metrics = metrics
        self._per_client = per_client
        self._in_all = in_all
        self._open: Counter[str] = Counter()
        self._pumps: set[asyncio.Task[None]] = set()
        self._closing = False

    def response(self, client: str, source: Callable[[], AsyncIterator[bytes]]) -> EventStream:
        """An answer that sends what source gives. Raises Problem when there are too many."""
        if self._closing:
            raise Problem(503, "draining", "The service is ending.", headers={"Retry-After": "5"})
        if self._open[client] >= self._per_client:
            detail = f"This client has {self._per_client} streams open, which is as many as one may have."
            raise Problem(429, "too-many-streams", detail, headers={"Retry-After": "10"})
        if self._open.total() >= self._in_all:
            raise Problem(
                503, "overloaded", "Too many streams are open; ask again later.", headers={"Retry-After": "10"}
            )
        return EventStream(self, client, source)

    def close(self) -> None:
        """End every stream, in order."""
        self._closing = True
        for pump in self._pumps:
            pump.cancel()

    @contextmanager
    def counted(self, client: str, pump: asyncio.Task[None]) -> Iterator[None]:
        """Count a stream while it is open."""
        self._open[client] += 1
        self._pumps.add(pump)
        self._metrics.streams.inc()
        if self._closing:
            pump.cancel()
        try:
            yield
        finally:
            self._metrics.streams.dec()
            self._pumps.discard(pump)
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    def dropped(self) -> None:
        """Note a client that did not read."""
        self._metrics.streams_dropped.inc()


class EventStream(Response):
    """The answer: ends when its source does, when the client leaves, when the service ends, or when nobody reads."""

    media_type = MEDIA_TYPE

    def __init__(self, streams: Streams, client: str, source: Callable[[], AsyncIterator[bytes]]) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._streams = streams
        self._client = client
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it ends."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["state"].get("is_head"):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        pump = asyncio.create_task(self._pump(scope, send))
        leaving = asyncio.create_task(_until_left(receive))
        with self._streams.counted(self._client, pump):
            try:
                await asyncio.wait({pump, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (pump, leaving):
                    task.cancel()
                await asyncio.gather(pump, leaving, return_exceptions=True)
        if not pump.cancelled() and (error := pump.exception()) is not None:
            raise error
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, scope: Scope, send: Send) -> None:
        source = self._source()
        async for chunk in source:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except TimeoutError:
                self._streams.dropped()
                abort: Callable[[], None] | None = scope["state"].get("abort")
                if abort is not None:
                    abort()
                return


async def _until_left(receive: Receive) -> None:
    while True:
        event: Any = await receive()
        if event["type"] == "http.disconnect":
            return
