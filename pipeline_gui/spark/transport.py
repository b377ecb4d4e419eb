"""One HTTP request and its whole answer: bounded in time and size, followed nowhere, never repeated."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline_gui.pipeline.errors import SparkNotConnected
from pipeline_gui.spark.attempt import Attempt
from pipeline_gui.spark.resolver import Resolver
from pipeline_gui.spark.watchdog import Watchdog

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer's body; a batch's holds the last ten lines of its log, and Livy cuts no line."""

GENERATION_HEADER = "X-Pipeline-Generation"
"""In an answer: which server gave it. In a request: which server alone may carry it out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, whoever wrote it."""

    status: int
    media_type: str
    generation: str | None
    location: str | None
    body: bytes
    content_range: str | None = None


class Transport:
    """Sends requests, each over a connection of its own, so that threads share nothing and no dead connection is met.

    A pooled one may have been closed by the server just as a POST is sent, and then nobody knows what became of it.
    """

    def __init__(self, connect_timeout: float, tls: ssl.SSLContext | None) -> None:
        self._connect_timeout = connect_timeout
        self._resolver = Resolver()
        self._watchdog = Watchdog()
        self._tls = tls

    def close(self) -> None:
        """Cut what is still under way; a request after it works all the same."""
        self._watchdog.close()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        timeout: float,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        largest: int = LARGEST_ANSWER,
    ) -> Answer:
        """Send one request and read its whole answer within timeout seconds.

        Raises SparkNotConnected when surely nothing was delivered, SparkUnavailable when it may have been.
        """
        # With the first request and not before: requests takes a while to load, and a window shows its rows meanwhile.
        from pipeline_gui.spark.exchange import exchange

        if url.startswith("https:") and self._tls is None:
            raise SparkNotConnected(f"{place_of(url)} is asked only where the Spark server itself speaks TLS.")
        attempt = Attempt(timeout, self._connect_timeout, self._watchdog)
        try:
            return exchange(attempt, self._resolver, self._tls, method, url, headers or {}, body, largest)
        finally:
            attempt.end()


def place_of(url: str) -> str:
    """The server of a URL, for people."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
