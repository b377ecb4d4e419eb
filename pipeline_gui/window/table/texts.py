"""Runs as text for elsewhere: a file for a spreadsheet, a table for the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline_gui.csv_text import csv_text
from pipeline_gui.window.file_saver import NextPiece, Piece
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.columns import HEADERS, Column
from pipeline_gui.window.texts import escaped
from pipeline_gui.window.times import clock_text
from pipeline_gui.window.translation import tr

PIECE = 2000
"""Rows written at once."""
_HEADINGS = (
    "run_id",
    "status",
    "pipeline",
    "started_utc",
    "ended_utc",
    "duration_seconds",
    "by",
    "outcome",
    "error",
    "command",
)


def csv_pieces(rows: Sequence[RunRow], now: float) -> NextPiece:
    """The rows as CSV, times in UTC; now as arrange() takes it."""

    def next_piece(first: int) -> Piece:
        part = rows[first : first + PIECE]
        lines = [_HEADINGS] if first == 0 else []
        data = csv_text([*lines, *(_fields(row, now) for row in part)])
        done = first + len(part)
        if done >= len(rows):
            return Piece(data, None, tr("{0:,} runs.").format(done))
        return Piece(data, done, tr("{0:,} of {1:,} runs").format(done, len(rows)))

    return next_piece


def _fields(row: RunRow, now: float) -> tuple[object, ...]:
    seconds = row.duration if row.running_since is None else now - row.running_since
    return (
        row.run_id,
        row.status,
        row.pipeline,
        _utc(row.started),
        _utc(row.ended),
        None if seconds is None else round(seconds, 3),
        row.by,
        row.outcome,
        row.error,
        row.command,
    )


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def table_texts(rows: Sequence[RunRow], columns: Sequence[Column]) -> tuple[str, str]:
    """Some columns of the rows under their titles: by tabs, and as HTML, for what takes the one or the other."""
    lines = [[tr(HEADERS[column]) for column in columns], *([_text(row, column) for column in columns] for row in rows)]
    plain = "\n".join("\t".join(line) for line in lines)
    marked = "".join("<tr>" + "".join(f"<td>{escaped(text)}</td>" for text in line) + "</tr>" for line in lines)
    return plain, f"<table>{marked}</table>"


def _text(row: RunRow, column: Column) -> str:
    match column:
        case Column.STATUS:
            return row.look.word
        case Column.PIPELINE:
            return row.pipeline
        case Column.STARTED:
            return f"{row.started.astimezone():%Y-%m-%d %H:%M:%S}" if row.started is not None else ""
        case Column.DURATION:
            return clock_text(row.duration, to_nearest=True) if row.duration is not None else ""
        case Column.BY:
            return row.by
        case Column.OUTCOME:
            return row.outcome
