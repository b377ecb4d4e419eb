"""The columns of the table of runs."""

from __future__ import annotations

from enum import IntEnum


class Column(IntEnum):
    """The columns, left to right."""

    STATUS = 0
    PIPELINE = 1
    STARTED = 2
    DURATION = 3
    BY = 4
    OUTCOME = 5


HEADERS = {
    Column.STATUS: "Status",
    Column.PIPELINE: "Pipeline",
    Column.STARTED: "Started",
    Column.DURATION: "Duration",
    Column.BY: "By",
    Column.OUTCOME: "Outcome",
}
