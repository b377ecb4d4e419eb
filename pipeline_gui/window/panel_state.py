"""What the status panel says of a snapshot; no Qt, so that it is quick to test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from operator import itemgetter

from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.window.looks import IDLE, UNKNOWN, Look, look_of
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.times import local_text, moment_tooltip, parse_moment


@dataclass(frozen=True, slots=True)
class PanelState:
    """The texts and numbers of the panel."""

    look: Look
    headline: str
    sentence: str
    facts: str = ""
    """Since when, by whom, under which id."""
    facts_tooltip: str = ""
    progress_text: str = ""
    done: int | None = None
    total: int | None = None
    """Tasks; None where no bar makes sense, as for a stream."""
    duration: float | None = None
    """Seconds at the moment of the answer; None where nothing ticks."""


READING = PanelState(Look("reading", "unknown", UNKNOWN.tone), "Reading the record…", "The database is being asked.")


def panel_state(snapshot: Snapshot, known: Snapshot | None, today: date) -> PanelState:
    """What is shown for a snapshot; known is the last one that could read the record."""
    status = snapshot.status
    if status["is_running"] is None:
        sentence = "It is not known whether a pipeline is running."
        return PanelState(UNKNOWN, "Unknown", sentence, facts=_last_known(known, today))
    if not status["is_running"]:
        return PanelState(IDLE, "Idle", status["sentence"], facts=_last_run(snapshot, today))
    look = look_of(status["status"], status["phase"])
    progress = status["progress"] or {}
    started = parse_moment(status["start_time"])
    facts = [f"since {local_text(started, today)}"] if started else []
    facts.append(f"started by {status['started_by'] or 'another program'}")
    if status["application_id"]:
        facts.append(status["application_id"])
    return PanelState(
        look,
        f"{look.word.capitalize()} · {one_line(status['pipeline'] or '', 120)}",
        one_line(status["sentence"]),
        facts=one_line("  ·  ".join(facts)),
        facts_tooltip=f"Started\n{moment_tooltip(started)}\n{status['run_id']}",
        progress_text=one_line(progress.get("text", "")),
        done=progress.get("tasks_completed"),
        total=progress.get("tasks_total"),
        duration=status["duration"],
    )


def _last_known(known: Snapshot | None, today: date) -> str:
    if known is None:
        return ""
    when = f"At {local_text(known.at, today)}, when the record could be read last,"
    name = known.status["pipeline"]
    return one_line(f"{when} “{name}” was running." if known.status["is_running"] else f"{when} none was running.")


def _last_run(snapshot: Snapshot, today: date) -> str:
    ended = [(row.ended, row) for row in snapshot.rows or () if row.ended is not None]
    if not ended:
        return ""
    _, last = max(ended, key=itemgetter(0))
    how = {"stopped": "was stopped"}.get(last.look.word, last.look.word)
    took = f" after {duration_text(last.duration)}" if last.duration is not None else ""
    return f"The last run, “{last.pipeline}”, {how} at {local_text(last.ended, today)}{took}."
