"""The columns of the table of runs."""

from __future__ import annotations

from enum import IntEnum

from pipeline_gui.window.marking import QT_TR_NOOP


class Column(IntEnum):
    """The columns, left to right."""

    STATUS = 0
    PIPELINE = 1
    STARTED = 2
    DURATION = 3
    BY = 4
    OUTCOME = 5


HEADERS = {
    Column.STATUS: QT_TR_NOOP("Status"),
    Column.PIPELINE: QT_TR_NOOP("Pipeline"),
    Column.STARTED: QT_TR_NOOP("Started"),
    Column.DURATION: QT_TR_NOOP("Duration"),
    Column.BY: QT_TR_NOOP("By"),
    Column.OUTCOME: QT_TR_NOOP("Outcome"),
}
