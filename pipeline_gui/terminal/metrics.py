"""`metrics`: what the runs of each pipeline come to over days."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from pipeline_gui.backend import Backend
from pipeline_gui.metrics.answers import detail_answer, figures_answer, metrics_answer
from pipeline_gui.metrics.words import UNNAMED, note_text, share_text, starters_text, trend_text
from pipeline_gui.pipeline.figures import FEWEST_FOR_USUAL, figure_lines
from pipeline_gui.pipeline.metrics import DayMetrics, MetricsPage, PipelineMetrics
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.terminal.exit_codes import DONE, REFUSED
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import clean, cut, full_time

HEADINGS = ("Pipeline", "Runs", "Success", "Half within", "95 % within", "Last success", "Against before")
COUNTING_SECONDS = 20.0
"""For so long days that are not counted yet are waited for; then the figures are shown as they are."""
_LONGEST_NAME = 40


def metrics(arguments: argparse.Namespace, output: Output) -> int:
    """Show the figures of all pipelines, of one, or of one run."""
    with open_session(arguments, output) as backend:
        if arguments.run is not None:
            return _show_run(backend, arguments.run, output)
        page = _counted(backend, arguments.days, arguments.pipeline, output)
        if arguments.pipeline is None:
            _show_all(page, output)
            return DONE
        if not page.pipelines:
            output.note(f"No run of “{clean(arguments.pipeline)}” has ended within {2 * page.days} days.")
            if output.as_json:
                output.write_json(detail_answer(page, []))
            return REFUSED
        _show_one(page, backend.metrics.by_day(arguments.pipeline, arguments.days), output)
    return DONE


def _counted(backend: Backend, days: int, pipeline: str | None, output: Output) -> MetricsPage:
    """The page, once all days are counted: at the first look into a large record that takes some seconds."""
    deadline = time.monotonic() + COUNTING_SECONDS
    page = backend.metrics.page(days, pipeline)
    if page.uncounted_days:
        output.note(f"Counting the runs of {page.uncounted_days} days…")
    while page.uncounted_days and time.monotonic() < deadline:
        page = backend.metrics.page(days, pipeline)
    return page


def _show_all(page: MetricsPage, output: Output) -> None:
    if output.as_json:
        output.write_json(metrics_answer(page))
        return
    if not page.pipelines:
        output.say(f"No run has ended within {2 * page.days} days.")
        return
    output.say_table([HEADINGS, *(_line(one) for one in page.pipelines)])
    if note := note_text(page):
        output.note(note)


def _line(metrics: PipelineMetrics) -> tuple[str, ...]:
    return (
        cut(clean(metrics.pipeline) or UNNAMED, _LONGEST_NAME),
        f"{metrics.now.runs:,}",
        share_text(metrics.now.success_rate),
        _seconds(metrics.now.p50),
        _seconds(metrics.now.p95),
        _ago(metrics),
        trend_text(metrics),
    )


def _show_one(page: MetricsPage, days: Sequence[DayMetrics], output: Output) -> None:
    if output.as_json:
        output.write_json(detail_answer(page, days))
        return
    (one,) = page.pipelines
    now = one.now
    output.say(f"“{clean(one.pipeline) or UNNAMED}” over {page.days} days, up to now (days are UTC):")
    ended = f"{now.completed:,} completed, {now.failed:,} failed, {now.stopped:,} stopped"
    output.say(f"  runs          {now.runs:,}: {ended}")
    output.say(f"  success       {share_text(now.success_rate)}")
    output.say(f"  half within   {_seconds(now.p50)}")
    output.say(f"  95 % within   {_seconds(now.p95)}")
    output.say(f"  longest       {_seconds(one.longest)}" + (f" ({clean(one.longest_run)})" if one.longest_run else ""))
    last = full_time(one.last_success)
    output.say(f"  last success  {_ago(one)}" + (f" ({last})" if last else ""))
    output.say(f"  started by    {clean(starters_text(one, 5)) or '–'}")
    output.say(f"  against the {page.days} days before: {trend_text(one)}")
    for day in days:
        counts = ((day.completed, "completed"), (day.failed, "failed"), (day.stopped, "stopped"))
        parts = [f"{count:,} {word}" for count, word in counts if count]
        parts += [f"half within {_seconds(day.p50)}"] if day.p50 is not None else []
        output.say(f"  {day.day}    {', '.join(parts)}")
    if note := note_text(page):
        output.note(note)


def _show_run(backend: Backend, run_id: str, output: Output) -> int:
    compared = backend.figures.compared(run_id)
    if compared is None:
        output.note(f"Of {clean(run_id)} no figures are kept: Spark told none while it ran, or there is no such run.")
        if output.as_json:
            output.write_json(None)
        return REFUSED
    if output.as_json:
        output.write_json(figures_answer(compared))
        return DONE
    usual = f", against the last {compared.usual_of} completed runs" if compared.usual_of >= FEWEST_FOR_USUAL else ""
    output.say(f"{clean(run_id)}, as Spark told it {full_time(compared.asked_at)}{usual}:")
    for label, text in figure_lines(compared):
        output.say(f"  {label:20}{text}")
    return DONE


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else duration_text(seconds)


def _ago(metrics: PipelineMetrics) -> str:
    since = metrics.seconds_since_success
    return "none in 180 days" if since is None else f"{duration_text(since)} ago"
