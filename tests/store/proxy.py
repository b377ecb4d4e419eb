"""A network between the program and its database that can fall silent, or be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Proxy:
    """Forwards TCP to the database of a URL; what it does not forward is lost, and no one is told."""

    def __init__(self, url: str) -> None:
        target = conninfo_to_dict(url)
        self._server = (str(target["host"]), int(str(target["port"])))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = make_conninfo(url, port=self._listener.getsockname()[1])
        self._flowing = threading.Event()
        self._answers = threading.Event()
        self._flowing.set()
        self._answers.set()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._turns: list[str] = []

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self.resume()
        self.cut()
        # A connection of our own wakes the thread that accepts.
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname(), timeout=2):
            pass
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def stall(self) -> None:
        """Forward nothing any more, in both directions; connections stay open."""
        self._flowing.clear()

    def withhold_answers(self) -> None:
        """Forward what clients say, and nothing of what the server says."""
        self._answers.clear()

    @property
    def round_trips(self) -> int:
        """How often a client spoke after the server had: what a slow network would cost."""
        return self._turns.count("client")

    def forget_round_trips(self) -> None:
        """Count from here."""
        self._turns.clear()

    def resume(self) -> None:
        """Forward again; connections from before get what was held back."""
        self._flowing.set()
        self._answers.set()

    def cut(self) -> None:
        """End every connection."""
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed:
            client, _ = self._listener.accept()
            if self._closed:
                client.close()
                return
            server = socket.create_connection(self._server, timeout=10)
            server.settimeout(None)
            self._sockets += [client, server]
            self._begin(self._forward, client, server, "client", (self._flowing,))
            self._begin(self._forward, server, client, "server", (self._flowing, self._answers))

    def _begin(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _forward(
        self, source: socket.socket, sink: socket.socket, who: str, gates: tuple[threading.Event, ...]
    ) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.recv(65536):
                for gate in gates:
                    gate.wait(60)
                if self._turns[-1:] != [who]:
                    self._turns.append(who)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
