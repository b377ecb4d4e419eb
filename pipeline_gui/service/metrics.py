"""What an operator alerts on, in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline_gui.pipeline.delivering import Fate
from pipeline_gui.pipeline.metrics import MetricsPage

_DURATIONS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_LAGS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300)
_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

PIPELINES = 50
"""Series for so many pipelines: names are whatever people and other programs think of."""
OTHERS = "(others)"
DAYS = 7

Now = Callable[[], dict[str, float | None]]
"""The gauges of this moment by name; None: not known, so left out."""

GAUGES = {
    "running": "1 while a run holds the single place, 0 while none does; absent while that is not known.",
    "running_seconds": "How long the running run has lasted, in seconds.",
    "seconds_since_last_success": "Since a run last completed, in seconds; absent where none has within 31 days.",
    "database_up": "1 while the database answers.",
    "spark_up": "1 while the Spark server answers.",
    "lease_held": "1 while this process holds the watcher's lease.",
    "alerts_waiting": "Messages of alerts that are not delivered yet, whoever is to deliver them.",
    "watched": "1 while any process holds the watcher's lease: 0 means that nobody watches.",
}


class Metrics:
    """Counters and histograms of this process, and what the record says at the moment of asking."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        prefix = "pipeline_gui"
        self._ended = Counter(
            f"{prefix}_runs_ended", "Runs that ended while this process looked, by status.", ["status"],
            registry=self.registry,
        )  # fmt: skip
        self._durations = Histogram(
            f"{prefix}_run_duration_seconds", "How long runs lasted.", ["status"], buckets=_DURATIONS,
            registry=self.registry,
        )  # fmt: skip
        self._lag = Histogram(
            f"{prefix}_record_lag_seconds", "From the end on Spark to the end in the record.", buckets=_LAGS,
            registry=self.registry,
        )  # fmt: skip
        self._requests = Histogram(
            f"{prefix}_http_request_duration_seconds", "Until the first byte of the answer.",
            ["method", "route", "status"], buckets=_LATENCIES, registry=self.registry,
        )  # fmt: skip
        self.streams = Gauge(f"{prefix}_streams", "Open event streams.", registry=self.registry)
        self.streams_dropped = Counter(
            f"{prefix}_streams_dropped", "Streams of clients that did not read what was sent.", registry=self.registry
        )
        self._alerts = Counter(
            f"{prefix}_alert_messages", "Messages of alerts that this process tried to deliver, by outcome.",
            ["outcome"], registry=self.registry,
        )  # fmt: skip
        for fate in Fate:
            self._alerts.labels(fate)
        for status in ("completed", "failed", "stopped"):
            self._ended.labels(status)
            self._durations.labels(status)
        self._latencies: dict[tuple[str, str, int], Any] = {}

    def answered(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Note a request, by its route: never by its path, of which there are as many as there are runs."""
        key = (scope["method"], str(getattr(scope.get("route"), "path", "none")), status)
        latency = self._latencies.get(key)
        if latency is None:
            method = key[0] if key[0] in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH") else "other"
            latency = self._latencies[key] = self._requests.labels(method, key[1], str(status))
            if len(self._latencies) > 1000:  # methods that somebody makes up
                self._latencies.clear()
        latency.observe(seconds)

    def run_ended(self, status: str, duration: float | None, lag: float | None) -> None:
        """Note the end of a run."""
        known = status if status in ("completed", "failed", "stopped") else "other"
        self._ended.labels(known).inc()
        if duration is not None:
            self._durations.labels(known).observe(duration)
        if lag is not None:
            self._lag.observe(max(0.0, lag))

    def alerted(self, fate: Fate, messages: int) -> None:
        """Note what became of messages at one attempt."""
        self._alerts.labels(fate).inc(messages)

    def text(self, now: dict[str, float | None], page: MetricsPage | None = None) -> bytes:
        """Everything, in the text format; page: what the runs of each pipeline come to, where that is known."""
        moment = CollectorRegistry()
        moment.register(_Moment(now))
        if page is not None:
            moment.register(_Pipelines(page))
        return generate_latest(moment) + generate_latest(self.registry)


class _Moment(Collector):
    """The gauges of one moment."""

    def __init__(self, values: dict[str, float | None]) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        """Those that are known."""
        for name, documentation in GAUGES.items():
            value = self._values.get(name)
            if value is not None:
                yield GaugeMetricFamily(f"pipeline_gui_{name}", documentation, value=value)


class _Pipelines(Collector):
    """Each pipeline over some days, from the record: the same whichever service is asked, and after a restart."""

    def __init__(self, page: MetricsPage) -> None:
        self._page = page

    def collect(self) -> Iterable[Metric]:
        """As many as PIPELINES, the ones with the most runs; the runs of the others together."""
        prefix, days = "pipeline_gui_pipeline", self._page.days
        runs = GaugeMetricFamily(
            f"{prefix}_runs", f"Runs that ended within {days} days, by pipeline.", labels=["pipeline", "status"]
        )
        durations = GaugeMetricFamily(
            f"{prefix}_duration_seconds", f"Of the runs that completed within {days} days.",
            labels=["pipeline", "quantile"],
        )  # fmt: skip
        since = GaugeMetricFamily(
            f"{prefix}_seconds_since_last_success", "Absent where none completed within 180 days.", labels=["pipeline"]
        )
        others = dict.fromkeys(("completed", "failed", "stopped"), 0)
        for place, one in enumerate(self._page.pipelines):
            counts = {"completed": one.now.completed, "failed": one.now.failed, "stopped": one.now.stopped}
            if place >= PIPELINES:
                others = {status: others[status] + count for status, count in counts.items()}
                continue
            for status, count in counts.items():
                runs.add_metric([one.pipeline, status], count)
            for quantile, seconds in (("0.5", one.now.p50), ("0.95", one.now.p95)):
                if seconds is not None:
                    durations.add_metric([one.pipeline, quantile], seconds)
            if one.seconds_since_success is not None:
                since.add_metric([one.pipeline], one.seconds_since_success)
        if len(self._page.pipelines) > PIPELINES:
            for status, count in others.items():
                runs.add_metric([OTHERS, status], count)
        return [runs, durations, since]
