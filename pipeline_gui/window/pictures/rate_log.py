"""The rates of a streaming run as this window saw them: Spark keeps no more than the newest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from pipeline_gui.pipeline.answers import StatusAnswer

KEPT = 1800
"""Readings: an hour of one each 2 s."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rows per second at a moment of this computer's clock that counts sleep, in seconds."""

    at: float
    input: float | None
    processed: float | None


class RateLog:
    """Notes what each refresh says of the run that streams; another run begins anew."""

    def __init__(self) -> None:
        self._run_id: str | None = None
        self._rates: deque[Rates] = deque(maxlen=KEPT)

    def note(self, status: StatusAnswer, at: float) -> None:
        """Take note of a status that was answered at a moment; what is not known leaves no mark."""
        if status["run_id"] is None:
            return
        if status["run_id"] != self._run_id:
            self._run_id = status["run_id"]
            self._rates.clear()
        progress = status["progress"] or {}
        given, processed = progress.get("input_rows_per_second"), progress.get("processed_rows_per_second")
        if given is not None or processed is not None:
            self._rates.append(Rates(at, given, processed))

    def of(self, run_id: str | None) -> tuple[Rates, ...]:
        """The rates of a run, the oldest first; none for one that was not seen to stream."""
        return tuple(self._rates) if run_id is not None and run_id == self._run_id else ()
