"""What a run printed, by bytes: from a server that keeps it whole, or the last lines of a plain Livy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkRefused
from pipeline_gui.pipeline.figures import FiguresSource
from pipeline_gui.pipeline.output import OutputPart, OutputSearch, OutputSearched, OutputServer, SearchNotKnown, Stream
from pipeline_gui.pipeline.ports import RunStore, SparkServer
from pipeline_gui.run_log import STDERR
from pipeline_gui.spark.address import is_loopback

LINES_OF_LIVY = 200
_NOTE = f"This Spark server is a plain Livy: it keeps the last {LINES_OF_LIVY} lines, and these are they."


class Server(SparkServer, OutputServer, FiguresSource, Protocol):
    """All of it, as the client of a Spark server is."""


class RunOutputs:
    """Reads the outputs of runs. Thread-safe; blocks."""

    def __init__(self, store: RunStore, spark: Server) -> None:
        self._store = store
        self._spark = spark
        self._last: tuple[str, str] = ("", "")
        """The run that was asked for last, and its batch: a log is followed with one question and not two."""

    def read(self, run_id: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """At most length bytes from offset on; None: the last ones.

        Raises StoreUnavailable, SparkUnavailable, SparkRefused, ConfigurationInvalid where there is no such run.
        """
        batch = self._batch(run_id)
        if self._spark.identity().can_fence:
            return self._spark.output(batch, stream, offset, length)
        lines = _part(list(self._spark.log(batch, None, LINES_OF_LIVY).lines), stream)
        data = "".join(f"{line}\n" for line in lines).encode()
        return OutputPart(0, len(data), data, _NOTE)

    def search(self, run_id: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """A bounded piece of a search in the whole output.

        Raises SearchNotKnown where the server can't, and what read raises.
        """
        batch = self._batch(run_id)
        if not self._spark.identity().can_fence:
            raise SearchNotKnown("A plain Livy can't search in a log.", status_code=404)
        return self._spark.search_output(batch, stream, wanted)

    def ui_address(self, run_id: str) -> str | None:
        """Where a browser finds Spark's own UI of a running run; None while there is none. Raises as read does."""
        batch = self._spark.find(self._batch(run_id))
        if batch is None or batch.state.is_terminal:
            return None
        if not self._spark.identity().can_fence:
            return batch.ui_url
        host = urlsplit(self._spark.url).hostname
        if batch.driver_ui_port is None or host is None:
            return None
        if is_loopback(batch.driver_ui_host or "") and not is_loopback(host):
            return None  # only a browser on the server's own host could open it
        return f"http://{f'[{host}]' if ':' in host else host}:{batch.driver_ui_port}/"

    def _batch(self, run_id: str) -> str:
        known, batch = self._last
        if known == run_id:
            return batch
        record = self._store.find(run_id)
        if record is None:
            raise ConfigurationInvalid(f"There is no run {run_id!r}.")
        if record.engine is None:
            raise SparkRefused("Another program made this run, so its log is not known here.", status_code=404)
        self._last = run_id, record.engine.batch_name
        return record.engine.batch_name


def _part(lines: Sequence[str], stream: Stream) -> Sequence[str]:
    """One of the two parts of a log in Livy's form; what follows them, YARN's own lines, belongs to the second."""
    heading = next((position for position, line in enumerate(lines) if line == STDERR), None)
    if heading is None:
        return lines if stream is Stream.STDOUT else ()
    if stream is Stream.STDERR:
        return lines[heading + 1 :]
    return [line for position, line in enumerate(lines[:heading]) if position or line != "stdout: "]
