"""Every batch of a state directory: launching, finding, fencing, and settling those whose supervisor died."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from pipeline_gui.command_server import clock, durable, ending, folder, processes
from pipeline_gui.command_server.batch import Batch
from pipeline_gui.command_server.errors import Rejected, SessionNotFound
from pipeline_gui.command_server.ledger import Ledger
from pipeline_gui.command_server.policy import AllowedPlaces, check_conf
from pipeline_gui.command_server.secret_values import SecretValues
from pipeline_gui.command_server.spark_command import SparkInstallation
from pipeline_gui.command_server.spawn import spawn
from pipeline_gui.command_server.submission import Submission, check_name

LEAST_FREE_BYTES = 64 * 1024 * 1024
DEFAULT_GRACE_SECONDS = 10.0
_log = logging.getLogger(__name__)


def state_key(state: Path) -> str:
    """What a state directory is known by in markers, also after it was lost and made again: its real path."""
    return hashlib.sha256(os.path.realpath(state).encode()).hexdigest()[:16]


class Batches:
    """The registry. Launches and fences exclude each other, so that a fenced name never starts."""

    def __init__(
        self, state: Path, ledger: Ledger, spark: SparkInstallation, places: AllowedPlaces, secrets: SecretValues
    ) -> None:
        self._folder = state / "batches"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.ledger = ledger
        self.spark = spark
        self._places = places
        self._secrets = secrets
        self._key = state_key(state)
        self._launching = threading.Lock()
        self._batches: dict[int, Batch] = {}

    @property
    def generation(self) -> str:
        """The identity of the state directory."""
        return self.ledger.generation

    def load(self) -> None:
        """Read the batches of earlier servers. Raises OSError."""
        for batch_id, name in self.ledger.ids.items():
            batch = self._new(batch_id, name)
            if batch_id in self.ledger.endings:
                shutil.rmtree(batch.path, ignore_errors=True)  # a server that died while it dropped an old record
                continue
            batch.load()
            self._batches[batch_id] = batch

    def all(self) -> list[Batch]:
        """Every batch that is kept, oldest first."""
        return [self._batches[batch_id] for batch_id in sorted(self._batches.copy())]

    def alive(self) -> list[Batch]:
        """The batches that have not ended, or of which it is not known, oldest first."""
        return [batch for batch in self.all() if not batch.refresh()]

    def find(self, key: str) -> Batch:
        """The batch of an id (all digits) or a name. Raises SessionNotFound."""
        is_id = key.isascii() and key.isdigit() and len(key) <= 18
        batch = self._batches.get(int(key) if is_id else self.ledger.names.get(key, -1))
        if batch is None:
            raise SessionNotFound(key)
        batch.refresh()
        return batch

    def submit(self, submission: Submission) -> Batch:
        """Take the name durably, then launch. Raises Rejected, and then nothing was launched."""
        self._check_free(submission.name)
        check_conf(submission.conf)
        resolved = self._places.resolve(submission)  # asks the disk, so it is done before the lock
        filled = self._secrets.fill(resolved)
        with self._launching:
            self._check_free(submission.name)
            self._check_room()
            batch = self._new(self.ledger.add_batch(resolved.name), resolved.name)
            batch.proxy_user = resolved.proxy_user
            batch.created = clock.stamp()
            with batch.changing:  # the sweep must not take it for dead before its lock is there
                self._batches[batch.batch_id] = batch
                try:
                    spawn(batch, self.spark, filled)
                except OSError as error:
                    batch.drop_secrets()
                    # The name is taken, so the batch is there and has ended: a look-up tells why.
                    _log.error("batch %s could not be launched: %s", batch.batch_id, error)
                    self._end_in_ledger(batch, f"It could not be launched: {error.strerror}.")
        return batch

    def fence(self, key: str, grace_seconds: float) -> Batch | durable.Record | None:
        """Make sure that nothing of a name lives or ever starts: one step.

        The batch, on its way to its end; or the record of an end whose batch is kept no longer; or None: never started.
        Raises SessionNotFound for an unknown id, Rejected for what can't be a name, OSError.
        """
        with self._launching:
            try:
                batch = self.find(key)
            except SessionNotFound:
                if key.isascii() and key.isdigit():
                    raise
                check_name(key)
                if key in self.ledger.names:
                    return self.ledger.endings[self.ledger.names[key]]
                if key not in self.ledger.fenced:
                    self.ledger.add_fence(key)
                return None
        batch.kill(grace_seconds)
        return batch

    def settle(self) -> bool:
        """Settle every batch whose supervisor is dead; False while one of them is still being killed."""
        settled = True
        for batch in self.alive():
            try:
                settled = self._settle_dead(batch) and settled
            except OSError as error:
                _log.error("batch %s can't be settled: %s", batch.batch_id, error)
        return settled

    def _settle_dead(self, batch: Batch) -> bool:
        """End a batch whose supervisor is dead: kill what is left of it, then write so; False while that goes on."""
        with batch.changing:
            try:
                lock_fd = batch.take_dead_lock()
            except FileNotFoundError:
                return self._settle_vanished(batch)
            if lock_fd is None:
                if folder.is_overdue(str(batch.path)):
                    # Its supervisor hangs (stopped, or starved): the next look finds it dead.
                    self._is_cleared([batch.marker], [processes.SUPERVISOR_VARIABLE, processes.BATCH_VARIABLE])
                return True
            try:
                # It may have written the record and ended between our two looks.
                if not batch.refresh() and self._is_cleared([batch.marker], [processes.BATCH_VARIABLE]):
                    record = _ending_without_supervisor(batch)
                    ending.write_ending(str(batch.path), record)
                    batch.ending = record
                    batch.drop_secrets()
            finally:
                os.close(lock_fd)
            return batch.ending is not None

    def _settle_vanished(self, batch: Batch) -> bool:
        # The supervisor first: one that has not launched its driver yet must not do so any more.
        if self._is_cleared([batch.marker], [processes.SUPERVISOR_VARIABLE, processes.BATCH_VARIABLE]):
            self._end_in_ledger(batch, "Its folder in the server's state directory was removed.")
        return batch.ending is not None

    def clear_strangers(self) -> bool:
        """Kill what carries a marker of this state directory but belongs to no batch that lives; whether none is left.

        Those are of an earlier generation: the state directory was lost, and nobody else would ever find them.
        """
        known = {batch.marker for batch in self.alive()}
        strangers = {
            value
            for variable in (processes.SUPERVISOR_VARIABLE, processes.BATCH_VARIABLE)
            for value in processes.values(variable)
            if value.endswith(f"/{self._key}") and value not in known
        }
        if strangers:
            _log.warning("ending %d batches of an earlier generation of this state directory", len(strangers))
        return self._is_cleared(strangers, [processes.SUPERVISOR_VARIABLE, processes.BATCH_VARIABLE])

    @staticmethod
    def _is_cleared(markers: Iterable[str], variables: list[str]) -> bool:
        """Kill once; whether two looks in a row found nothing."""
        wanted = set(markers)
        found = False
        for look in range(2):
            for variable in variables:
                alive = processes.survivors(wanted.__contains__, variable=variable)
                processes.send_all(alive, signal.SIGKILL)
                found = found or bool(alive)
            if found:
                return False
            if look == 0:
                time.sleep(0.02)  # a process in the middle of an exec has no environment for a moment
        return True

    def forget(self, batch: Batch) -> None:
        """Keep only the end of an ended batch. Raises Rejected when the ledger can't be written."""
        if batch.ending is not None:
            with self._launching:
                if batch.batch_id not in self.ledger.endings:
                    self.ledger.add_ending(batch.batch_id, batch.ending)
                self._batches.pop(batch.batch_id, None)

    def _end_in_ledger(self, batch: Batch, reason: str) -> None:
        """End a batch that has no folder to write to; best effort, for the next server finds the same out again."""
        batch.ending = ending.ending(ending.DEAD, reason=reason)
        try:
            self.ledger.add_ending(batch.batch_id, batch.ending)
        except Rejected as error:
            _log.error("the end of batch %s: %s", batch.batch_id, error)

    def _new(self, batch_id: int, name: str | None) -> Batch:
        marker = processes.marker(self._key, self.generation, batch_id)
        return Batch(batch_id, name, self._folder / str(batch_id), marker)

    def _check_free(self, name: str | None) -> None:
        if name is None:
            return
        if name in self.ledger.names:
            raise Rejected(f"Duplicate session name: Some({name}) for session {self.ledger.names[name]}")
        if name in self.ledger.fenced:
            raise Rejected(f"the name {name} was fenced: it never starts.")
        installation = name.rpartition(".")[0]
        if not installation:
            return
        for other in self.alive():
            if other.installation == installation:
                raise Rejected(f"batch {other.name} of the same installation is alive.")

    def _check_room(self) -> None:
        free = os.statvfs(self._folder)
        if free.f_bavail * free.f_frsize < LEAST_FREE_BYTES:
            megabytes = LEAST_FREE_BYTES // 1024**2
            raise Rejected(f"less than {megabytes} MB are free in the server's state directory {self._folder.parent}.")


def _ending_without_supervisor(batch: Batch) -> durable.Record:
    created = batch.created if isinstance(batch.created, dict) else {}
    if created.get("bootId") != clock.BOOT_ID:
        reason = "The computer was restarted while it ran."
    elif batch.state == "starting":
        reason = "Its supervisor died before it launched the driver."
    else:
        reason = "Its supervisor died; what was left of the batch was killed."
    wanted = batch.is_kill_wanted
    return ending.ending(ending.KILLED if wanted else ending.DEAD, signalled=wanted, reason=reason)
