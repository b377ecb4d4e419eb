"""The parts of Spark's own REST API and metrics that progress is read from."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from pipeline_gui.spark.wire import Natural


class Application(msgspec.Struct):
    """GET /api/v1/applications, one of the list."""

    id: str


class Job(msgspec.Struct, rename="camel"):
    """GET /api/v1/applications/ID/jobs, one of the list."""

    job_id: Natural
    num_tasks: Natural
    num_completed_tasks: Natural
    num_skipped_tasks: Natural = 0
    name: str | None = None
    description: str | None = None


class Gauge(msgspec.Struct):
    """A gauge: a number, or what a program of others measures."""

    value: Any = None


class Metrics(msgspec.Struct):
    """GET /metrics/json/."""

    gauges: dict[str, Gauge]

    def value(self, name: str) -> object:
        """The value of a gauge, None where there is none."""
        gauge = self.gauges.get(name)
        return gauge.value if gauge else None

    def has_streams(self, application: str) -> bool:
        """Whether structured streaming reports its rates."""
        prefix = f"{application}.driver.spark.streaming."
        return any(name.startswith(prefix) for name in self.gauges)

    def newest_job(self, application: str) -> int | None:
        """The id of the job that began last; Spark counts them from 0."""
        jobs = self.value(f"{application}.driver.DAGScheduler.job.allJobs")
        return jobs - 1 if isinstance(jobs, int) and jobs > 0 else None


def finite(value: object) -> float | None:
    """The number, or None: a gauge gives NaN before its first measurement."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
