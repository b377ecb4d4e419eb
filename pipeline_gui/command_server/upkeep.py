"""What the server does by itself: settling each second, looking for drivers' UIs, and dropping old records."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable

from pipeline_gui.command_server import driver_ui, folder
from pipeline_gui.command_server.batch import Batch
from pipeline_gui.command_server.batches import Batches

SWEEP_SECONDS = 1.0
UI_SECONDS = 0.5
RETENTION_SECONDS = 5.0
KEPT_SECONDS = 30 * 86_400.0
KEPT_BYTES = 5 * 1024**3
_log = logging.getLogger(__name__)


class Upkeep:
    """Three loops in threads of their own, so that a slow one does not hold up the settling."""

    def __init__(self, batches: Batches, on_state_lost: Callable[[], None]) -> None:
        self._batches = batches
        self._on_state_lost = on_state_lost
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(work, seconds), name=name, daemon=True)
            for name, work, seconds in (
                ("sweep", self._sweep, SWEEP_SECONDS),
                ("driver-ui", self._look_for_uis, UI_SECONDS),
                ("retention", self._retain, RETENTION_SECONDS),
            )
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the loops; waits at most two seconds for each."""
        self._end.set()
        for thread in self._threads:
            thread.join(2.0)

    def _loop(self, work: Callable[[], bool], seconds: float) -> None:
        while not self._end.is_set():
            again = False
            try:
                again = work()
            except Exception:  # noqa: BLE001
                # One bad batch or a full disk must not end the upkeep of the others.
                _log.exception("upkeep (%s)", threading.current_thread().name)
            self._end.wait(0.05 if again else seconds)

    def _sweep(self) -> bool:
        """Settle every batch whose supervisor died; whether one is on its way, so that the next look comes soon."""
        if not self._batches.ledger.is_in_place():
            self._on_state_lost()
            return False
        settled = self._batches.settle()
        for batch in self._batches.all():
            batch.collect_supervisor()
        return not settled

    def _look_for_uis(self) -> bool:
        for batch in self._batches.alive():
            if batch.user_interface is None or batch.application_id is None:
                try:
                    driver_ui.discover(batch)
                except OSError as error:
                    _log.error("the UI of batch %s: %s", batch.batch_id, error)
        return False

    def _retain(self) -> bool:
        """Drop the oldest ended batches beyond 30 days or 5 GB; their names and ends stay in the ledger."""
        kept = 0
        for batch in reversed(self._batches.all()):
            ended_ago = batch.ended_ago()
            if ended_ago is None:
                continue
            batch.drop_secrets()
            if batch.bytes_kept is None:
                shutil.rmtree(batch.path / folder.SCRATCH, ignore_errors=True)
                batch.bytes_kept = _bytes_in(batch)
            kept += batch.bytes_kept
            if ended_ago > KEPT_SECONDS or kept > KEPT_BYTES:
                self._batches.forget(batch)
                shutil.rmtree(batch.path, ignore_errors=True)
        return False


def _bytes_in(batch: Batch) -> int:
    total = 0
    for directory, _, names in os.walk(batch.path):
        for name in names:
            try:
                total += os.lstat(os.path.join(directory, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total
