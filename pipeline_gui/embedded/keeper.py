"""The keeper of a profile's pair: ``python -m pipeline_gui.embedded.keeper``, started by whoever needs the pair first.

It owns PostgreSQL and the Spark command server, starts a dead one again, watches the runs, and stops both when nobody
has used them for a while and no run is alive. If it is killed both live on, and the next keeper takes them over.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline_gui.embedded.errors import EmbeddedUnavailable, sentence_for
from pipeline_gui.embedded.locks import FileLock, is_used
from pipeline_gui.embedded.places import Places
from pipeline_gui.embedded.report import Report, remove_report, write_report
from pipeline_gui.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pipeline_gui.backend import Backend

LINGER_SECONDS = 10.0
"""How long the pair outlives its last user."""
UNKNOWN_SECONDS = 60.0
"""How long it does when nobody can say whether a run is alive; runs live on without the pair and are found again."""
POLL_SECONDS = 0.5
RETRY_SECONDS = 2.0

log = logging.getLogger("pipeline_gui.keeper")


class Half(Protocol):
    """One of the two servers."""

    @property
    def url(self) -> str:
        """Its address."""

    def is_running(self) -> bool:
        """Whether its process is alive."""

    def start(self, timeout: float = ...) -> None:
        """Start or adopt it. Raises EmbeddedUnavailable."""

    def stop(self, timeout: float = ...) -> None:
        """Stop it. Raises EmbeddedUnavailable."""


class Keeper:
    """Owns the pair of a profile while it holds the keeper's lock."""

    def __init__(self, places: Places) -> None:
        from pipeline_gui.embedded.command_server import EmbeddedCommandServer
        from pipeline_gui.embedded.postgres import EmbeddedPostgres

        self._places = places
        self._postgres = EmbeddedPostgres(places.postgres)
        self._server = EmbeddedCommandServer(places)
        self._halves: dict[str, Half] = {"PostgreSQL": self._postgres, "the Spark command server": self._server}
        self._users = FileLock(places.users_lock)
        self._last_use = 0
        """When a use last began: the time of the lock's file, which is only compared, whatever the clock did."""
        self._backend: Backend | None = None
        self._served: tuple[str, str] | None = None
        self._ending = threading.Event()

    def end(self) -> None:
        """Stop the pair soon; may be called from a signal handler."""
        self._ending.set()

    def run(self) -> None:
        """Start the pair and keep it until it is not needed any more. Raises PipelineError, OSError."""
        try:
            self._say("Starting PostgreSQL and the Spark command server on this computer …")
            self._for_both(lambda half: half.start())
            self._say("Preparing the database …")
            self._serve()
            self._keep()
        finally:
            self._close()

    def _keep(self) -> None:
        """Return when a signal says so, or nobody needs the pair any more."""
        idle_since: float | None = None
        asked = 0.0
        while not self._ending.wait(POLL_SECONDS):
            self._heal()
            now = time.monotonic()
            if self._is_used():
                idle_since = None
                continue
            idle_since = idle_since or now
            if now - idle_since < LINGER_SECONDS or now - asked < RETRY_SECONDS:
                continue
            asked = now
            # Held until the end, so that whoever comes now waits for a new pair and is not given one that is going.
            if not self._work_is_left(idle_for=now - idle_since) and self._users.acquire():
                log.info("nobody uses the pair and no run is alive")
                return

    def _is_used(self) -> bool:
        """Whether a process uses the pair, or began to since the last look: short commands come and go between two."""
        now_used = is_used(self._places.users_lock)  # and the file is there again, should somebody have removed it
        before, self._last_use = self._last_use, self._places.users_lock.stat().st_mtime_ns
        return now_used or self._last_use != before

    def _heal(self) -> None:
        """Start a half that died again; what can't be healed now is tried again at the next look."""
        dead = [name for name, half in self._halves.items() if not half.is_running()]
        if not dead and self._served == (self._postgres.url, self._server.url):
            return
        log.warning("%s ended by itself; starting again", " and ".join(dead) or "a part")
        try:
            self._for_both(lambda half: None if half.is_running() else half.start())
            self._serve()
        except (PipelineError, OSError) as error:
            log.error("could not be started again: %s", error)
            self._ending.wait(RETRY_SECONDS)

    def _serve(self) -> None:
        """Make the pair known, and watch its runs."""
        from pipeline_gui.backend import open_backend, this_actor
        from pipeline_gui.profile import find_profile
        from pipeline_gui.settings import Settings
        from pipeline_gui.store.migrate import migrate

        addresses = (self._postgres.url, self._server.url)
        if self._served != addresses:
            self._close_backend()
            migrate(addresses[0], actor=this_actor("keeper"))
            settings = Settings(
                profile=find_profile(),
                database_url=addresses[0],
                spark_url=addresses[1],
                spark_token=self._server.token,
            )
            self._backend = open_backend(settings, face="keeper", max_connections=2)
            self._backend.watch()
            self._served = addresses
        self._report(Report("ready", "", time.monotonic(), *addresses, self._server.token))
        log.info("the pair is ready: Spark command server at %s", addresses[1])

    def _work_is_left(self, idle_for: float) -> bool:
        """Whether a run is alive, or was recorded and is not settled."""
        if self._backend is None:
            return False
        try:
            recorded = self._backend.store.running()
            # A row that another program made is not ours to wait for.
            return (recorded is not None and recorded.engine is not None) or bool(self._backend.spark.alive(""))
        except PipelineError as error:
            log.warning("not known whether a run is alive: %s", error)
            return idle_for < UNKNOWN_SECONDS

    def _for_both(self, act: Callable[[Half], None]) -> None:
        with ThreadPoolExecutor(max_workers=2) as pool:
            for done in [pool.submit(act, half) for half in self._halves.values()]:
                done.result()

    def _say(self, sentence: str) -> None:
        self._report(Report("starting", sentence, time.monotonic()))

    def _report(self, report: Report) -> None:
        write_report(self._places, report)

    def _close_backend(self) -> None:
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _close(self) -> None:
        remove_report(self._places)
        self._close_backend()
        self._for_both(lambda half: half.stop())
        log.info("both are stopped")


def keep(home: Path) -> int:
    """Be the keeper of a profile, if it has none yet; the exit code."""
    places = Places(home)
    with FileLock(places.keeper_lock) as lock:
        # Whoever looks whether there is a keeper holds the lock for a moment too.
        if not lock.acquire(timeout=2.0):
            return 0
        try:
            remove_report(places)
            keeper = Keeper(places)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, lambda *_: keeper.end())
            keeper.run()
        except PipelineError as error:
            return _fail(places, error)
        except OSError as error:
            return _fail(places, sentence_for(error, "keeping PostgreSQL and Spark on this computer"))
        except Exception as error:
            log.exception("the keeper failed")
            return _fail(places, EmbeddedUnavailable(f"The keeper of the embedded pair failed: {error!r}."))
    return 0


def _fail(places: Places, error: PipelineError) -> int:
    log.error("%s", error)
    write_report(places, Report("failed", str(error), time.monotonic()))
    return 1


def main() -> None:
    """Leave whoever started this, and keep the pair of the profile that PIPELINE_GUI_HOME names."""
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    sys.exit(keep(Path(os.environ["PIPELINE_GUI_HOME"])))


if __name__ == "__main__":
    main()
