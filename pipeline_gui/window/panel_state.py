"""What the status panel says of a snapshot; no widget, so that it is quick to test."""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from typing import NamedTuple

from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.window.looks import IDLE, UNKNOWN, Look, look_of
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.times import local_text, moment_tooltip, parse_moment
from pipeline_gui.window.translation import tr


class PanelState(NamedTuple):
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


def reading_state() -> PanelState:
    """What is shown before the first answer."""
    return PanelState(
        Look("reading", "unknown", UNKNOWN.tone), tr("Reading the record…"), tr("The database is being asked.")
    )


def panel_state(snapshot: Snapshot, known: Snapshot | None, today: date) -> PanelState:
    """What is shown for a snapshot; known is the last one that could read the record."""
    status = snapshot.status
    if status["is_running"] is None:
        sentence = tr("It is not known whether a pipeline is running.")
        return PanelState(UNKNOWN, tr("Unknown"), sentence, facts=_last_known(known, today))
    if not status["is_running"]:
        return PanelState(IDLE, tr("Idle"), status["sentence"], facts=_last_run(snapshot, today))
    look = look_of(status["status"], status["phase"])
    progress = status["progress"] or {}
    is_stream = "batch_number" in progress or "input_rows_per_second" in progress
    started = parse_moment(status["start_time"])
    facts = [tr("since {0}").format(local_text(started, today))] if started else []
    facts.append(tr("started by {0}").format(status["started_by"] or tr("another program")))
    if status["application_id"]:
        facts.append(status["application_id"])
    return PanelState(
        look,
        f"{tr(look.word).capitalize()} · {one_line(status['pipeline'] or '', 120)}",
        one_line(status["sentence"]),
        facts=one_line("  ·  ".join(facts)),
        facts_tooltip=tr("Started\n{0}\n{1}").format(moment_tooltip(started), status["run_id"]),
        progress_text=one_line(progress.get("text", "")),
        # A stream's tasks are those of one micro-batch of a second or so: a bar of them would only flicker.
        done=None if is_stream else progress.get("tasks_completed"),
        total=None if is_stream else progress.get("tasks_total"),
        duration=status["duration"],
    )


def _last_known(known: Snapshot | None, today: date) -> str:
    if known is None:
        return ""
    when = tr("At {0}, when the record could be read last,").format(local_text(known.at, today))
    name = known.status["pipeline"]
    return one_line(
        tr("{0} “{1}” was running.").format(when, name)
        if known.status["is_running"]
        else tr("{0} none was running.").format(when)
    )


def _last_run(snapshot: Snapshot, today: date) -> str:
    ended = [(row.ended, row) for row in snapshot.rows or () if row.ended is not None]
    if not ended:
        return ""
    _, last = max(ended, key=itemgetter(0))
    how = {"stopped": "was stopped"}.get(last.look.word, last.look.word)
    took = tr(" after {0}").format(duration_text(last.duration)) if last.duration is not None else ""
    return tr("The last run, “{0}”, {1} at {2}{3}.").format(last.pipeline, how, local_text(last.ended, today), took)
