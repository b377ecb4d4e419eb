"""What a watcher does beside settling, in a thread of its own: a start takes longer than a lease lasts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pipeline_gui.pipeline.clock import Clock
from pipeline_gui.pipeline.errors import PipelineError

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
"""After an error."""


class Duty:
    """Calls `turn` again and again while it is allowed; each call says in how many seconds it wants the next."""

    def __init__(self, name: str, turn: Callable[[], float], clock: Clock) -> None:
        self._name = name
        self._turn = turn
        self._clock = clock
        self._allowed = False
        self._next = 0.0
        self._is_wanted = False
        """Whether a turn is wanted now, whatever the last one said."""
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def allow(self, is_allowed: bool) -> None:
        """Go on, or pause. Called often by who holds the lease, so that time spent asleep is noticed."""
        if is_allowed and not self._allowed:
            self._is_wanted = True  # another had it meanwhile: what the last turn said does not hold
        self._allowed = is_allowed
        if not is_allowed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        if self._is_due():
            self._wake.set()

    def nudge(self) -> None:
        """Take a turn at once, or as soon as it is allowed; one that is under way is followed by another."""
        self._is_wanted = True
        if self._allowed:
            self._wake.set()

    def end(self) -> None:
        """Take no further turn."""
        self._closing.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait for a turn that is under way, at most so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(max(0.0, self._next - self._clock()) if self._allowed else None)
            self._wake.clear()
            if self._allowed and not self._closing.is_set() and self._is_due():
                self._is_wanted = False  # before the turn: what is heard in it wants another
                self._next = self._clock() + self._take_turn()

    def _is_due(self) -> bool:
        return self._is_wanted or self._clock() >= self._next

    def _take_turn(self) -> float:
        try:
            return self._turn()
        except PipelineError as error:
            log.info("%s: %s", self._name, error)
        except Exception:
            # One surprise must not end the schedules of everybody for good; it is logged, and it goes on.
            log.exception("%s: unexpected error", self._name)
        return AGAIN_SECONDS
