"""What a window asks of a backend beside its controller, without servers: each answers what was set."""

from __future__ import annotations

import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline_gui.command_server.search import Search, search
from pipeline_gui.configurations.owner import Entry, NamedConfiguration
from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.pipeline.alert import Alert, DeliveringService, Message
from pipeline_gui.pipeline.expectation import Expectation
from pipeline_gui.pipeline.figures import ComparedFigures
from pipeline_gui.pipeline.metrics import DayMetrics, MetricsPage, PipelineMetrics
from pipeline_gui.pipeline.output import OutputMatch, OutputPart, OutputSearch, OutputSearched, SearchNotKnown, Stream
from pipeline_gui.pipeline.past_runs import PastRuns
from pipeline_gui.pipeline.ports import PageKey, RunPage
from pipeline_gui.pipeline.run import Run
from pipeline_gui.pipeline.schedule import Decided, Schedule, Service


class StandInOutputs:
    """The outputs that were set, by name of the stream."""

    def __init__(self) -> None:
        self.data: dict[Stream, bytes] = {}
        self.asked: list[tuple[str, Stream, int | None, int]] = []
        self.searched: list[OutputSearch] = []
        self.raises: Exception | None = None
        self.note = ""
        self.address: str | None = None
        self.let_read = threading.Event()
        self.let_read.set()

    def read(self, run_id: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """A part, as a command server cuts it."""
        self.asked.append((run_id, stream, offset, length))
        assert self.let_read.wait(30)
        if self.raises is not None:
            raise self.raises
        data = self.data.get(stream, b"")
        begin = max(0, len(data) - length) if offset is None else min(offset, len(data))
        return OutputPart(begin, len(data), data[begin : begin + length], self.note)

    def ui_address(self, run_id: str) -> str | None:
        """The address that was set."""
        return self.address

    def search(self, run_id: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """What the command server's own search finds in them."""
        self.searched.append(wanted)
        assert self.let_read.wait(30)
        if self.note:
            raise SearchNotKnown("A plain Livy can't search in a log.", status_code=404)
        if self.raises is not None:
            raise self.raises
        values = {name: getattr(wanted, name) for name in Search.__dataclass_fields__ if name != "is_ended"}
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.data.get(stream, b""))
            file.flush()
            said = search(Path(file.name), Search(**values, is_ended=not wanted.is_growing))
        found = tuple(OutputMatch(each["offset"], each["length"], each.get("text", "")) for each in said["found"])
        return OutputSearched(said["begin"], said["end"], said["total"], said["count"], found)


class StandInArchive:
    """A past that was set."""

    def __init__(self) -> None:
        self.past: PastRuns | None = None
        self.runs: list[Run] = []
        """The history, newest start first."""
        self.asked: list[tuple[float, PageKey | None]] = []
        self.raises: Exception | None = None
        self.let_read = threading.Event()
        self.let_read.set()

    def page(self, days: float, *, limit: int, after: PageKey | None = None) -> RunPage:
        """A part of it, as the store cuts it."""
        self.asked.append((days, after))
        assert self.let_read.wait(30)
        if self.raises is not None:
            raise self.raises
        begin = 0 if after is None else next(n for n, run in enumerate(self.runs) if run.run_id == after.run_id) + 1
        runs = self.runs[begin : begin + limit]
        is_last = begin + limit >= len(self.runs)
        return RunPage(runs, None if is_last else PageKey(None, runs[-1].run_id))

    def past_runs(self, pipeline: str, limit: int) -> PastRuns:
        """The past that was set, or none."""
        return self.past or PastRuns(pipeline, ())


class StandInConfigurations:
    """Saved configurations that were set; what is asked of one fails."""

    def __init__(self) -> None:
        self.saved: list[Entry] = []
        self.values: dict[str, dict[str, Any]] = {}
        """Of those that are saved, by their names."""
        self.raises: Exception | None = None

    def entries(self) -> list[Entry]:
        """The saved ones and the samples."""
        if self.raises is not None:
            raise self.raises
        return [*self.saved, *(Entry(name, None, None) for name in sample_names() if name not in self.values)]

    def show(self, name: str) -> NamedConfiguration:
        """One that was set, or a sample."""
        for entry in self.saved:
            if entry.name == name and name in self.values:
                return NamedConfiguration(entry, self.values[name])
        return NamedConfiguration(Entry(name, None, None), sample(name))

    def names(self) -> list[str]:
        """The names of all of them."""
        return [entry.name for entry in self.entries()]

    def resolve(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values as they are: no name of a saved one is asked for."""
        assert "configuration" not in values
        return values


class StandInSchedules:
    """Schedules that were set, each with the same past."""

    def __init__(self) -> None:
        self.saved: list[Schedule] = []
        self.past: list[Decided] = []
        self.next: list[datetime] = []
        self.there: list[Service] = []

    def all(self) -> list[Schedule]:
        """Those that were set."""
        return self.saved

    def decided(self, name: str, limit: int = 50) -> list[Decided]:
        """The past that was set."""
        return self.past

    def services(self) -> list[Service]:
        """Those that were set."""
        return self.there

    def preview(self, values: dict[str, Any], count: int = 5) -> list[datetime]:
        """The times that were set."""
        return self.next


class StandInAlerts:
    """Alerts, messages and services that deliver, as they were set."""

    def __init__(self) -> None:
        self.saved: list[Alert] = []
        self.told: list[Message] = []
        self.delivering: list[DeliveringService] = []

    def all(self) -> list[Alert]:
        """Those that were set."""
        return self.saved

    def services(self) -> list[DeliveringService]:
        """Those that were set."""
        return self.delivering

    def messages(self, name: str | None = None, limit: int = 50) -> list[Message]:
        """Those that were set, of all alerts."""
        return self.told

    def messages_of(self, alert: Alert, limit: int) -> list[Message]:
        """Those that were set, of one alert."""
        return [message for message in self.told if message.alert_name == alert.name]

    def expected(self, alert: Alert) -> Expectation | None:
        """Nobody knows."""
        return None


class StandInMetrics:
    """Figures that were set."""

    def __init__(self) -> None:
        self.pipelines: tuple[PipelineMetrics, ...] = ()
        self.days: list[DayMetrics] = []
        self.uncounted = 0
        self.asked: list[tuple[int, str | None]] = []
        self.raises: Exception | None = None

    def page(self, days: int, pipeline: str | None = None) -> MetricsPage:
        """All pipelines."""
        self.asked.append((days, pipeline))
        if self.raises is not None:
            raise self.raises
        return MetricsPage(days, self.pipelines, 0, self.uncounted)

    def by_day(self, pipeline: str, days: int) -> list[DayMetrics]:
        """The days of one."""
        self.asked.append((days, pipeline))
        return self.days

    def count(self) -> int:
        """Nothing is left to count."""
        return 0


class StandInFigures:
    """What Spark told of runs."""

    def __init__(self) -> None:
        self.known: dict[str, ComparedFigures] = {}

    def compared(self, run_id: str) -> ComparedFigures | None:
        """The figures of a run."""
        return self.known.get(run_id)
