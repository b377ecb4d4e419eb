"""The names ledger: every name that was ever started or fenced, append-only, so that none is ever free again."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline_gui.command_server import durable
from pipeline_gui.command_server.errors import CommandServerError, Rejected


class Ledger:
    """The file of a state directory that makes it what it is: its generation, then one line per fact.

    A lost ledger is a lost state directory: the next start makes a new generation. Callers hold the launch lock.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the ledger. Raises CommandServerError when it is damaged, OSError."""
        self._path = path
        self._lock = threading.Lock()
        self._broken = False
        self.names: dict[str, int] = {}
        self.ids: dict[int, str | None] = {}
        self.fenced: set[str] = set()
        self.endings: dict[int, durable.Record] = {}
        """The ends of batches whose records are kept no longer."""
        if not path.exists() or path.stat().st_size == 0:
            durable.write_file(str(path), _line({"generation": secrets.token_hex(16)}), durable=True)
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        self.generation = self._load()
        self._next_id = max(self.ids, default=-1) + 1

    def is_in_place(self) -> bool:
        """Whether the file is still at its path: a state directory that was removed takes no more batches."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._fd))
        except OSError:
            return False

    def add_batch(self, name: str | None) -> int:
        """Take a name durably and return the batch's id. Raises Rejected when it can't be written."""
        batch_id = self._next_id
        self._append({"id": batch_id, "name": name, "at": time.time()})
        self._next_id += 1
        self.ids[batch_id] = name
        if name is not None:
            self.names[name] = batch_id
        return batch_id

    def add_fence(self, name: str) -> None:
        """Record durably that a name never started and never will. Raises Rejected when it can't be written."""
        self._append({"fence": name, "at": time.time()})
        self.fenced.add(name)

    def add_ending(self, batch_id: int, record: durable.Record) -> None:
        """Keep the end of a batch whose folder goes or is gone. Raises Rejected when it can't be written."""
        self._append({"ended": batch_id, "ending": record})
        self.endings[batch_id] = record

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _append(self, fact: durable.Record) -> None:
        with self._lock:
            if self._broken or not self.is_in_place():
                raise Rejected("the server's state directory is gone or damaged; restart the server.")
            size = os.fstat(self._fd).st_size
            try:
                durable.write_all(self._fd, _line(fact))
                os.fsync(self._fd)
            except OSError as error:
                # A half line would swallow the next one, so it goes; whether that worked decides about the rest.
                self._broken = True
                os.ftruncate(self._fd, size)
                os.fsync(self._fd)
                self._broken = False
                raise Rejected(f"the server's state directory can't be written: {error.strerror}.") from error

    def _load(self) -> str:
        generation: object = None
        for number, fact in enumerate(self._facts(), start=1):
            if number == 1:
                generation = fact.get("generation")
                continue
            batch_id, name = fact.get("id"), fact.get("name")
            fence, ended, record = fact.get("fence"), fact.get("ended"), fact.get("ending")
            if isinstance(batch_id, int) and (name is None or isinstance(name, str)):
                self.ids[batch_id] = name
                if name is not None:
                    self.names[name] = batch_id
            elif isinstance(fence, str):
                self.fenced.add(fence)
            elif isinstance(ended, int) and isinstance(record, dict):
                self.endings[ended] = record
            else:
                raise CommandServerError(f"Line {number} of {self._path} is not understood; restore it, or remove it.")
        if not isinstance(generation, str):
            raise CommandServerError(f"{self._path} has no generation; restore it, or remove it for a new one.")
        return generation

    def _facts(self) -> Iterator[durable.Record]:
        data = os.pread(self._fd, os.fstat(self._fd).st_size, 0)
        whole, _, torn = data.rpartition(b"\n")
        if torn:  # a power cut in the middle of a write: it was not acknowledged, so nothing was launched
            os.ftruncate(self._fd, len(data) - len(torn))
            os.fsync(self._fd)
        for line in whole.split(b"\n"):
            try:
                fact = json.loads(line)
            except ValueError:
                fact = None
            yield fact if isinstance(fact, dict) else {}


def _line(fact: durable.Record) -> bytes:
    return json.dumps(fact).encode() + b"\n"
