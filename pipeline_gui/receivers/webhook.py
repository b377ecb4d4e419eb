"""A webhook: one POST of JSON, over a connection of its own. No redirect is followed, and no proxy used."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult

from pipeline_gui import __version__
from pipeline_gui.pipeline.alert import Letter, NotDelivered, ReceiverName
from pipeline_gui.receivers import failures
from pipeline_gui.receivers.failures import failed, said_text
from pipeline_gui.receivers.guard import Reach, guarded

LARGEST_ANSWER = 64 * 1024
REFUSALS = frozenset({400, 404, 405, 406, 410, 411, 413, 414, 415, 422})
"""Answers by which the same request will not fare better."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Receiver over HTTP."""

    name: ReceiverName
    url: SplitResult = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    reach: Reach
    tls: ssl.SSLContext | None

    def send(self, letter: Letter) -> str:
        """Tell it; its answer in words. Raises NotDelivered."""
        host = str(self.url.hostname)
        body = json.dumps(letter.body, ensure_ascii=False, default=str).encode("utf-8", "replace")
        path = (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"pipeline-gui/{__version__}",
            "Idempotency-Key": letter.key,
            "Connection": "close",
            **self.headers,
        }
        with guarded(self.reach, failures.SECONDS) as guard:
            connection = self._connection(host)
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                said = answer.read(LARGEST_ANSWER)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise failed(host, error, guard) from error
            finally:
                connection.close()
        return _judged(host, answer.status, answer.reason, said)

    def _connection(self, host: str) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(host, self.url.port, timeout=failures.STEP_SECONDS)
        return http.client.HTTPSConnection(host, self.url.port, timeout=failures.STEP_SECONDS, context=self.tls)


def _judged(host: str, status: int, reason: str, said: bytes) -> str:
    answer = f"{status} {reason}".strip() + (f": {said_text(said)}" if said.strip() else "")
    if 200 <= status < 300:
        return f"{host} answered {answer}"
    if 300 <= status < 400:
        sentence = f"{host} answered {status}, a redirect, which is not followed: name the address that it leads to."
        raise NotDelivered(sentence, is_refusal=True)
    raise NotDelivered(f"{host} answered {answer}", is_refusal=status in REFUSALS)
