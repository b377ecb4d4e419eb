"""The history as CSV (RFC 4180), harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
COLUMNS = ("run_id", "command", "status", "start_time", "end_time", "duration", "error_message", "metadata")
HEADINGS = dict(zip(COLUMNS, COLUMNS, strict=True))
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Some rows, under the table's column names; a metadata object as JSON."""
    file = io.StringIO()
    writer = csv.writer(file)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return file.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
