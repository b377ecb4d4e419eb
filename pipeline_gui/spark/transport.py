"""One HTTP request and its whole answer: bounded in time and size, followed nowhere, never repeated."""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies

from pipeline_gui import __version__
from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkNotConnected, SparkUnavailable
from pipeline_gui.spark.address import is_loopback
from pipeline_gui.spark.attempt import Attempt
from pipeline_gui.spark.connection import AttemptAdapter
from pipeline_gui.spark.failures import broken_sentence, not_connected_sentence
from pipeline_gui.spark.resolver import Resolver
from pipeline_gui.spark.watchdog import Watchdog

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer's body; a batch's holds the last ten lines of its log, and Livy cuts no line."""

GENERATION_HEADER = "X-Pipeline-Generation"
"""In an answer: which server gave it. In a request: which server alone may carry it out."""

_HEADERS = {
    "User-Agent": f"pipeline-gui/{__version__}",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "Cache-Control": "no-cache",
}
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, whoever wrote it."""

    status: int
    media_type: str
    generation: str | None
    location: str | None
    body: bytes


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
        if url.startswith("https:") and self._tls is None:
            raise SparkNotConnected(f"{_server(url)} is asked only where the Spark server itself speaks TLS.")
        attempt = Attempt(timeout, self._connect_timeout, self._watchdog)
        try:
            return self._send(attempt, method, url, headers or {}, body, largest)
        except _FAILURES as failure:
            where_to = _server(url)
            if not attempt.connected:
                sentence = not_connected_sentence(attempt.failure or failure, attempt, where_to)
                raise SparkNotConnected(sentence) from failure
            raise SparkUnavailable(broken_sentence(failure, attempt, where_to)) from failure
        finally:
            attempt.end()

    def _send(
        self,
        attempt: Attempt,
        method: str,
        url: str,
        headers: Mapping[str, str | None],
        body: bytes | None,
        largest: int,
    ) -> Answer:
        # Without a session: it would keep cookies, put a ~/.netrc in the place of our token and ask proxies for this
        # computer's own addresses, and it takes as long to make as a request to make ready.
        given: Mapping[str, str | None] = {**_HEADERS, **headers}
        sent = {name: value for name, value in given.items() if value is not None}
        request = requests.Request(method, url, headers=sent, data=body).prepare()
        adapter = AttemptAdapter(attempt, self._resolver, self._tls)
        try:
            with adapter.send(
                request,
                stream=True,
                timeout=(attempt.connect_seconds, attempt.seconds),
                proxies={} if is_loopback(urlsplit(url).hostname or "") else get_environ_proxies(url),
            ) as response:
                return Answer(
                    response.status_code,
                    response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                    response.headers.get(GENERATION_HEADER),
                    response.headers.get("Location"),
                    _whole_body(response, attempt, largest),
                )
        finally:
            adapter.close()


def _whole_body(response: requests.Response, attempt: Attempt, largest: int) -> bytes:
    """The body, read raw: an encoding that nobody asked for could unpack to any size."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ValueError("it is compressed, though that was not asked for")
    parts: list[bytes] = []
    size = 0
    for part in response.raw.stream(65_536, decode_content=False):
        size += len(part)
        if size > largest:
            raise ValueError(f"it is longer than {largest // 1024:,} KB")
        parts.append(part)
    if attempt.expired:
        # The cut looks like the end of an answer that has no length.
        raise TimeoutError
    return b"".join(parts)


def make_tls_context(ca_file: str | None) -> ssl.SSLContext:
    """What is trusted: the file given, else the one of the environment, else the system's and the bundled.

    Raises ConfigurationInvalid.
    """
    named = ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    try:
        if named:
            folder = os.path.isdir(named)
            return ssl.create_default_context(cafile=None if folder else named, capath=named if folder else None)
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context
    except (OSError, ssl.SSLError):
        sentence = f"The file of trusted certificates {named or DEFAULT_CA_BUNDLE_PATH} can't be read."
        raise ConfigurationInvalid(sentence, field="spark_ca_file") from None


def _server(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
