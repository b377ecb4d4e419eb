"""One HTTP request and its whole answer, by requests; imported with the first request, since that takes a while."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies

from pipeline_gui import __version__
from pipeline_gui.pipeline.errors import SparkNotConnected, SparkUnavailable
from pipeline_gui.spark.address import is_loopback
from pipeline_gui.spark.attempt import Attempt
from pipeline_gui.spark.connection import AttemptAdapter
from pipeline_gui.spark.failures import broken_sentence, not_connected_sentence
from pipeline_gui.spark.resolver import Resolver
from pipeline_gui.spark.transport import GENERATION_HEADER, Answer, place_of

_HEADERS = {
    "User-Agent": f"pipeline-gui/{__version__}",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "Cache-Control": "no-cache",
}
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


def exchange(
    attempt: Attempt,
    resolver: Resolver,
    tls: ssl.SSLContext | None,
    method: str,
    url: str,
    headers: Mapping[str, str | None],
    body: bytes | None,
    largest: int,
) -> Answer:
    """Send one request and read its whole answer, at most largest bytes, within the attempt.

    Raises SparkNotConnected when surely nothing was delivered, SparkUnavailable when it may have been.
    """
    try:
        return _send(attempt, resolver, tls, method, url, headers, body, largest)
    except _FAILURES as failure:
        where_to = place_of(url)
        if not attempt.connected:
            sentence = not_connected_sentence(attempt.failure or failure, attempt, where_to)
            raise SparkNotConnected(sentence) from failure
        raise SparkUnavailable(broken_sentence(failure, attempt, where_to)) from failure


def _send(
    attempt: Attempt,
    resolver: Resolver,
    tls: ssl.SSLContext | None,
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
    adapter = AttemptAdapter(attempt, resolver, tls)
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
                response.headers.get("Content-Range"),
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
