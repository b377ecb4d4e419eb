"""As many clients as are asked for, each doing what a window does but to paint: it subscribes, watches and refreshes.

For each line on stdin it says what happened since the last: when each client heard its newest change, and how long
its refreshes took. It ends when stdin does.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench.children.saying import say
from bench.world import wait_for
from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline.ports import Change, Subscription
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings, load_settings

REFRESH_SECONDS = 30.0
"""As in the window."""


class Client:
    """One of them."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        profile = Profile(name=str(folder), config=folder, data=folder, logs=folder)
        self._backend: Backend = open_backend(settings._replace(profile=profile))
        self._ends = threading.Event()
        self._changed = threading.Event()
        self.heard: float | None = None
        self.refreshes: list[float] = []
        self.has_lease = False
        self._refresh()
        self._subscription: Subscription = self._backend.subscribe(self._hear)
        self._backend.watch()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _hear(self, _change: Change) -> None:
        self.heard = time.monotonic()
        self._changed.set()

    @property
    def is_live(self) -> bool:
        """Whether it hears of changes."""
        return self._subscription.is_live

    def _work(self) -> None:
        wait = random.uniform(0.0, REFRESH_SECONDS)  # people open their windows at different times
        while not self._ends.is_set():
            self._changed.wait(wait)
            self._changed.clear()
            wait = REFRESH_SECONDS
            if not self._ends.is_set():
                self._refresh()

    def _refresh(self) -> None:
        begin = time.monotonic()
        if self._backend.controller.get_overview(2)["runs"] is None:
            raise RuntimeError(str(self._backend.store.contact().reason))
        self.refreshes.append(time.monotonic() - begin)

    def report(self) -> dict[str, Any]:
        """What happened since the last report."""
        refreshes, self.refreshes = self.refreshes, []
        return {"heard": self.heard, "refreshes": refreshes, "has_lease": self._backend.holds_lease}

    def close(self) -> None:
        """Leave."""
        self._ends.set()
        self._changed.set()
        self._thread.join(10)
        self._subscription.close()
        self._backend.close()


def main(count: int) -> None:
    """Open them, and answer."""
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        clients = [Client(settings, Path(folder)) for _ in range(count)]
        wait_for(lambda: all(client.is_live for client in clients), 60, "every client's subscription")
        say("ready")
        for _ in sys.stdin:
            say([client.report() for client in clients])
        leaving = [threading.Thread(target=client.close) for client in clients]
        for thread in leaving:
            thread.start()
        for thread in leaving:
            thread.join(30)


if __name__ == "__main__":
    main(int(sys.argv[1]))
