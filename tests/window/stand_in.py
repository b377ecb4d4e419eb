"""A backend without servers, for the window's own states: what it answers is set by the test."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline_gui.command_server.search import Search, search
from pipeline_gui.configurations.owner import Entry, NamedConfiguration
from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.pipeline.alert import Alert, DeliveringService
from pipeline_gui.pipeline.answers import (
    ActionAnswer,
    ContactAnswer,
    EventAnswer,
    OverviewAnswer,
    RunAnswer,
    StatusAnswer,
    utc_text,
)
from pipeline_gui.pipeline.figures import ComparedFigures
from pipeline_gui.pipeline.metrics import DayMetrics, MetricsPage, PipelineMetrics
from pipeline_gui.pipeline.output import OutputMatch, OutputPart, OutputSearch, OutputSearched, SearchNotKnown, Stream
from pipeline_gui.pipeline.past_runs import PastRuns
from pipeline_gui.pipeline.ports import Change, Contact, PageKey, RunPage
from pipeline_gui.pipeline.run import Run
from pipeline_gui.pipeline.schedule import Schedule, Service
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings

NOW = datetime.now(UTC)
REACHED: ContactAnswer = {"reachable": True, "since": utc_text(NOW), "reason": None}


def away(reason: str, seconds: float = 5.0) -> ContactAnswer:
    """A server that can't be reached for so long."""
    return {"reachable": False, "since": utc_text(datetime.now(UTC) - timedelta(seconds=seconds)), "reason": reason}


def idle(**changes: Any) -> StatusAnswer:
    """Nothing runs."""
    status: dict[str, Any] = {
        "is_running": False,
        "run_id": None,
        "status": None,
        "phase": None,
        "sentence": "No pipeline is running.",
        "pipeline": None,
        "started_by": None,
        "start_time": None,
        "duration": None,
        "stop_requested_by": None,
        "application_id": None,
        "ours": None,
        "progress": None,
        "database": REACHED,
        "spark": REACHED,
    }
    return status | changes  # type: ignore[return-value]


def running(run_id: str = "flights-1", seconds: float = 764.2, **changes: Any) -> StatusAnswer:
    """A run of ours is running for so long."""
    return idle(
        **{
            "is_running": True,
            "run_id": run_id,
            "status": "running",
            "phase": "running",
            "sentence": "“flights” is running.",
            "pipeline": "flights",
            "started_by": "ana@ops-3",
            "start_time": utc_text(datetime.now(UTC) - timedelta(seconds=seconds)),
            "duration": seconds,
            "ours": True,
        }
        | changes
    )


def unknown(reason: str = "The database at db.example:5432 does not answer.") -> StatusAnswer:
    """The database can't be asked."""
    return idle(is_running=None, status="unknown", sentence=reason, database=away(reason))


def run(
    run_id: str,
    status: str | None,
    *,
    name: str | None = None,
    ago: float | None = 3600.0,
    duration: float | None = 120.0,
    error: str | None = None,
    by: str | None = "ana@ops-3",
    **metadata: Any,
) -> RunAnswer:
    """A run of the history that started so many seconds ago."""
    started = None if ago is None else datetime.now(UTC) - timedelta(seconds=ago)
    ended = (
        None if started is None or duration is None or status == "running" else started + timedelta(seconds=duration)
    )
    about: dict[str, Any] = {"configuration": {"name": name or run_id.rsplit("-", 1)[0]}, **metadata}
    if by is not None:
        about |= {"started_by": by, "started_from": "window"}
    return {
        "run_id": run_id,
        "command": f"spark-submit --name {run_id} /srv/{run_id}.py",
        "status": status,
        "start_time": utc_text(started),
        "end_time": utc_text(ended),
        "duration": duration,
        "error_message": error,
        "metadata": about,
    }


