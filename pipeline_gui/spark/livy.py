"""The SparkServer port over Livy's batch API: our command server's, and any other Livy's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from pipeline_gui.pipeline.batch import Batch, Fence, LogPage, ServerIdentity
from pipeline_gui.pipeline.configuration import Configuration
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.errors import SparkNotConnected, SparkRefused, SparkUnavailable, SparkUnclear
from pipeline_gui.pipeline.output import OutputPart, OutputSearch, OutputSearched, Stream
from pipeline_gui.pipeline.record import Contact
from pipeline_gui.spark.address import parse_address
from pipeline_gui.spark.answers import refusal, says_unknown
from pipeline_gui.spark.body import livy_body
from pipeline_gui.spark.client import LivyClient, batch_path
from pipeline_gui.spark.contact import ContactTracker
from pipeline_gui.spark.outputs import BatchOutputs
from pipeline_gui.spark.precheck import check_local_files
from pipeline_gui.spark.progress import ProgressReader
from pipeline_gui.spark.texts import clean
from pipeline_gui.spark.tls import make_tls_context
from pipeline_gui.spark.transport import Transport
from pipeline_gui.spark.wire import NotLivys, WireBatches, WireFence, WireLog, fence_of, log_of

if TYPE_CHECKING:
    from pipeline_gui.pipeline.figures import RunFigures
    from pipeline_gui.spark.figures import FiguresReader

KILL_SECONDS = 10.0
"""How long a plain Livy may take to kill; on YARN it can take 120 s, but it goes on without anybody waiting."""
PAGE = 100
MOST_PAGES = 200


class LivyServer:
    """One server; every request has a deadline for the whole of it, goes over a fresh connection and is never repeated.

    timeout is the deadline of a request in seconds, connect_timeout what of it may pass until the connection stands.
    ca_file names the certificates to trust instead of the system's. files_are_local says that the server runs on this
    computer as this user, so that files can be checked beforehand.
    Raises ConfigurationInvalid for an address, a token or a file of certificates that can't be one.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        ca_file: str | None = None,
        connect_timeout: float = 3.0,
        timeout: float = 5.0,
        files_are_local: bool = False,
    ) -> None:
        address = parse_address(url, token)
        tls = make_tls_context(ca_file) if address.url.startswith("https:") else None
        self._transport = Transport(connect_timeout, tls)
        self._client = LivyClient(address, self._transport, timeout)
        self._contact = ContactTracker()
        self._progress = ProgressReader(self._transport, address)
        self._outputs = BatchOutputs(self._client, self._contact)
        self._files_are_local = files_are_local

    @property
    def url(self) -> str:
        """The server's address, without secrets."""
        return self._client.address.url

    def contact(self) -> Contact:
        """Whether the server answered this process's last request; asks nothing."""
        return self._contact.contact

    def close(self) -> None:
        """Cut the requests that are under way; no connection outlives its request."""
        self._transport.close()

    def identity(self, *, fresh: bool = False) -> ServerIdentity:
        """Which server this is; asked once, then as every later answer of the server says it."""
        known = self._client.known.get()
        if known is not None and not fresh:
            return known
        with self._contact.request():
            identity = self._client.ask_identity()
        self._client.known.put(identity)
        return identity

    def precheck(self, configuration: Configuration) -> None:
        """Refuse files that are surely not there, if they are this computer's. Raises ConfigurationInvalid."""
        if self._files_are_local:
            check_local_files(configuration)

    def submit(self, name: str, configuration: Configuration, timeout: float, generation: str | None = None) -> Batch:
        """Launch under a name, once, within timeout seconds, on the server of that generation and no other.

        Raises SparkRefused, SparkNotConnected or SparkUnclear.
        """
        batch_path(name)
        body = msgspec.json.encode(livy_body(name, configuration))
        with self._contact.request():
            try:
                answer = self._client.send("POST", "/batches", timeout=timeout, body=body, generation=generation)
            except SparkNotConnected:
                raise
            except SparkUnavailable as unclear:
                raise _unclear(unclear) from unclear
            refused = refusal(answer, name, self._client.address.secrets)
            if refused is not None:
                raise refused
            try:
                return self._client.batch(answer, name, (200, 201))
            except (SparkUnavailable, SparkRefused) as unclear:
                # It may have been launched, whatever the answer lacks.
                raise _unclear(unclear) from unclear

    def find(self, name: str) -> Batch | None:
        """The batch of that name; None only when the server itself says that it has none."""
        path = batch_path(name)
        with self._contact.request():
            answer = self._client.send("GET", path)
            if says_unknown(answer, name):
                self._client.known.notice(answer.generation, genuine=True)
                return None
            return self._client.batch(answer, name)

    def fence(self, name: str, grace_seconds: float) -> Fence:
        """One step of making sure that nothing of the name lives or ever starts.

        Raises SparkRefused where it can't be done.
        """
        path = batch_path(name)
        if not self.identity().can_fence:
            # There the parameters would be ignored, and the DELETE be a kill that proves nothing.
            raise self._cannot_fence()
        with self._contact.request():
            answer = self._client.send("DELETE", path, {"fence": "true", "grace": f"{grace_seconds:g}"})
            if answer.generation is None and (answer.status == 200 or says_unknown(answer, name)):
                self._client.known.notice(None, genuine=True)
                raise self._cannot_fence()
            wire = self._client.expect(answer, WireFence, (200, 202))
            if wire.name != name:
                raise self._client.unusable(answer, "a fence of another name")
            try:
                return fence_of(wire, finished=answer.status == 200)
            except NotLivys as wrong:
                raise self._client.unusable(answer, str(wrong)) from None

    def kill(self, name: str) -> None:
        """Livy's plain DELETE, for servers that can't fence; its success proves nothing."""
        path = batch_path(name)
        with self._contact.request():
            answer = self._client.send("DELETE", path, timeout=KILL_SECONDS)
            if not says_unknown(answer, name) and answer.status not in (200, 202, 204):
                raise self._client.unusable(answer)

    def alive(self, prefix: str) -> list[Batch]:
        """The batches that have not ended and whose names begin with prefix."""
        found: dict[str, Batch] = {}
        begin = 0
        with self._contact.request():
            for _ in range(MOST_PAGES):
                # A plain Livy ignores alive and lists all that it keeps, so it is filtered here as well.
                answer = self._client.send("GET", "/batches", {"alive": "true", "from": str(begin), "size": str(PAGE)})
                page = self._client.expect(answer, WireBatches)
                for wire in page.sessions:
                    # What is not ours is not even looked at: it can't be in the way of what is.
                    if wire.name is not None and wire.name.startswith(prefix):
                        found[wire.name] = self._client.checked(answer, wire)
                begin += len(page.sessions)
                if not page.sessions or begin >= page.total:
                    return [batch for batch in found.values() if not batch.state.is_terminal]
            raise SparkUnavailable(
                f"{self.url} lists more than {PAGE * MOST_PAGES:,} batches, too many to look through."
            )

    def log(self, name: str, start: int | None = None, size: int = 100) -> LogPage:
        """Lines of the log from start; None: the last ones. Raises SparkRefused when there is no such log."""
        path = batch_path(name)
        parameters = {"size": str(size)} if start is None else {"from": str(start), "size": str(size)}
        with self._contact.request():
            answer = self._client.send("GET", f"{path}/log", parameters)
            if says_unknown(answer, name):
                self._client.known.notice(answer.generation, genuine=True)
                raise SparkRefused(f"Spark has no log of {clean(name)} (any more).", status_code=404)
            return log_of(self._client.expect(answer, WireLog), size)

    def output(self, name: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """At most length bytes of an output from offset on; None: the last ones. For a server that keeps them whole.

        Raises SparkUnavailable, and SparkRefused when there is no such batch.
        """
        return self._outputs.read(name, stream, offset, length)

    def search_output(self, name: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """A bounded piece of a search. Raises SparkUnavailable, SparkRefused, SearchNotKnown."""
        return self._outputs.search(name, stream, wanted)

    def progress(self, batch: Batch) -> Progress | None:
        """What the driver's own REST API says, or None while it says nothing."""
        return self._progress.read(batch)

    def figures(self, batch: Batch) -> RunFigures | None:
        """What a run's work amounts to, as the driver's own REST API says it, or None while it says nothing."""
        return self._figures.read(batch)

    @cached_property
    def _figures(self) -> FiguresReader:
        from pipeline_gui.spark.figures import FiguresReader

        return FiguresReader(self._transport, self._client.address)

    def _cannot_fence(self) -> SparkRefused:
        return SparkRefused(f"{self.url} is a plain Livy, which can't promise that a run never starts.", status_code=0)


def _unclear(why: Exception) -> SparkUnclear:
    return SparkUnclear(f"It is not known whether Spark started it. {why}")
