"""What the terminal says of a run that it has as an answer, in the words that every face uses."""

from __future__ import annotations

from datetime import datetime

from pipeline_gui.pipeline.answers import RunAnswer
from pipeline_gui.pipeline.run import Run, RunRecord
from pipeline_gui.pipeline.sentences import ending_sentence


def run_of(answer: RunAnswer) -> Run:
    """The run that an answer describes."""
    return Run(
        run_id=answer["run_id"],
        command=answer["command"],
        status=answer["status"],
        start_time=_moment(answer["start_time"]),
        end_time=_moment(answer["end_time"]),
        duration=answer["duration"],
        error_message=answer["error_message"],
        metadata=answer["metadata"],
    )


def ended_sentence(answer: RunAnswer) -> str:
    """How a run ended."""
    return ending_sentence(RunRecord(run_of(answer), engine=None, age_seconds=None, watched=False))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
