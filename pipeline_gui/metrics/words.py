"""Figures in words, the same in every face."""

from __future__ import annotations

from pipeline_gui.pipeline.metrics import MetricsPage, PipelineMetrics

UNNAMED = "(no name)"
OTHER_PROGRAM = "another program"
_SAME = 0.005
"""A change of less than this is none."""


def share_text(share: float | None) -> str:
    """A share of 1 in percent; never 100 % where something is missing."""
    if share is None:
        return "–"
    percent = share * 100
    return f"{min(percent, 99.9):.1f} %" if 99 < percent < 100 else f"{percent:.0f} %"


def trend_text(metrics: PipelineMetrics) -> str:
    """What changed against the time before, in a few words."""
    if not metrics.before.runs:
        return "no runs before"
    parts = []
    if metrics.runs_trend:
        more = "more" if metrics.runs_trend > 0 else "fewer"
        count = abs(metrics.runs_trend)
        parts.append(f"{count:,} {more} {'run' if count == 1 else 'runs'}")
    success, p50 = metrics.success_trend, metrics.p50_trend
    if success is not None and abs(success) >= _SAME:
        parts.append(f"success {'up' if success > 0 else 'down'} {share_text(abs(success))}")
    if p50 is not None and abs(p50) >= _SAME:
        parts.append(f"{share_text(abs(p50))} {'longer' if p50 > 0 else 'shorter'}")
    return ", ".join(parts) or "as before"


def starters_text(metrics: PipelineMetrics, most: int = 2) -> str:
    """Who started the most runs, and how many."""
    return ", ".join(f"{starter.who or OTHER_PROGRAM} ({starter.runs:,})" for starter in metrics.starters[:most])


def note_text(page: MetricsPage) -> str:
    """What a reader of the figures has to know of them; empty: nothing."""
    parts = []
    if page.uncounted_days:
        days = "1 day is" if page.uncounted_days == 1 else f"{page.uncounted_days} days are"
        parts.append(f"{days} still to be counted, so the figures may be too low.")
    if page.left_out:
        parts.append(f"{page.left_out:,} more pipelines have fewer runs.")
    return " ".join(parts)
