"""What changes, told to everybody: one LISTEN and one look at the record for all clients.

Each client has a queue with a bound. Who does not keep up is let go, and resumes with Last-Event-ID where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline_gui.backend import Backend
from pipeline_gui.pipeline.answers import event_answer
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.ports import Change, Event
from pipeline_gui.pipeline.run import Run
from pipeline_gui.service.event_cursor import EventCursor
from pipeline_gui.service.metrics import Metrics
from pipeline_gui.service.streams import message
from pipeline_gui.service.threads import Workers

LONGEST_QUEUE = 256
"""Messages that wait for one client."""
MOST_REPLAYED = 1000
"""Events that are sent again after a break; beyond them, the client reads the record anew."""
MOST_RUNS_TOLD = 20
SWEEP_SECONDS = 2.0
"""How often one looks unasked while somebody listens: for what no notification tells, as lost contact to Spark."""
IDLE_SWEEP_SECONDS = 15.0
PING_SECONDS = 10.0
GAP_SECONDS = 60.0
"""After so long, an event whose id was skipped will not come: its transaction was rolled back."""
RETRY = b"retry: 2000\n\n"
_log = logging.getLogger(__name__)


class Listener:
    """One client's queue."""

    def __init__(self, cursor: EventCursor | None) -> None:
        self.cursor_at_start = cursor
        """What had been told to all when this one came."""
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._is_over = False

    def put(self, chunk: bytes) -> None:
        """Queue what is to be sent; a queue that is full is given up."""
        if len(self._waiting) >= LONGEST_QUEUE:
            self._is_over = True
            self._waiting.clear()
        else:
            self._waiting.append(chunk)
        self._news.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What was queued, as much as there is at a time."""
        while True:
            await self._news.wait()
            if self._is_over:
                return
            self._news.clear()
            together = b"".join(self._waiting)
            self._waiting.clear()
            yield together


@dataclass
class _News:
    """What one look at the record found."""

    messages: list[bytes] = field(default_factory=list)
    status: bytes | None = None
    status_key: Any = None
    cursor: EventCursor | None = None
    missed: set[str] = field(default_factory=set)
    is_partial: bool = False
    """There are more events than one look takes."""


class Changes:
    """Hears of changes, looks once, and tells all."""

    def __init__(self, backend: Backend, workers: Workers, metrics: Metrics) -> None:
        self._backend = backend
        self._workers = workers
        self._metrics = metrics
        self._listeners: set[Listener] = set()
        self._changed: set[str] = set()
        self._everything = False
        self._wake = asyncio.Event()
        self._cursor: EventCursor | None = None
        self._gap_since: dict[int, float] = {}
        self._status: bytes | None = None
        self._status_key: Any = None
        self._status_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Hear and tell until cancelled."""
        loop = asyncio.get_running_loop()
        subscription = self._backend.subscribe(lambda change: _call(loop, self._heard, change))
        pinging = asyncio.create_task(self._ping())
        try:
            while True:
                await self._wait()
                await self._look()
        finally:
            pinging.cancel()
            await asyncio.shield(self._workers.changes.run(subscription.close))

    async def stream(self, since: EventCursor | None) -> AsyncIterator[bytes]:
        """What one client is sent: the state, what it missed, and then whatever changes."""
        listener = Listener(self._cursor)
        self._listeners.add(listener)
        try:
            yield RETRY
            if self._status is not None and time.monotonic() - self._status_at < SWEEP_SECONDS * 2:
                yield self._status
            else:
                self._status_key = None  # so that the next look tells it, whether it changed or not
                self._wake.set()
            if since is not None:
                async for chunk in self._missed(since, listener.cursor_at_start):
                    yield chunk
            async for chunk in listener.chunks():
                yield chunk
        finally:
            self._listeners.discard(listener)

    # --- what one client missed -----------------------------------------------------------------------------------

    async def _missed(self, since: EventCursor, told: EventCursor | None) -> AsyncIterator[bytes]:
        """Events that were told to all before this client came, and that it has not read."""
        if told is None:
            yield message("reload", {"reason": "what was missed is not known"})
            return
        if since.seen > told.seen:
            yield message("reload", {"reason": "this is another database"}, str(told))
            return
        try:
            events = await self._workers.reads.run(
                self._backend.archive.events_after, since.seen, sorted(since.gaps), MOST_REPLAYED + 1
            )
        except PipelineError:
            yield message("reload", {"reason": "what was missed is not known"})
            return
        if len(events) > MOST_REPLAYED:
            yield message("reload", {"reason": f"more than {MOST_REPLAYED} events were missed"}, str(told))
            return
        cursor = EventCursor(since.seen, since.gaps & told.gaps)
        parts = []
        for event in events:
            if told.has(event.event_id):
                gaps = frozenset(gap for gap in told.gaps if gap < event.event_id)
                cursor = EventCursor(max(cursor.seen, event.event_id), gaps)
                parts.append(_event_message(event, cursor))
        if parts:
            yield b"".join(parts)

    # --- looking --------------------------------------------------------------------------------------------------

    def _heard(self, change: Change) -> None:
        if change.run_id is None:
            self._everything = True
        else:
            self._changed.add(change.run_id)
        self._wake.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(SWEEP_SECONDS if self._listeners else IDLE_SWEEP_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _look(self) -> None:
        changed, everything = self._changed, self._everything or len(self._changed) > MOST_RUNS_TOLD
        self._changed, self._everything = set(), False
        with_status = bool(self._listeners)
        try:
            news = await self._workers.changes.run(self._ask, set() if everything else changed, with_status)
        except Exception:  # noqa: BLE001  (one look that fails must not end all looking)
            _log.exception("a look at what changed failed")  # and the next one may not
            self._everything = True
            await asyncio.sleep(1)
            return
        if everything:
            self._tell(message("reload", {"reason": "anything may have changed"}))
        if news.status is not None:
            self._status, self._status_at = news.status, time.monotonic()
            if news.status_key != self._status_key or changed or everything:
                self._status_key = news.status_key
                self._tell(news.status)
        if news.messages:
            self._tell(b"".join(news.messages))
        if news.is_partial:
            self._wake.set()
        self._changed |= news.missed
        self._cursor = news.cursor

    def _tell(self, chunk: bytes) -> None:
        for listener in self._listeners:
            listener.put(chunk)

    def _ask(self, changed: set[str], with_status: bool) -> _News:
        """Look, in a thread: the state, the runs that changed, and the events that are new."""
        news = _News(cursor=self._cursor)
        if with_status:
            status = self._backend.controller.get_pipeline_status()
            news.status = message("status", status)
            news.status_key = {**status, "duration": None}
        try:
            if with_status:
                for run_id in sorted(changed):
                    news.messages.append(self._run_message(run_id))
            for event, cursor in self._new_events(news):
                # Made though nobody listens: somebody may come while this look is under way.
                news.messages.append(_event_message(event, cursor))
                self._note_end(event)
        except PipelineError as error:
            _log.info("what changed could not be read: %s", error)
            news.missed = changed
        return news

    def _run_message(self, run_id: str) -> bytes:
        run = self._backend.controller.get_run(run_id)
        return message("deleted", {"run_id": run_id}) if run is None else message("run", run)

    def _new_events(self, news: _News) -> list[tuple[Event, EventCursor]]:
        archive, cursor, now = self._backend.archive, news.cursor, time.monotonic()
        if cursor is None:
            news.cursor = EventCursor(archive.newest_event())
            return []
        found: list[tuple[Event, EventCursor]] = []
        for event in archive.events_after(cursor.seen, sorted(cursor.gaps), MOST_REPLAYED):
            cursor = cursor.after(event.event_id)
            found.append((event, cursor))
        news.is_partial = len(found) == MOST_REPLAYED
        self._gap_since = {gap: self._gap_since.get(gap, now) for gap in cursor.gaps}
        news.cursor = cursor.without(gap for gap, since in self._gap_since.items() if now - since > GAP_SECONDS)
        return found

    def _note_end(self, event: Event) -> None:
        """A run's end, for those who count."""
        if event.kind != "status changed" or event.new_status not in ("completed", "failed", "stopped"):
            return
        record = self._backend.store.find(event.run_id)
        if record is not None:
            self._metrics.run_ended(event.new_status, record.run.duration, _lag(event, record.run))

    async def _ping(self) -> None:
        """So that a client knows that it is heard of, and a dead one is found out."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            self._tell(message("ping", {}))


def _lag(event: Event, run: Run) -> float | None:
    """From the end on Spark to its record; None where the end was only noticed."""
    if run.end_time is None or (run.metadata or {}).get("end_time_is"):
        return None
    return (event.at - run.end_time).total_seconds()


def _event_message(event: Event, cursor: EventCursor) -> bytes:
    answer = {"event_id": event.event_id, "run_id": event.run_id, **event_answer(event)}
    return message("recorded", answer, str(cursor))


def _call(loop: asyncio.AbstractEventLoop, function: Any, *arguments: Sequence[Any] | Change) -> None:
    """Call in the loop's thread, unless that has ended meanwhile."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, *arguments)
