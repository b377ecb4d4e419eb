"""A stand-in for an Apache Livy that is not ours: its batch API, with no fence, no generation and no exit codes.

It launches nothing; a test says what becomes of a batch, and which request meets a fault.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.spark.fault_server import Behaviour, Connection, FaultServer, Request, answer, json_answer

_TEXTS = {"file", "proxyUser", "className", "driverMemory", "executorMemory", "queue", "name"}
_KEYS = _TEXTS | {
    "driverCores",
    "executorCores",
    "numExecutors",
    "args",
    "jars",
    "pyFiles",
    "files",
    "archives",
    "conf",
}
_TERMINAL = {"success", "dead", "killed", "error"}


@dataclass
class LivyBatch:
    """What Livy keeps of a batch."""

    batch_id: int
    name: str | None
    request: dict[str, Any]
    state: str = "running"
    app_id: str | None = None
    ui_url: str | None = None
    lines: list[str] = field(default_factory=lambda: ["stdout: ", "\nstderr: "])

    def as_json(self) -> dict[str, Any]:
        """All the keys that Livy 0.9 gives."""
        return {
            "id": self.batch_id,
            "name": self.name,
            "owner": None,
            "proxyUser": self.request.get("proxyUser"),
            "state": self.state,
            "appId": self.app_id,
            "appInfo": {"driverLogUrl": None, "sparkUiUrl": self.ui_url, "executorLogUrls": None},
            "log": self.lines[-10:],
        }


class PlainLivy(FaultServer):
    """Answers as Livy does; before and after put one fault in the way of the next request of a method."""

    def __init__(self, version: str = "0.9.0-incubating") -> None:
        super().__init__(self._behave)
        self.version = version
        self.batches: dict[int, LivyBatch] = {}
        self.kill_changes_state = True
        """False: DELETE says that it is done and the batch lives on."""
        self._next_id = 0
        self._change = threading.Lock()
        self._before: dict[str, deque[Behaviour]] = {}
        self._after: dict[str, deque[Behaviour]] = {}

    def before(self, method: str, behaviour: Behaviour) -> None:
        """The next request of that method meets this instead of Livy: it is not carried out."""
        self._before.setdefault(method, deque()).append(behaviour)

    def after(self, method: str, behaviour: Behaviour) -> None:
        """The next request of that method is carried out, and answered with this."""
        self._after.setdefault(method, deque()).append(behaviour)

    def named(self, name: str) -> LivyBatch:
        """The batch of that name."""
        return next(batch for batch in self.batches.values() if batch.name == name)

    def end(self, name: str, state: str, *lines: str) -> None:
        """Let a batch end, with last lines of its log."""
        batch = self.named(name)
        batch.lines += lines
        batch.state = state

    def restart(self) -> None:
        """Forget everything, as a Livy without recovery does: ids begin at 0 again."""
        with self._change:
            self.batches.clear()
            self._next_id = 0

    def _behave(self, connection: Connection) -> None:
        method = connection.request.method
        if self._before.get(method):
            self._before[method].popleft()(connection)
            return
        with self._change:
            respond = self._respond(connection.request)
        if self._after.get(method):
            respond = self._after[method].popleft()
        respond(connection)

    def _respond(self, request: Request) -> Behaviour:
        parts = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        match [unquote(part) for part in parts.path.strip("/").split("/")], request.method:
            case ["version"], "GET":
                return json_answer(
                    {"user": "livy", "revision": "r", "branch": "b", "date": "d", "url": "u", "version": self.version}
                )
            case ["batches"], "GET":
                return self._list(int(query.get("from", 0)), int(query.get("size", 100)))
            case ["batches"], "POST":
                return self._create(request.body)
            case ["batches", key], method:
                return self._with(
                    key, self._delete if method == "DELETE" else lambda batch: json_answer(batch.as_json())
                )
            case ["batches", key, "state"], "GET":
                return self._with(key, lambda batch: json_answer({"id": batch.batch_id, "state": batch.state}))
            case ["batches", key, "log"], "GET":
                return self._with(key, lambda batch: _log(batch, query))
        return answer(
            404, "<html><head><title>Error 404 Not Found</title></head></html>", "text/html;charset=iso-8859-1"
        )

    def _list(self, begin: int, size: int) -> Behaviour:
        batches = [batch.as_json() for _, batch in sorted(self.batches.items())]
        return json_answer({"from": begin, "total": len(batches), "sessions": batches[begin : begin + size]})

    def _with(self, key: str, then: Any) -> Behaviour:
        for batch in self.batches.values():
            if (key.isdigit() and batch.batch_id == int(key)) or batch.name == key:
                behaviour: Behaviour = then(batch)
                return behaviour
        return json_answer({"msg": f"Session '{key}' not found."}, 404)

    def _delete(self, batch: LivyBatch) -> Behaviour:
        if self.kill_changes_state:
            if batch.state not in _TERMINAL:
                batch.state = "killed"
            del self.batches[batch.batch_id]
        return json_answer({"msg": "deleted"})

    def _create(self, body: bytes) -> Behaviour:
        try:
            given = json.loads(body)
        except ValueError as error:
            return json_answer(f"Unexpected character: {error}", 400)
        batch_id, self._next_id = self._next_id, self._next_id + 1
        for key in given:
            if key not in _KEYS:
                return json_answer(
                    f'Unrecognized field "{key}" (class CreateBatchRequest), not marked as ignorable', 400
                )
        name, file = given.get("name"), given.get("file")
        for other in self.batches.values():
            if name is not None and other.name == name:
                return _rejected(f"Duplicate session name: Some({name}) for session {other.batch_id}")
        if name is not None and (not name or name.isdigit()):
            return _rejected(f"Invalid session name: {name}")
        if not file:
            return _rejected("requirement failed: File is required.")
        if "://" not in file and not file.startswith("/"):
            return _rejected(f"requirement failed: Path '{file}' is not absolute.")
        batch = self.batches[batch_id] = LivyBatch(batch_id, name, given)
        return json_answer(batch.as_json(), 201, {"Location": f"/batches/{batch_id}"})


def _rejected(reason: str) -> Behaviour:
    return json_answer({"msg": f"Rejected, Reason: {reason}"}, 400)


def _log(batch: LivyBatch, query: dict[str, str]) -> Behaviour:
    size = int(query.get("size", 100))
    size = len(batch.lines) if size < 0 else size
    begin = int(query.get("from", -1))
    begin = max(0, len(batch.lines) - size) if begin < 0 else begin
    return json_answer(
        {"id": batch.batch_id, "from": begin, "total": len(batch.lines), "log": batch.lines[begin : begin + size]}
    )
