"""The one way from the GUI thread to work that may wait, and back.

Nothing here waits on the GUI thread. Refreshes and actions have threads of their own, few of each, so that a database
that hangs can't take the thread that a Stop needs.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QDeadlineTimer, QObject, QRunnable, Qt, QThread, QThreadPool, Signal, Slot

from pipeline_gui.pipeline.errors import PipelineError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Lane(StrEnum):
    """Which threads do the work."""

    ACTIONS = "actions"
    REFRESHES = "refreshes"
    VIEWS = "views"
    """What a part of the window shows besides: it may be slow, and holds up neither of the others."""
    TABLE = "table"
    """What the table does with rows that are here already: it waits for no server."""


THREADS = {Lane.ACTIONS: 6, Lane.REFRESHES: 1, Lane.VIEWS: 2, Lane.TABLE: 1}
"""At most one action of each kind is under way, so that none of them waits for another."""


SWITCH_SECONDS = 0.0005
"""How long a thread of the pool may keep the interpreter while the GUI thread waits for it.

A paint asks for it some hundred times; at Python's usual 5 ms for each, work in the pool would hold it up for a second.
"""


class WrongThread(RuntimeError):
    """The gateway was called from another thread than the GUI's: a mistake in the program."""


class _Delivery:
    """What a call brought, and whom to tell."""

    def __init__(
        self,
        owner: weakref.ref[QObject],
        on_success: Callable[[Any], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self.owner = owner
        self.on_success = on_success
        self.on_failure = on_failure
        self.result: Any = None
        self.error: Exception | None = None


_kept: set[Gateway] = set()
"""Gateways with work under way: a thread that comes back late must find its gateway alive."""


class Gateway(QObject):
    """Runs callables in the pool; delivers what they return or raise on the GUI thread."""

    _finished = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._pools = {lane: QThreadPool() for lane in Lane}
        for lane, pool in self._pools.items():
            pool.setObjectName(lane)
            pool.setMaxThreadCount(THREADS[lane])
        self._is_closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        _kept.add(self)

    def run(
        self,
        work: Callable[[], T],
        on_success: Callable[[T], None],
        on_failure: Callable[[Exception], None],
        owner: QObject,
        lane: Lane = Lane.ACTIONS,
    ) -> None:
        """Do the work in the pool, then call on_success or on_failure here, unless owner is gone by then.

        Raises WrongThread.
        """
        if QThread.currentThread() is not self.thread():
            raise WrongThread("the gateway is called from the GUI thread only")
        if self._is_closed:
            return
        delivery = _Delivery(weakref.ref(owner), on_success, on_failure)
        self._pools[lane].start(_Task(work, delivery, self._finished.emit))

    def close(self, seconds: float) -> bool:
        """Take no more work and deliver nothing more; whether all that was under way ended within the time."""
        if self._is_closed and self not in _kept:
            return True
        self._is_closed = True
        deadline = QDeadlineTimer(round(seconds * 1000))
        for pool in self._pools.values():
            pool.clear()
        still_busy = [pool for pool in self._pools.values() if not pool.waitForDone(deadline)]
        if not still_busy:
            _kept.discard(self)
        return not still_busy

    @property
    def busy_threads(self) -> int:
        """How many threads are at work."""
        return sum(pool.activeThreadCount() for pool in self._pools.values())

    @Slot(object)
    def _deliver(self, delivery: _Delivery) -> None:
        owner = delivery.owner()
        if self._is_closed or owner is None or not shiboken6.isValid(owner):
            return
        if delivery.error is not None:
            delivery.on_failure(delivery.error)
        else:
            delivery.on_success(delivery.result)


class _Task(QRunnable):
    """A piece of work in a pool."""

    def __init__(self, work: Callable[[], Any], delivery: _Delivery, deliver: Callable[[_Delivery], None]) -> None:
        super().__init__()
        self._work = work
        self._delivery = delivery
        self._deliver = deliver

    def run(self) -> None:
        """Do the work and send off what came of it; once only."""
        work, delivery, deliver = self._work, self._delivery, self._deliver
        # A task that ends before QThreadPool.start has returned is never let go of by PySide, nor is what it holds.
        del self._work, self._delivery, self._deliver
        try:
            delivery.result = work()
        except PipelineError as error:
            delivery.error = error
        except Exception as error:
            # A surprise is an answer too: without one the button would stay off for ever.
            log.exception("unexpected error in the background")
            delivery.error = error
        deliver(delivery)
