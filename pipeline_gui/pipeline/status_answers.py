"""The state of now as faces get it: idle, running or unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline_gui.pipeline.answers import StatusAnswer, contact_answer, progress_answer, utc_text
from pipeline_gui.pipeline.run import Phase, RunRecord, RunStatus
from pipeline_gui.pipeline.sentences import running_sentence

if TYPE_CHECKING:
    from pipeline_gui.pipeline.record import Contact


def unknown_answer(sentence: str, database: Contact, spark: Contact) -> StatusAnswer:
    """Nobody knows; the sentence says why."""
    answer = _idle(sentence, database, spark)
    answer["is_running"] = None
    answer["status"] = "unknown"
    return answer


def _idle(sentence: str, database: Contact, spark: Contact) -> StatusAnswer:
    return {
        "is_running": False,
        "run_id": None,
        "status": None,
        "phase": None,
        "sentence": sentence,
        "pipeline": None,
        "started_by": None,
        "start_time": None,
        "duration": None,
        "stop_requested_by": None,
        "application_id": None,
        "ours": None,
        "progress": None,
        "database": contact_answer(database),
        "spark": contact_answer(spark),
    }


def status_answer(record: RunRecord | None, database: Contact, spark: Contact) -> StatusAnswer:
    """What runs, from the row that holds the single place; None: nothing does."""
    if record is None:
        return _idle("No pipeline is running.", database, spark)
    run, engine = record.run, record.engine
    started_by = (run.metadata or {}).get("started_by")
    return {
        "is_running": True,
        "run_id": run.run_id,
        "status": RunStatus.RUNNING,
        "phase": engine.phase if engine else Phase.RUNNING,
        "sentence": running_sentence(record, spark),
        "pipeline": run.pipeline,
        "started_by": started_by if isinstance(started_by, str) else None,
        "start_time": utc_text(run.start_time),
        "duration": run.duration,
        "stop_requested_by": engine.stop_requested_by if engine else None,
        "application_id": engine.application_id if engine else None,
        "ours": engine is not None,
        "progress": progress_answer(engine.progress if engine else None),
        "database": contact_answer(database),
        "spark": contact_answer(spark),
    }
