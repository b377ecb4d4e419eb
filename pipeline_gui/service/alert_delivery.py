"""Alerts are delivered as long as the service lives: one thread looks for what is due, and some send it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline_gui.backend import Backend
from pipeline_gui.pipeline.alert import Claimed, Letter
from pipeline_gui.pipeline.alert_texts import compose
from pipeline_gui.pipeline.delivering import Deliverer, Note
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.receivers.file import RECEIVERS_FILE, FileReceivers

LOOK_SECONDS = 1.0
AFTER_ERROR_SECONDS = 5.0
PRESENCE_SECONDS = 10.0
MOST_AT_ONCE = 8
"""Receivers that may be told at the same time: one that hangs keeps its thread for half a minute."""
CLOSE_SECONDS = 5.0
"""What is being sent when the service ends may take so long; what takes longer is sent again by the next."""
log = logging.getLogger(__name__)


@contextmanager
def alert_delivery(backend: Backend, file: Path | None, note: Note) -> Iterator[None]:
    """Deliver meanwhile; note is told what becomes of messages."""
    receivers = FileReceivers(file or backend.settings.profile.config / RECEIVERS_FILE)

    def in_words(claimed: Claimed, installation_id: str) -> Letter:
        return compose(claimed, installation_id, system=backend.settings.name, public_url=receivers.public_url)

    delivery = Delivery(Deliverer(backend.outbox, receivers, in_words, backend.actor, note=note))
    delivery.start()
    try:
        yield
    finally:
        delivery.close()


class Delivery:
    """The threads around a deliverer."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._free = threading.Semaphore(MOST_AT_ONCE)
        self._sending: set[threading.Thread] = set()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._present_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Take nothing new, and wait a moment for what is being sent."""
        deadline = time.monotonic() + CLOSE_SECONDS
        self._closing.set()
        self._wake.set()
        self._thread.join(CLOSE_SECONDS)
        for thread in list(self._sending):
            thread.join(max(0.0, deadline - time.monotonic()))
        self._deliverer.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            pause = AFTER_ERROR_SECONDS
            try:
                self._look()
                pause = LOOK_SECONDS
            except PipelineError as error:
                log.info("alerts: %s", error)
            except Exception:
                # One surprise must not end the alerts of everybody for good; it is logged, and it goes on.
                log.exception("alerts: unexpected error")
            self._wake.wait(pause)
            self._wake.clear()

    def _look(self) -> None:
        if time.monotonic() - self._present_at >= PRESENCE_SECONDS:
            self._deliverer.be_present()
            self._present_at = time.monotonic()
        while not self._closing.is_set() and self._free.acquire(blocking=False):
            claimed = None
            try:
                claimed = self._deliverer.take()
            finally:
                if claimed is None:
                    self._free.release()
            if claimed is None:
                return
            self._send(claimed)

    def _send(self, claimed: Claimed) -> None:
        def send() -> None:
            try:
                self._deliverer.deliver(claimed)
            except Exception:
                log.exception("alerts: unexpected error")
            finally:
                self._sending.discard(thread)
                self._free.release()
                self._wake.set()  # the next of this receiver

        thread = threading.Thread(target=send, name="an alert", daemon=True)
        self._sending.add(thread)
        thread.start()
