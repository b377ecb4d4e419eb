"""How far a driver is, from the REST API of its own UI: short, bounded, and never in the way."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from urllib.parse import quote

from pipeline_gui.pipeline.batch import Batch
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.errors import SparkUnavailable
from pipeline_gui.spark.address import Address
from pipeline_gui.spark.driver import DriverLook, ui_of
from pipeline_gui.spark.progress_wire import Job, Metrics, finite
from pipeline_gui.spark.texts import clean
from pipeline_gui.spark.transport import Transport
from pipeline_gui.spark.wire import NotLivys, decode

REQUEST_SECONDS = 1.0
WHOLE_SECONDS = 1.5
"""For all the requests of one look, so that a slow driver does not hold up whoever settles runs."""
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 32.0
"""How long a driver that did not answer is left alone, twice as long each time; for Spark the first answer is slow."""
LONGEST_DESCRIPTION = 200

# How structured streaming describes the jobs of a micro-batch; the name's line is empty for a query without one.
_STREAM = re.compile(r"^(?P<name>.*)\nid = (?P<id>\S+)\nrunId = \S+\nbatch = (?P<batch>\d+|init)\s*$")


@dataclass(frozen=True, slots=True)
class _Stream:
    """A query as its jobs name it; gauges bear its name, or its id where it has none."""

    label: str
    batch: int | None


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float
    until: float
    """By the monotonic clock."""


class ProgressReader:
    """Reads what drivers say, by way of our command server, or from a UI on the same host as another Livy."""

    def __init__(self, transport: Transport, server: Address) -> None:
        self._transport = transport
        self._server = server
        self._lock = threading.Lock()
        self._paused: dict[str, _Pause] = {}

    def read(self, batch: Batch) -> Progress | None:
        """The current job's tasks or the stream's rates; None while the driver says nothing, or can't be asked."""
        look = self._look(batch)
        if look is None or self._is_paused(look.base):
            return None
        try:
            progress = look.progress()
        except (SparkUnavailable, NotLivys):
            # A driver that ends refuses at once; one that hangs would cost its time-out at each poll.
            if look.out_of_time:
                self._pause(look.base)
            return None
        with self._lock:
            self._paused.pop(look.base, None)
        return progress

    def _look(self, batch: Batch) -> _Look | None:
        ui = ui_of(batch, self._server)
        return _Look(self._transport, ui, batch.application_id, REQUEST_SECONDS, WHOLE_SECONDS) if ui else None

    def _is_paused(self, base: str) -> bool:
        with self._lock:
            return base in self._paused and self._paused[base].until > time.monotonic()

    def _pause(self, base: str) -> None:
        now = time.monotonic()
        with self._lock:
            before = self._paused.get(base)
            seconds = FIRST_PAUSE_SECONDS if before is None else min(2 * before.seconds, LONGEST_PAUSE_SECONDS)
            # What was not asked for again is of drivers that have ended.
            fresh = {known: pause for known, pause in self._paused.items() if pause.until > now - LONGEST_PAUSE_SECONDS}
            self._paused = fresh | {base: _Pause(seconds, now + seconds)}


class _Look(DriverLook):
    """One look at one driver, within its deadline."""

    def progress(self) -> Progress | None:
        """What the driver says. Raises SparkUnavailable or NotLivys."""
        application = self.application()
        if application is None:
            return None
        jobs = self._jobs(application)
        if jobs:
            # Of several at once the first: it is the one that the others, short ones mostly, come and go beside.
            current = min(jobs, key=lambda job: job.job_id)
            stream = _stream_of(current)
            return _of_job(current) if stream is None else self._of_stream(application, stream, current)
        return self._between(application)

    def _jobs(self, application: str) -> list[Job]:
        # Without the filter: a thousand jobs that have ended, each time.
        return decode(self.get(f"/api/v1/applications/{quote(application, safe='')}/jobs?status=running"), list[Job])

    def _between(self, application: str) -> Progress | None:
        """Between two jobs: a stream has its rates all the same, and its newest job names its batch."""
        metrics = decode(self.get("/metrics/json/"), Metrics)
        newest = metrics.newest_job(application)
        if newest is None or not metrics.has_streams(application):
            return None
        job = decode(self.get(f"/api/v1/applications/{quote(application, safe='')}/jobs/{newest}"), Job)
        stream = _stream_of(job)
        return None if stream is None else _with_rates(stream, metrics, application, job=None)

    def _of_stream(self, application: str, stream: _Stream, job: Job) -> Progress:
        metrics = decode(self.get("/metrics/json/"), Metrics)
        return _with_rates(stream, metrics, application, job)


def _of_job(job: Job) -> Progress:
    return Progress(
        job_id=job.job_id,
        job_description=_first_line(job.description or job.name),
        tasks_completed=job.num_completed_tasks,
        tasks_total=max(0, job.num_tasks - job.num_skipped_tasks),
    )


def _with_rates(stream: _Stream, metrics: Metrics, application: str, job: Job | None) -> Progress:
    gauges = f"{application}.driver.spark.streaming.{stream.label}."
    milliseconds = finite(metrics.value(f"{gauges}latency"))
    return Progress(
        job_id=job.job_id if job else None,
        job_description=clean(stream.label, LONGEST_DESCRIPTION),
        tasks_completed=job.num_completed_tasks if job else None,
        tasks_total=max(0, job.num_tasks - job.num_skipped_tasks) if job else None,
        input_rows_per_second=finite(metrics.value(f"{gauges}inputRate-total")),
        processed_rows_per_second=finite(metrics.value(f"{gauges}processingRate-total")),
        batch_number=stream.batch,
        batch_seconds=None if milliseconds is None else milliseconds / 1000,
    )


def _stream_of(job: Job) -> _Stream | None:
    match = _STREAM.match(job.description or "")
    if match is None:
        return None
    batch = match["batch"]
    return _Stream(match["name"] or match["id"], int(batch) if batch.isdigit() and len(batch) < 18 else None)


def _first_line(text: str | None) -> str | None:
    lines = (text or "").strip().splitlines()
    return (clean(lines[0], LONGEST_DESCRIPTION) or None) if lines else None
