"""A real HTTP receiver that answers, fails, hangs, drips, redirects, breaks off."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Received:
    """A request that came in whole."""

    path: str
    headers: dict[str, str]
    body: Any

    @property
    def key(self) -> str:
        """By which a repetition is told."""
        return self.headers["Idempotency-Key"]


@dataclass
class Hook:
    """A receiver on this computer, whose mood a test sets."""

    mood: str = "ok"
    """ok, hang, drip, large, redirect, cut, echo, or a status."""
    received: list[Received] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    leave: threading.Event = field(default_factory=threading.Event)
    on_request: Any = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}/hook/s3cret-path"

    def run_ids(self) -> list[str | None]:
        """Of what was told, in order."""
        return [alert["run_id"] for each in self.received for alert in each.body["alerts"]]


@contextmanager
def hook(certificate: Path | None = None, port: int = 0) -> Iterator[Hook]:
    """One that runs."""
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if made.on_request is not None:
                made.on_request()
            mood = made.mood
            if mood == "hang":
                made.leave.wait(60)
                return
            if mood == "cut":
                self.wfile.write(b"HTTP/1.1 20")
                return
            try:
                parsed = json.loads(body)
            except ValueError:
                parsed = body
            if mood in ("ok", "echo", "large", "drip"):
                made.received.append(Received(self.path, dict(self.headers), parsed))
            status = 200 if not mood.isdigit() else int(mood)
            self.send_response(302 if mood == "redirect" else status)
            if mood == "redirect":
                self.send_header("Location", made.url)
            if mood == "drip":
                self.end_headers()
                while not made.leave.wait(0.05):
                    self.wfile.write(b".")
                return
            said = b"thanks"
            if mood == "echo":
                said = f"{self.path} {self.headers['Authorization']}".encode()
            if mood == "large":
                self.send_header("Content-Length", str(1 << 40))
                self.end_headers()
                while not made.leave.is_set():
                    self.wfile.write(b"x" * 65536)
                return
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that leave are meant to."""

    server = _bind(Server, Handler, port)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        made.scheme = "https"
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.leave.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _bind(server: Any, handler: Any, port: int) -> ThreadingHTTPServer:
    deadline = time.monotonic() + 5
    while True:
        try:
            made: ThreadingHTTPServer = server(("127.0.0.1", port), handler)
            return made
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
