"""`runs`: the history, as a table on a terminal and as aligned text anywhere else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline_gui.pipeline.answers import RunAnswer
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.run_times import moment_of
from pipeline_gui.terminal.exit_codes import DONE
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.sentences import run_of
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.styles import look_of
from pipeline_gui.terminal.text import clean, clock, cut, full_time, near_time

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("Status", "Pipeline", "Started", "Duration", "By", "Outcome", "Run")
LONGEST_CELL = 60
LONGEST_OUTCOME = 160
WIDE = 110
"""Columns of a terminal from which on a run is shown on one line."""


@dataclass(frozen=True, slots=True)
class Row:
    """A run as a line of the table, every text of it made harmless."""

    status: str | None
    pipeline: str
    started: datetime | None
    duration: str
    by: str
    outcome: str
    run_id: str


def runs(arguments: argparse.Namespace, output: Output) -> int:
    """List the runs of the last days, newest first."""
    with open_session(arguments, output) as backend:
        answers = backend.controller.get_recent_pipeline_runs(arguments.days)
        zone = backend.settings.old_rows_timezone
    if output.as_json:
        output.write_json(answers)
        return DONE
    rows = [row_of(answer, zone) for answer in answers]
    if not rows:
        output.say(f"No runs in the last {arguments.days:g} days.")
    elif output.is_terminal:
        _write_table(rows, output)
    else:
        _write_text(rows, output)
    return DONE


def row_of(answer: RunAnswer, old_rows_timezone: str | None = None) -> Row:
    """A run as a line of the table; what another program left out or wrote oddly stays readable."""
    metadata = answer["metadata"] or {}
    by = metadata.get("started_by")
    return Row(
        status=answer["status"],
        pipeline=cut(clean(run_of(answer).pipeline), LONGEST_CELL),
        started=moment_of(answer, "start_time", old_rows_timezone),
        duration=clock(answer["duration"]),
        by=cut(clean(by), LONGEST_CELL) if isinstance(by, str) else "",
        outcome=cut(clean(_outcome(answer)), LONGEST_OUTCOME),
        run_id=cut(clean(answer["run_id"]), LONGEST_CELL),
    )


def _outcome(answer: RunAnswer) -> str:
    metadata = answer["metadata"] or {}
    if answer["error_message"]:
        return answer["error_message"]
    phase, stopped_by = metadata.get("phase"), metadata.get("stopped_by")
    if answer["status"] == RunStatus.RUNNING and isinstance(phase, str) and phase != "running":
        return phase.replace("_", " ")
    if answer["status"] == RunStatus.STOPPED and isinstance(stopped_by, str):
        return f"by {stopped_by}"
    return ""


def _write_text(rows: Sequence[Row], output: Output) -> None:
    lines = [HEADINGS]
    lines += [
        (
            look_of(row.status)[1], row.pipeline, full_time(row.started), row.duration, row.by, row.outcome or "-",
            row.run_id,
        )
        for row in rows
    ]  # fmt: skip
    output.say_table(lines)


def _write_table(rows: Sequence[Row], output: Output) -> None:
    from rich.console import Console

    console = Console(file=output.out, no_color=not output.has_color, emoji=False, highlight=False)
    console.print(_wide(rows) if console.width >= WIDE else _narrow(rows))


def _wide(rows: Sequence[Row]) -> Table:
    """One line for each run."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
    for heading in HEADINGS:
        # What is cut on a terminal is whole in a pipe; the id is never cut, since it is what other commands take.
        table.add_column(
            heading, no_wrap=True, overflow="ellipsis", ratio=1 if heading == "Outcome" else None,
            max_width=24 if heading in ("Pipeline", "By") else None,
        )  # fmt: skip
    for row in rows:
        sign, word, color = look_of(row.status)
        cells = (near_time(row.started), row.duration, row.by, row.outcome, row.run_id)
        # As text and not as markup: a message may hold square brackets.
        table.add_row(Text(f"{sign} {word}", style=color), Text(row.pipeline), *map(Text, cells))
    return table


def _narrow(rows: Sequence[Row]) -> Table:
    """Two lines for each run: the second has its id and its outcome."""
    from rich.table import Table
    from rich.text import Text

    lines = Table.grid()
    lines.add_column(no_wrap=True, overflow="ellipsis")
    for row in rows:
        sign, word, color = look_of(row.status)
        first = Text(f"{sign} {word:<10} ", style=color)
        first.append(f"{cut(row.pipeline, 20):<20}  {near_time(row.started):<19}  {row.duration:<9} ", style="default")
        first.append(row.by, style="default")
        lines.add_row(first)
        lines.add_row(Text(f"  {row.run_id}  {row.outcome}", style="dim"))
    return lines