class StandInController:
    """Answers what it was told to; an event can hold its answers back, as a server that hangs would."""

    def __init__(self) -> None:
        self.status: StatusAnswer = idle()
        self.runs: list[RunAnswer] = []
        self.asked = 0
        self.events: list[EventAnswer] = []
        self.calls: list[tuple[Any, ...]] = []
        self.answer: ActionAnswer = {"success": True, "run_id": "flights-1", "message": "Started “flights”."}
        self.let_refresh = threading.Event()
        self.let_act = threading.Event()
        self.let_refresh.set()
        self.let_act.set()
        self.on_action: Callable[[], None] = lambda: None
        self.raises: Exception | None = None

    def get_overview(self, days: float = 2) -> OverviewAnswer:
        """The status and the runs that were set."""
        self.asked += 1
        assert self.let_refresh.wait(30)
        return {"status": self.status, "runs": None if self.status["is_running"] is None else list(self.runs)}

    def _act(self, *call: Any) -> ActionAnswer:
        self.calls.append(call)
        assert self.let_act.wait(30)
        if self.raises is not None:
            raise self.raises
        self.on_action()
        return self.answer

    def start_pipeline(self, config: dict[str, Any]) -> ActionAnswer:
        """Note the call."""
        return self._act("start", config)

    def stop_run(self, run_id: str, *, grace_seconds: float | None = None) -> ActionAnswer:
        """Note the call."""
        return self._act("stop", run_id, grace_seconds)

    def abandon_run(self, run_id: str) -> ActionAnswer:
        """Note the call."""
        return self._act("abandon", run_id)

    def confirm_gone(self, run_id: str) -> ActionAnswer:
        """Note the call."""
        return self._act("confirm_gone", run_id)

    def release_run(self, run_id: str) -> ActionAnswer:
        """Note the call."""
        return self._act("release", run_id)

    def get_run(self, run_id: str) -> RunAnswer | None:
        """One of the runs that were set."""
        assert self.let_refresh.wait(30)
        return next((run for run in self.runs if run["run_id"] == run_id), None)

    def get_run_events(self, run_id: str) -> list[EventAnswer]:
        """The events that were set."""
        return list(self.events)


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
        self.raises: Exception | None = None

    def entries(self) -> list[Entry]:
        """The saved ones and the samples."""
        if self.raises is not None:
            raise self.raises
        return [*self.saved, *(Entry(name, None, None) for name in sample_names())]

    def show(self, name: str) -> NamedConfiguration:
        """A sample; a list that gets the focus shows its first entry."""
        return NamedConfiguration(Entry(name, None, None), sample(name))

    def names(self) -> list[str]:
        """The names of all of them."""
        return [entry.name for entry in self.entries()]

    def resolve(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values as they are: no name of a saved one is asked for."""
        assert "configuration" not in values
        return values


class StandInSchedules:
    """No schedules."""

    def all(self) -> list[Schedule]:
        """None."""
        return []

    def services(self) -> list[Service]:
        """None."""
        return []

    def preview(self, values: dict[str, Any], count: int = 5) -> list[datetime]:
        """Never."""
        return []


class StandInAlerts:
    """No alerts, and nobody to deliver them."""

    def all(self) -> list[Alert]:
        """None."""
        return []

    def services(self) -> list[DeliveringService]:
        """None."""
        return []


class _Side:
    """A store or a Spark server, as far as a window asks it."""

    def __init__(self, controller: StandInController, key: str) -> None:
        self._controller = controller
        self._key = key
        self.override: Contact | None = None

    def contact(self) -> Contact:
        """What the status says, unless a test says otherwise."""
        seen = self._controller.status[self._key]  # type: ignore[literal-required]
        return self.override or Contact(seen["reachable"], None, seen["reason"])


class StandInSubscription:
    """A LISTEN that a test speaks through."""

    def __init__(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None],
        on_schedules: Callable[[], None],
    ) -> None:
        self._on_change = on_change
        self._on_configurations = on_configurations
        self._on_schedules = on_schedules
        self.is_live = True
        self.closed = threading.Event()

    def tell(self) -> None:
        """The record changed: told in a foreign thread, as a real one does."""
        thread = threading.Thread(target=self._on_change, args=(Change("flights-1", "running"),))
        thread.start()
        thread.join()

    def tell_configurations(self) -> None:
        """The saved configurations changed."""
        thread = threading.Thread(target=self._on_configurations)
        thread.start()
        thread.join()

    def tell_schedules(self) -> None:
        """The schedules changed."""
        thread = threading.Thread(target=self._on_schedules)
        thread.start()
        thread.join()

    def close(self) -> None:
        """Stop."""
        self.closed.set()


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


class StandInBackend:
    """What MainWindow asks of a Backend."""

    def __init__(self, folder: Path = Path("/nonexistent"), **settings: Any) -> None:
        self.controller = StandInController()
        self.settings = Settings(profile=Profile("test", folder, folder, folder), **settings)
        self.store = _Side(self.controller, "database")
        self.spark = _Side(self.controller, "spark")
        self.outputs = StandInOutputs()
        self.archive = StandInArchive()
        self.configurations = StandInConfigurations()
        self.schedules = StandInSchedules()
        self.metrics = StandInMetrics()
        self.figures = StandInFigures()
        self.alerts = StandInAlerts()
        self.subscriptions: list[StandInSubscription] = []
        self.watching = False

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None],
        on_schedules: Callable[[], None],
    ) -> StandInSubscription:
        """Listen."""
        subscription = StandInSubscription(on_change, on_configurations, on_schedules)
        self.subscriptions.append(subscription)
        return subscription

    def watch(self, first_look_in: float = 0.0) -> None:
        """Watch."""
        self.watching = True

    def change(self) -> None:
        """Tell every window that the record changed."""
        for subscription in self.subscriptions:
            subscription.tell()
