"""One batch as the server knows it: its folder, how it ended, what its driver's UI is."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from pipeline_gui.command_server import clock, durable, ending, folder
from pipeline_gui.command_server.logs import LogIndex

STARTING, RUNNING = "starting", "running"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UserInterface:
    """Where the driver's own UI listens, verified to be a socket of the batch."""

    host: str
    port: int
    inode: int


class Batch:
    """One batch. Its ending is set once and never changes."""

    def __init__(self, batch_id: int, name: str | None, path: Path, marker: str) -> None:
        self.batch_id = batch_id
        self.name = name
        self.path = path
        self.marker = marker
        self.proxy_user: str | None = None
        self.created: object = None
        self.application_id: str | None = None
        self.user_interface: UserInterface | None = None
        self.ui_ports: set[int] = set()
        """The ports that its log named as its UI's; not believed yet."""
        self.bytes_searched = 0
        """How much of its log was searched for them."""
        self.ending: durable.Record | None = None
        self.supervisor: subprocess.Popen[bytes] | None = None
        """The process, where this server started it: to be collected when it has ended."""
        self.bytes_kept: int | None = None
        """What the folder takes, counted once after the end."""
        self.changing = threading.Lock()
        self.stdout = LogIndex(path / folder.STDOUT)
        self.stderr = LogIndex(path / folder.STDERR)
        self._started = False

    @property
    def installation(self) -> str | None:
        """The part of the name before its last dot; None without one."""
        head, dot, _ = (self.name or "").rpartition(".")
        return head if dot and head else None

    @property
    def state(self) -> str:
        """starting, running, success, dead or killed."""
        if self.ending is not None:
            return str(self.ending["state"])
        if not self._started:
            self._started = (self.path / folder.STARTED).exists()
        return RUNNING if self._started else STARTING

    def load(self) -> None:
        """Read what an earlier server knew. Raises OSError."""
        description = durable.read_record(str(self.path / folder.DESCRIPTION)) or {}
        proxy_user = description.get("proxyUser")
        self.proxy_user = proxy_user if isinstance(proxy_user, str) else None
        self.created = description.get("created")
        application = (durable.read_record(str(self.path / folder.APPLICATION)) or {}).get("appId")
        self.application_id = application if isinstance(application, str) else None
        self.refresh()

    def describe(self) -> None:
        """Write what a later server must know. Raises OSError."""
        record: durable.Record = {"name": self.name, "proxyUser": self.proxy_user, "created": self.created}
        durable.write_record(str(self.path / folder.DESCRIPTION), record)

    def refresh(self) -> bool:
        """Look whether the supervisor wrote the end; whether the batch has ended."""
        if self.ending is None:
            self.ending = ending.read_ending(str(self.path))
        return self.ending is not None

    def kill(self, grace_seconds: float) -> None:
        """Record the wish durably and wake the supervisor, unless it has ended. Raises OSError."""
        with self.changing:
            if not self.refresh():
                folder.write_intent(str(self.path), grace_seconds)
                folder.wake(str(self.path))

    @property
    def is_kill_wanted(self) -> bool:
        """Whether a kill is recorded."""
        return (self.path / folder.INTENT).exists()

    def take_dead_lock(self) -> int | None:
        """The lock of a supervisor that is dead, as a file descriptor to close; None while the supervisor lives.

        Raises FileNotFoundError when the folder is gone, OSError.
        """
        fd = os.open(self.path / folder.LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def drop_secrets(self) -> None:
        """Remove the secrets from the folder of a batch that has ended; what fails is tried again by the upkeep."""
        try:
            folder.drop_secrets(str(self.path))
        except OSError as error:
            _log.error("the secrets of batch %s: %s", self.batch_id, error)

    def collect_supervisor(self) -> None:
        """Collect the exit of a supervisor that this server started."""
        if self.supervisor is not None and self.supervisor.poll() is not None:
            self.supervisor = None

    def started_ago(self) -> float | None:
        """Seconds since it was accepted."""
        return clock.seconds_since(self.created)

    def ended_ago(self) -> float | None:
        """Seconds since nothing of it was left; None while it lives."""
        return None if self.ending is None else clock.seconds_since(self.ending.get("ended"))
