"""A network that loses, delays, repeats and cuts: one TCP proxy before the database, one before the command server."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from enum import StrEnum
from types import TracebackType
from typing import Self

_BUFFER = 65536


class Trouble(StrEnum):
    """What the network does to what goes through it now."""

    NONE = "none"
    REFUSED = "refused"
    """Nobody listens."""
    HANGS = "hangs"
    """Nothing arrives, and no answer comes until the caller's own deadline."""
    ANSWER_LOST = "timed out"
    """It arrives and has its effect; no answer comes until the caller's deadline."""
    CUT = "cut"
    """It arrives, and the connection breaks in the middle of the answer."""
    TWICE = "twice"
    """It arrives twice; the second answer comes back."""
    LATE = "late"
    """No answer comes until the caller's deadline; it arrives when `deliver` is called."""


class Proxy:
    """Forwards TCP to one server, under the trouble of the moment. Every connection is a thread or two."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._lock = threading.Lock()
        self._trouble = Trouble.NONE
        self._withheld: list[tuple[socket.socket, bytes]] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_listening()
        self.cut_everything()

    @property
    def trouble(self) -> Trouble:
        """What happens to what goes through now."""
        return self._trouble

    def begin(self, trouble: Trouble) -> None:
        """From here on; connections that stand are in trouble too."""
        self._trouble = trouble
        if trouble is Trouble.REFUSED:
            self._stop_listening()
            self.cut_everything()

    def heal(self) -> None:
        """Forward again; connections on which something was lost are broken, as their callers gave them up."""
        before, self._trouble = self._trouble, Trouble.NONE
        if before is Trouble.REFUSED:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
            self._accepting.start()
        elif before is not Trouble.NONE:
            self.cut_everything()

    def deliver(self) -> int:
        """What was late arrives now; how many pieces that were."""
        with self._lock:
            withheld, self._withheld = self._withheld, []
        for server, data in withheld:
            with contextlib.suppress(OSError):
                server.sendall(data)
                server.settimeout(3)
                while server.recv(_BUFFER):
                    pass
            server.close()
        return len(withheld)

    def cut_everything(self) -> None:
        """End every connection."""
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    # --- inside -------------------------------------------------------------------------------------------------

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open |= {client, server}
        sent = bytearray()
        answering = threading.Thread(target=self._answer, args=(server, client, sent), daemon=True)
        answering.start()
        kept = self._ask(client, server, sent)
        if not kept:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
        answering.join(15)
        self._open -= {client, server}
        client.close()
        if not kept:
            server.close()

    def _ask(self, client: socket.socket, server: socket.socket, sent: bytearray) -> bool:
        """Forward what the client says; whether the server's end is kept for a late delivery."""
        late = bytearray()
        while True:
            try:
                data = client.recv(_BUFFER)
            except OSError:
                data = b""
            if not data:
                break
            sent += data
            if self._trouble is Trouble.LATE or late:
                late += data
            elif self._trouble is not Trouble.HANGS:
                with contextlib.suppress(OSError):
                    server.sendall(data)
        if late:
            with self._lock:
                # A client that gives up says farewell (PostgreSQL's X): that was never on its way.
                self._withheld.append((server, bytes(late).removesuffix(b"X\x00\x00\x00\x04")))
            return True
        return False

    def _answer(self, server: socket.socket, client: socket.socket, sent: bytearray) -> None:
        """Forward what the server says."""
        while True:
            try:
                data = server.recv(_BUFFER)
            except OSError:
                data = b""
            if not data:
                break
            trouble = self._trouble
            if trouble is Trouble.CUT:
                with contextlib.suppress(OSError):
                    client.sendall(data[: len(data) // 2])
                break
            if trouble is Trouble.TWICE:
                data = self._send_again(bytes(sent))
            if trouble in (Trouble.HANGS, Trouble.ANSWER_LOST, Trouble.LATE):
                continue
            with contextlib.suppress(OSError):
                client.sendall(data)
            if trouble is Trouble.TWICE:
                break
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _send_again(self, request: bytes) -> bytes:
        """The answer to a second delivery of an HTTP request."""
        with socket.create_connection(self._server, timeout=10) as server:
            server.sendall(request)
            answer = b""
            while not _is_whole(answer):
                data = server.recv(_BUFFER)
                if not data:
                    break
                answer += data
        return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and (length is None or len(body) >= int(length[1]))
