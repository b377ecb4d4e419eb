"""What a keeper tells the users of its pair: one small private file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from pipeline_gui.embedded.files import read_or_empty, write_private
from pipeline_gui.embedded.places import Places

State = Literal["starting", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Report:
    """How far the pair is; with its addresses and secrets when it is ready."""

    state: State
    sentence: str
    """For people: what is being waited for, or why it failed."""
    at: float
    """Seconds of time.monotonic(), which all processes of a boot share."""
    database_url: str = ""
    spark_url: str = ""
    spark_token: str = ""


def write_report(places: Places, report: Report) -> None:
    """Replace the report. Raises OSError."""
    write_private(places.report, json.dumps(asdict(report)))


def read_report(places: Places) -> Report | None:
    """The report that is there; None when there is none or it can't be understood. Raises OSError."""
    try:
        return Report(**json.loads(read_or_empty(places.report)))
    except (ValueError, TypeError):
        return None


def remove_report(places: Places) -> None:
    """Take the report back. Raises OSError."""
    places.report.unlink(missing_ok=True)
