"""Asking a Livy for what it gives, and taking nothing else for an answer."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote, urlencode

from pipeline_gui.pipeline.batch import Batch, ServerIdentity
from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable
from pipeline_gui.spark.address import Address
from pipeline_gui.spark.answers import NEEDS_NAMES, unusable
from pipeline_gui.spark.identity import IdentityCache
from pipeline_gui.spark.texts import clean
from pipeline_gui.spark.transport import GENERATION_HEADER, Answer, Transport
from pipeline_gui.spark.wire import (
    LONGEST_ID,
    NotLivys,
    Version,
    WireBatch,
    WireBatches,
    batch_of,
    decode,
    plain,
)

OUR_KIND = "pipeline-gui"

T = TypeVar("T")


class LivyClient:
    """Requests to one server, and the checks that every answer passes; timeout is in seconds, for a whole request."""

    def __init__(self, address: Address, transport: Transport, timeout: float) -> None:
        self.address = address
        self.known = IdentityCache()
        self._transport = transport
        self._timeout = timeout

    def send(
        self,
        method: str,
        path: str,
        parameters: dict[str, str] | None = None,
        *,
        timeout: float | None = None,
        body: bytes | None = None,
        generation: str | None = None,
        byte_range: str | None = None,
    ) -> Answer:
        """One request, for a server of that generation only where one is given.

        Raises SparkNotConnected or SparkUnavailable.
        """
        query = f"?{urlencode(parameters)}" if parameters else ""
        headers = {
            "Accept": "application/json",
            # Livy's guard against requests from other sites' pages wants it, with any value.
            "X-Requested-By": OUR_KIND,
            "Authorization": self.address.authorization,
            "Content-Type": None if body is None else "application/json",
            GENERATION_HEADER: generation,
            "Range": byte_range,
        }
        answer = self._transport.exchange(
            method,
            f"{self.address.url}{path}{query}",
            timeout=self._timeout if timeout is None else timeout,
            headers=headers,
            body=body,
        )
        self.known.notice(answer.generation, genuine=False)
        return answer

    def expect(self, answer: Answer, kind: type[T], statuses: tuple[int, ...] = (200,)) -> T:
        """The body of an answer that is as it should be. Raises SparkUnavailable."""
        if answer.status not in statuses or answer.media_type != "application/json":
            raise self.unusable(answer)
        try:
            said = decode(answer.body, kind)
        except NotLivys as wrong:
            raise self.unusable(answer, str(wrong)) from None
        self.known.notice(answer.generation, genuine=True)
        return said

    def batch(self, answer: Answer, name: str, statuses: tuple[int, ...] = (200,)) -> Batch:
        """The batch of that name and no other. Raises SparkUnavailable, SparkRefused on a Livy without names."""
        wire = self.expect(answer, WireBatch, statuses)
        if wire.name is None:
            raise SparkRefused(NEEDS_NAMES, status_code=answer.status)
        if wire.name != name:
            raise self.unusable(answer, "a batch of another name")
        return self.checked(answer, wire)

    def checked(self, answer: Answer, wire: WireBatch) -> Batch:
        """A batch of an answer, fit to record. Raises SparkUnavailable."""
        try:
            return batch_of(wire, self.address.url, plain(answer.generation))
        except NotLivys as wrong:
            raise self.unusable(answer, str(wrong)) from None

    def unusable(self, answer: Answer, why: str = "") -> SparkUnavailable:
        """The error for an answer that tells nothing."""
        return unusable(answer, self.address, why)

    def ask_identity(self) -> ServerIdentity:
        """Which server this is. Raises SparkUnavailable."""
        answer = self.send("GET", "/version")
        if answer.status in (401, 403) or answer.status >= 500:
            raise self.unusable(answer)
        said = _version(answer)
        if said is None:
            # Several Livys have no such page. A list of batches shows that it is one.
            self.expect(self.send("GET", "/batches", {"from": "0", "size": "1"}), WireBatches)
            return ServerIdentity(self.address.url, None, "unknown")
        version = clean(said.version, LONGEST_ID) or "unknown"
        if said.kind != OUR_KIND:
            return ServerIdentity(self.address.url, None, version)
        generation = plain(said.generation)
        if generation is None:
            raise self.unusable(answer, "no generation")
        return ServerIdentity(self.address.url, generation, version)


def batch_path(name: str) -> str:
    """The path of a batch. Raises SparkUnavailable for a name that would lead elsewhere."""
    if name in ("", ".", "..") or name.isdigit():
        # Livy would take digits for an id, and so for another's batch; the others are other pages.
        raise SparkUnavailable(f"Spark can't be asked for a batch named {clean(name, 60)!r}.")
    return f"/batches/{quote(name, safe='')}"


def _version(answer: Answer) -> Version | None:
    if answer.status != 200 or answer.media_type != "application/json":
        return None
    try:
        return decode(answer.body, Version)
    except NotLivys:
        return None
