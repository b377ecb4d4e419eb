"""The supervisor of one batch: launches the driver, carries out a kill, writes how it ended. Standard library only.

It outlives the server. It holds the flock of the batch's lock file, inherited from the server, until it ends: a free
lock without an exit record means that it is dead and can't start anything any more.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from pipeline_gui.command_server import clock, durable, ending, folder, processes
from pipeline_gui.command_server.launch import become_subreaper, launch

TICK_SECONDS = 1.0
VANISHED_GRACE_SECONDS = 1.5
LEFTOVER_PATIENCE_SECONDS = 0.3
"""How long what a driver left behind may take to end by itself, as Python workers do."""
LEFTOVER_GRACE_SECONDS = 1.0


def main(path: str, lock_fd: int) -> int:
    """Supervise the batch of a folder until nothing of it is left; the exit code of this process."""
    os.set_inheritable(lock_fd, False)  # the driver must not hold the lock
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a batch is ended by an intent, not by its supervisor's end
    become_subreaper()
    return Supervisor(path).run()


class Supervisor:
    """One batch from its launch to its exit record."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._directory_fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._wake_fd = os.open(os.path.join(path, folder.WAKE), os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        self._poll = select.poll()
        self._poll.register(self._wake_fd, select.POLLIN)
        self._marker = os.environ[processes.SUPERVISOR_VARIABLE]
        self._driver = 0
        self._status: int | None = None
        self._signalled = False

    def run(self) -> int:
        """Launch, watch, clear up, record."""
        # The intent is read after the FIFO was opened: from here on none can be missed.
        if folder.read_deadline(self._path) is not None:
            reason = "It was stopped by this server before its driver was launched."
            return self._record(ending.ending(ending.KILLED, signalled=True, reason=reason))
        launched = durable.read_record(os.path.join(self._path, folder.LAUNCH)) or {}
        arguments, environment = launched.get("arguments"), launched.get("environment")
        if not isinstance(arguments, list) or not isinstance(environment, dict):
            return self._record(ending.ending(ending.DEAD, reason="Its launch record can't be read."))
        try:
            self._driver = launch(
                arguments,
                environment | {processes.BATCH_VARIABLE: self._marker},
                os.path.join(self._path, folder.WORK),
                os.path.join(self._path, folder.STDOUT),
                os.path.join(self._path, folder.STDERR),
            )
        except OSError as error:
            reason = f"{arguments[0]} could not be started: {error.strerror}."
            return self._record(ending.ending(ending.DEAD, reason=reason))
        self._poll.register(os.pidfd_open(self._driver), select.POLLIN)
        with open(os.path.join(self._path, folder.STARTED), "wb"):
            pass
        return self._watch()

    def _watch(self) -> int:
        while not self._reap():
            if self._has_vanished():
                return self._kill_without_record()
            self._wait(self._carry_out_intent())
        left = self._clear_leftovers()
        record = ending.of_wait_status(self._status or 0, signalled=self._signalled)
        if left and not self._signalled:
            told = record["reason"] or "The driver ended."
            record["reason"] = f"{told} It left processes behind, which were ended too ({left})."
        return self._record(record)

    def _reap(self) -> bool:
        """Collect every child that ended; whether the driver is among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == self._driver:
                self._status = status
        return self._status is not None

    def _carry_out_intent(self) -> float:
        """One rung of the ladder, if a kill is wanted; the seconds to wait before the next look."""
        deadline = self._deadline()
        if deadline is None:
            return TICK_SECONDS
        if not self._signalled:
            if self._reap():
                return 0.0  # it ended before our first signal, and the record will say so
            self._signalled = True
            if deadline > clock.boottime():
                processes.send_all(self._alive(), signal.SIGTERM)
        if clock.boottime() >= deadline:
            processes.send_all(self._alive(), signal.SIGKILL)
            return 0.05
        return min(TICK_SECONDS, deadline - clock.boottime())

    def _clear_leftovers(self) -> int:
        """Bring what the driver left behind to an end; how many there were to be killed."""
        own_deadline = clock.boottime() + LEFTOVER_PATIENCE_SECONDS + LEFTOVER_GRACE_SECONDS
        patient_until = clock.boottime() + LEFTOVER_PATIENCE_SECONDS
        asked = self._signalled
        killed: set[processes.Process] = set()
        clean = 0
        while clean < 2:  # one look is not enough: in the middle of an exec a process has no environment
            self._reap()
            alive = self._alive()
            clean = 0 if alive else clean + 1
            if alive and not asked and clock.boottime() >= patient_until:
                asked = True
                killed.update(alive)
                processes.send_all(alive, signal.SIGTERM)
            wanted = self._deadline()
            deadline = own_deadline if wanted is None or not self._signalled else wanted
            if alive and clock.boottime() >= deadline:
                killed.update(alive)
                processes.send_all(alive, signal.SIGKILL)
            time.sleep(0.01 if clock.boottime() < own_deadline else 0.05)
        return len(killed)

    def _kill_without_record(self) -> int:
        """End the batch of a folder that is no more: nobody could tell its end, or stop it later."""
        deadline = clock.boottime() + VANISHED_GRACE_SECONDS
        processes.send_all(self._alive(), signal.SIGTERM)
        clean = 0
        while clean < 2:
            self._reap()
            alive = self._alive()
            clean = 0 if alive else clean + 1
            if clock.boottime() >= deadline:
                processes.send_all(alive, signal.SIGKILL)
            time.sleep(0.02)
        return 1

    def _deadline(self) -> float | None:
        """The deadline of the kill intent; None without one, or while it can't be read, for the next look will tell."""
        try:
            return folder.read_deadline(self._path)
        except OSError as error:
            print(f"kill intent: {error}", file=sys.stderr, flush=True)
            return None

    def _alive(self) -> list[processes.Process]:
        return processes.survivors(lambda value: value == self._marker, root=os.getpid())

    def _has_vanished(self) -> bool:
        """Whether the folder is gone from its path, looked at twice."""
        for pause in (0.2, 0.0):
            try:
                found = os.stat(self._path)
            except (FileNotFoundError, NotADirectoryError):
                found = None
            except OSError:
                return False  # not readable now is not gone
            if found is not None and os.path.samestat(found, os.fstat(self._directory_fd)):
                return False
            time.sleep(pause)
        return True

    def _wait(self, seconds: float) -> None:
        for fd, _ in self._poll.poll(max(0.0, seconds) * 1000):
            if fd == self._wake_fd:
                os.read(self._wake_fd, 4096)

    def _record(self, record: durable.Record) -> int:
        try:
            folder.drop_secrets(self._path)
        except OSError as error:
            print(f"secrets: {error}", file=sys.stderr, flush=True)  # the server's upkeep tries again
        while True:
            try:
                ending.write_ending(self._path, record)
                return 0
            except OSError as error:
                if self._has_vanished():
                    return 1
                # A full disk: the batch stays undetermined, and guarded, until its end can be written.
                print(f"exit record: {error}", file=sys.stderr, flush=True)
                time.sleep(TICK_SECONDS)
