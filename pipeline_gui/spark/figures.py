"""What a run's work amounts to, from the REST API of its driver's own UI: its stages, and its executors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from pipeline_gui.pipeline.batch import Batch
from pipeline_gui.pipeline.errors import SparkUnavailable
from pipeline_gui.pipeline.figures import RunFigures
from pipeline_gui.spark.address import Address
from pipeline_gui.spark.driver import DriverLook, ui_of
from pipeline_gui.spark.transport import Transport
from pipeline_gui.spark.wire import Natural, NotLivys, decode

REQUEST_SECONDS = 5.0
WHOLE_SECONDS = 8.0
"""A thousand stages, as many as Spark keeps by default, are 2.6 MB and take it half a second."""
_MOST_RUNS = 8
_HIGHEST = 2**63 - 1
_ADDED = (
    "input_bytes", "input_records", "output_bytes", "output_records", "shuffle_read_bytes", "shuffle_write_bytes",
    "memory_spilled_bytes", "disk_spilled_bytes",
)  # fmt: skip

Counts = tuple[int, ...]
Stages = dict[tuple[int, int], Counts]


class Stage(msgspec.Struct, rename="camel"):
    """GET /api/v1/applications/ID/stages, one of the list."""

    stage_id: Natural
    attempt_id: Natural
    status: str
    input_bytes: Natural = 0
    input_records: Natural = 0
    output_bytes: Natural = 0
    output_records: Natural = 0
    shuffle_read_bytes: Natural = 0
    shuffle_write_bytes: Natural = 0
    memory_bytes_spilled: Natural = 0
    disk_bytes_spilled: Natural = 0

    @property
    def counts(self) -> Counts:
        """What is added up, in the order of _ADDED."""
        return (
            self.input_bytes, self.input_records, self.output_bytes, self.output_records, self.shuffle_read_bytes,
            self.shuffle_write_bytes, self.memory_bytes_spilled, self.disk_bytes_spilled,
        )  # fmt: skip


class Peak(msgspec.Struct):
    """An executor's highest use of memory, in bytes; measured at its heartbeats, so none at first."""

    heap: int = msgspec.field(default=0, name="JVMHeapMemory")
    beside: int = msgspec.field(default=0, name="JVMOffHeapMemory")


class Executor(msgspec.Struct, rename="camel"):
    """GET /api/v1/applications/ID/allexecutors, one of the list; the driver is one."""

    id: str
    is_active: bool = False
    failed_tasks: Natural = 0
    total_tasks: Natural = 0
    peak_memory_metrics: Peak | None = None


class FiguresReader:
    """Reads what drivers say, and remembers the stages that they told of: they forget old ones. Thread-safe."""

    def __init__(self, transport: Transport, server: Address) -> None:
        self._transport = transport
        self._server = server
        self._lock = threading.Lock()
        self._told: dict[str, Stages] = {}
        self._forgotten: dict[str, Counts] = {}

    def read(self, batch: Batch) -> RunFigures | None:
        """The figures up to now; None while the driver says nothing, or can't be asked."""
        ui = ui_of(batch, self._server)
        if ui is None:
            return None
        look = DriverLook(self._transport, ui, batch.application_id, REQUEST_SECONDS, WHOLE_SECONDS)
        try:
            application = look.application()
            if application is None:
                return None
            below = f"/api/v1/applications/{quote(application, safe='')}"
            executors = decode(look.get(f"{below}/allexecutors"), list[Executor])
            stages = decode(look.get(f"{below}/stages"), list[Stage])
        except (SparkUnavailable, NotLivys):
            return None
        with self._lock:
            sums = self._sums(look.base, stages)
        return _figures(sums, executors)

    def _sums(self, base: str, stages: Sequence[Stage]) -> Counts:
        """Of the stages that are told of, and of those that were and are no more."""
        now: Stages = {(stage.stage_id, stage.attempt_id): stage.counts for stage in stages}
        before = self._told.pop(base, {})
        lost = [counts for key, counts in before.items() if key not in now]
        forgotten = _added([self._forgotten.pop(base, ()), *lost])
        self._told[base], self._forgotten[base] = now, forgotten
        for old in list(self._told)[:-_MOST_RUNS]:
            del self._told[old], self._forgotten[old]
        return _added([forgotten, *now.values()])


def _added(counts: Sequence[Counts]) -> Counts:
    return tuple(min(sum(column), _HIGHEST) for column in zip(*(each for each in counts if each), strict=True))


def _figures(sums: Counts, executors: Sequence[Executor]) -> RunFigures:
    peaks = [peak.heap + peak.beside for one in executors if (peak := one.peak_memory_metrics) is not None]
    workers = [one for one in executors if one.is_active and (one.id != "driver" or one.total_tasks)]
    return RunFigures(
        **dict(zip(_ADDED, sums or [0] * len(_ADDED), strict=True)),
        peak_memory_bytes=max((peak for peak in peaks if 0 < peak <= _HIGHEST), default=None),
        failed_tasks=min(sum(one.failed_tasks for one in executors), _HIGHEST),
        executors=len(workers),
    )
