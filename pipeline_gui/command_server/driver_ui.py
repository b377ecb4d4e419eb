"""The driver's own UI and REST API: finding it, and a read-only way to it."""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from pipeline_gui.command_server import durable, folder, processes, sockets
from pipeline_gui.command_server.batch import Batch, UserInterface
from pipeline_gui.command_server.errors import BadGateway, Unavailable

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes."""
DEADLINE_SECONDS = 10.0
_SOCKET_SECONDS = 3.0
_SEARCHED = 4 * 1024 * 1024
"""Bytes at the beginning of the driver's log in which it says where its UI is."""
_PORT = re.compile(rb"service 'SparkUI' on port (\d{1,5})\b|started at https?://\S+?:(\d{1,5})\b")
_APPLICATION = re.compile(
    rb"Connected to Spark cluster with app ID (app-\d+-\d+)|Submitted application (application_\d+_\d+)"
)
_KILLS = re.compile(r"(^|/)kill/?$")


@dataclass(frozen=True, slots=True)
class UiAnswer:
    """What the driver's UI answered, as far as it is passed on."""

    status_code: int
    content_type: str
    body: bytes
    location: str | None


def discover(batch: Batch) -> None:
    """Look for the driver's UI and the application's id, and keep them with the batch. Raises OSError."""
    news = _read_on(batch)
    batch.ui_ports |= {int(match[1] or match[2]) for match in _PORT.finditer(news)}
    if batch.user_interface is None and batch.ui_ports:
        batch.user_interface = _verified(batch)
    if batch.application_id is not None:
        return
    found = _APPLICATION.search(news)
    if found:
        batch.application_id = (found[1] or found[2]).decode()
    elif batch.user_interface is not None:
        batch.application_id = _ask_application_id(batch)
    if batch.application_id is not None:
        durable.write_record(str(batch.path / folder.APPLICATION), {"appId": batch.application_id})


def _read_on(batch: Batch) -> bytes:
    """What the log's beginning has had of whole lines since the last look."""
    try:
        with (batch.path / folder.STDERR).open("rb") as file:
            file.seek(batch.bytes_searched)
            news = file.read(max(0, _SEARCHED - batch.bytes_searched))
    except FileNotFoundError:
        return b""
    news = news[: news.rfind(b"\n") + 1]
    batch.bytes_searched += len(news)
    return news


def _verified(batch: Batch) -> UserInterface | None:
    """The UI that the log names, if its socket is the batch's own: a pipeline may print anything into its log."""
    pids = [pid for pid, _ in processes.survivors(lambda value: value == batch.marker)]
    owned = sockets.owned_inodes(pids)
    for port in sorted(batch.ui_ports):
        for host, inode in sockets.listeners(port):
            if inode in owned:
                return UserInterface(host, port, inode)
    return None


def _ask_application_id(batch: Batch) -> str | None:
    try:
        answer = fetch(batch, "/api/v1/applications", "")
        applications = json.loads(answer.body)
        found = applications[0]["id"] if answer.status_code == 200 else None
    except (BadGateway, Unavailable, ValueError, LookupError, TypeError):
        return None  # not up yet: asked again at the next look
    return found if isinstance(found, str) and re.fullmatch(r"[\w.-]{1,200}", found) else None


def fetch(batch: Batch, path: str, query: str) -> UiAnswer:
    """GET a path of the driver's UI. Raises Unavailable when there is none now, BadGateway when it answers badly."""
    if any(part in (".", "..") for part in path.split("/")) or _KILLS.search(path) or re.search(r"[\x00-\x1f\\]", path):
        raise Unavailable("There is no such path in the driver's UI.")
    where = batch.user_interface
    if where is None or batch.ending is not None:
        raise Unavailable(f"Session '{batch.name or batch.batch_id}' has no UI now.")
    if (where.host, where.inode) not in sockets.listeners(where.port):
        # The port may be anyone's by now.
        batch.user_interface = None
        raise Unavailable(f"Session '{batch.name or batch.batch_id}' has no UI now.")
    target = quote(path or "/", safe="/:@!$&'()*+,;=-._~") + (f"?{query}" if query else "")
    try:
        return _get(where, target, f"/batches/{batch.batch_id}/ui")
    except (OSError, http.client.HTTPException) as error:
        raise BadGateway(f"The driver's UI did not answer: {error}.") from error


def _get(where: UserInterface, target: str, prefix: str) -> UiAnswer:
    deadline = time.monotonic() + DEADLINE_SECONDS
    connection = http.client.HTTPConnection(where.host, where.port, timeout=_SOCKET_SECONDS)
    try:
        # Spark writes its links below this prefix.
        headers = {"X-Forwarded-Context": prefix, "Accept-Encoding": "identity", "Connection": "close"}
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        body = bytearray()
        while chunk := response.read1(65_536):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise BadGateway(f"The driver's UI answered with over {LARGEST_ANSWER:,} bytes.")
            if time.monotonic() > deadline:
                raise BadGateway(f"The driver's UI took over {DEADLINE_SECONDS:.0f} seconds.")
        content_type = response.headers.get("Content-Type") or "application/octet-stream"
        return UiAnswer(response.status, content_type, bytes(body), _location(response, where, prefix))
    finally:
        connection.close()


def _location(response: http.client.HTTPResponse, where: UserInterface, prefix: str) -> str | None:
    """Where a redirect leads, below our own path; elsewhere it is not passed on."""
    given = response.headers.get("Location")
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.netloc and parts.netloc not in (f"{where.host}:{where.port}", f"localhost:{where.port}"):
        raise BadGateway("The driver's UI answered with a redirect to another server.")
    path = parts.path if parts.path.startswith(prefix) else prefix + parts.path
    return path + (f"?{parts.query}" if parts.query else "")
