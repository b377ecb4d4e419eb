"""What the API and the terminal's JSON answer of figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TypedDict

from pipeline_gui.pipeline.answers import utc_text
from pipeline_gui.pipeline.figures import ComparedFigures
from pipeline_gui.pipeline.metrics import DayMetrics, MetricsPage, Period, PipelineMetrics


class PeriodAnswer(TypedDict):
    """The runs that ended within some days; durations are in seconds, of the runs that completed."""

    runs: int
    completed: int
    failed: int
    stopped: int
    success_rate: float | None
    p50: float | None
    p95: float | None


class TrendAnswer(TypedDict):
    """What changed against the same time before; null where it can't be said."""

    runs: int
    success_rate: float | None
    """By so many shares of 1 it rose."""
    p50: float | None
    """By this share it grew."""


class StarterAnswer(TypedDict):
    """Who started runs; empty: another program, which does not say who."""

    who: str
    runs: int


class DayAnswer(TypedDict):
    """One UTC day."""

    day: str
    runs: int
    completed: int
    failed: int
    stopped: int
    p50: float | None


class PipelineAnswer(PeriodAnswer):
    """One pipeline; an empty name: runs of other programs that name none."""

    pipeline: str
    longest: float | None
    longest_run: str | None
    last_success: str | None
    seconds_since_success: float | None
    started_by: list[StarterAnswer]
    before: PeriodAnswer
    trend: TrendAnswer


class MetricsAnswer(TypedDict):
    """The figures of a period."""

    days: int
    pipelines: list[PipelineAnswer]
    left_out: int
    uncounted_days: int


class PipelineDetailAnswer(MetricsAnswer):
    """The same of one pipeline, and its days on which runs ended, the oldest first."""

    by_day: list[DayAnswer]


class FiguresAnswer(TypedDict):
    """What one run's work amounts to, and what was usual for its pipeline until then; null: not known."""

    run_id: str
    asked_at: str | None
    """When Spark was last asked."""
    figures: dict[str, int | None]
    usual: dict[str, int | None]
    usual_of: int
    """Of how many completed runs `usual` is the median."""


def figures_answer(compared: ComparedFigures) -> FiguresAnswer:
    """The figures of one run."""
    return {
        "run_id": compared.run_id,
        "asked_at": utc_text(compared.asked_at),
        "figures": asdict(compared.figures),
        "usual": asdict(compared.usual),
        "usual_of": compared.usual_of,
    }


def metrics_answer(page: MetricsPage) -> MetricsAnswer:
    """The figures of all pipelines."""
    return {
        "days": page.days,
        "pipelines": [_pipeline(one) for one in page.pipelines],
        "left_out": page.left_out,
        "uncounted_days": page.uncounted_days,
    }


def detail_answer(page: MetricsPage, days: Sequence[DayMetrics]) -> PipelineDetailAnswer:
    """The figures of one pipeline, and its days."""
    return {**metrics_answer(page), "by_day": [_day(day) for day in days]}


def _pipeline(metrics: PipelineMetrics) -> PipelineAnswer:
    return {
        "pipeline": metrics.pipeline,
        **_period(metrics.now),
        "longest": metrics.longest,
        "longest_run": metrics.longest_run,
        "last_success": utc_text(metrics.last_success),
        "seconds_since_success": metrics.seconds_since_success,
        "started_by": [{"who": starter.who, "runs": starter.runs} for starter in metrics.starters],
        "before": _period(metrics.before),
        "trend": {"runs": metrics.runs_trend, "success_rate": metrics.success_trend, "p50": metrics.p50_trend},
    }


def _period(period: Period) -> PeriodAnswer:
    return {
        "runs": period.runs,
        "completed": period.completed,
        "failed": period.failed,
        "stopped": period.stopped,
        "success_rate": period.success_rate,
        "p50": period.p50,
        "p95": period.p95,
    }


def _day(day: DayMetrics) -> DayAnswer:
    return {
        "day": day.day.isoformat(),
        "runs": day.runs,
        "completed": day.completed,
        "failed": day.failed,
        "stopped": day.stopped,
        "p50": day.p50,
    }
