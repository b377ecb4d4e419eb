"""`status`: what runs now, and what can be reached."""

from __future__ import annotations

import argparse
from datetime import datetime

from pipeline_gui.pipeline.answers import ContactAnswer, StatusAnswer
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.terminal.exit_codes import DONE, UNREACHABLE
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.styles import status_mark
from pipeline_gui.terminal.text import clean, near_time


def status(arguments: argparse.Namespace, output: Output) -> int:
    """Say what runs now, and what can be reached; the exit code says whether the database could be."""
    with open_session(arguments, output) as backend:
        answer = backend.controller.get_pipeline_status()
    if output.as_json:
        output.write_json(answer)
    else:
        output.say("\n".join(_status_lines(answer, output)))
    return UNREACHABLE if answer["is_running"] is None else DONE


def _status_lines(answer: StatusAnswer, output: Output) -> list[str]:
    word = answer["status"] or "idle"
    lines = [f"{status_mark(word, output)} {clean(answer['sentence'])}"]
    if answer["is_running"]:
        rows = {
            "run": answer["run_id"],
            "phase": (answer["phase"] or "").replace("_", " "),
            "started": _started(answer),
            "stop asked by": answer["stop_requested_by"],
            "progress": (answer["progress"] or {}).get("text"),
            "application": answer["application_id"],
        }
        lines += [_row(label, clean(text)) for label, text in rows.items() if text]
    lines.append(_row("database", _contact(answer["database"], answer["sentence"], output)))
    lines.append(_row("Spark", _contact(answer["spark"], answer["sentence"], output)))
    return lines


def _row(label: str, text: str) -> str:
    return f"  {label:<14}{text}"


def _started(answer: StatusAnswer) -> str:
    start_time = answer["start_time"]
    parts = [near_time(datetime.fromisoformat(start_time))] if start_time else []
    if answer["duration"] is not None:
        parts.append(f"{duration_text(answer['duration'])} ago")
    if answer["started_by"]:
        parts.append(f"by {answer['started_by']}")
    return ", ".join(parts)


def _contact(contact: ContactAnswer, sentence: str, output: Output) -> str:
    if contact["reachable"]:
        limit = f"; {clean(contact['reason'])}" if contact["reason"] else ""
        return output.paint("reachable", "green") + limit
    if contact["reachable"] is None:
        return output.paint("not asked", "dim")
    reason = contact["reason"]
    return output.paint("not reachable", "red") + (f": {clean(reason)}" if reason and reason != sentence else "")
