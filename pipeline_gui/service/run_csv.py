"""The history as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_gui.csv_text import csv_text

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
COLUMNS = ("run_id", "command", "status", "start_time", "end_time", "duration", "error_message", "metadata")
HEADINGS = dict(zip(COLUMNS, COLUMNS, strict=True))


def csv_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Some rows, under the table's column names; a metadata object as JSON."""
    return csv_text([row[column] for column in COLUMNS] for row in rows)
