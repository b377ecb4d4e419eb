"""What batches printed, on a command server: parts by Range, and searches that are bounded pieces of work."""

from __future__ import annotations

import msgspec

from pipeline_gui.pipeline.errors import SparkRefused
from pipeline_gui.pipeline.output import (
    OutputMatch,
    OutputPart,
    OutputSearch,
    OutputSearched,
    SearchNotKnown,
    Stream,
)
from pipeline_gui.spark.answers import own_words, says_unknown
from pipeline_gui.spark.client import LivyClient, batch_path
from pipeline_gui.spark.contact import ContactTracker
from pipeline_gui.spark.ranges import part_of
from pipeline_gui.spark.texts import clean
from pipeline_gui.spark.transport import Answer
from pipeline_gui.spark.wire import Natural


class WireMatch(msgspec.Struct):
    """One match."""

    offset: Natural
    length: Natural
    text: str = ""


class WireSearched(msgspec.Struct):
    """The answer to a piece of a search."""

    begin: Natural
    end: Natural
    total: Natural
    count: Natural
    found: list[WireMatch]


class BatchOutputs:
    """Reads and searches the outputs of one server's batches."""

    def __init__(self, client: LivyClient, contact: ContactTracker) -> None:
        self._client = client
        self._contact = contact

    def read(self, name: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """At most length bytes of an output from offset on; None: the last ones.

        Raises SparkUnavailable, and SparkRefused when there is no such batch.
        """
        wanted = f"bytes=-{length}" if offset is None else f"bytes={offset}-{offset + length - 1}"
        with self._contact.request():
            answer = self._client.send("GET", f"{batch_path(name)}/output/{stream}", byte_range=wanted)
            self._check_known(answer, name)
            part = part_of(answer)
            if part is None or len(part.data) > length:
                raise self._client.unusable(answer, "not the part that was asked for")
            return part

    def search(self, name: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """What the server finds in the time that it gives to one question.

        Raises SparkUnavailable, SparkRefused (no such batch; not an expression), SearchNotKnown (an older server).
        """
        with self._contact.request():
            path = f"{batch_path(name)}/output/{stream}/search"
            answer = self._client.send("GET", path, _parameters(wanted))
            self._check_known(answer, name)
            if answer.status == 404:
                raise SearchNotKnown("This command server is too old to search in a log.", status_code=404)
            if answer.status == 400 and (words := own_words(answer)):
                raise SparkRefused(words, status_code=400)
            said = self._client.expect(answer, WireSearched)
            found = tuple(OutputMatch(each.offset, each.length, each.text) for each in said.found)
            return OutputSearched(said.begin, said.end, said.total, said.count, found)

    def _check_known(self, answer: Answer, name: str) -> None:
        if says_unknown(answer, name):
            self._client.known.notice(answer.generation, genuine=True)
            raise SparkRefused(f"Spark has no log of {clean(name)} (any more).", status_code=404)


def _parameters(wanted: OutputSearch) -> dict[str, str]:
    parameters = {"text": wanted.text, "begin": str(wanted.begin), "most": str(wanted.most)}
    if wanted.end is not None:
        parameters["end"] = str(wanted.end)
    for name, is_set in (
        ("pattern", wanted.is_pattern),
        ("ignore_case", wanted.ignores_case),
        ("backward", wanted.is_backward),
        ("count", wanted.counts),
        ("lines", wanted.gives_lines),
        ("growing", wanted.is_growing),
    ):
        if is_set:
            parameters[name] = "true"
    return parameters
