"""What is known of one run, in words: for the panel, and as a text for a ticket. Knows no Qt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from pipeline_gui.pipeline.answers import EventAnswer, RunAnswer, StatusAnswer
from pipeline_gui.pipeline.figures import ComparedFigures, figure_lines
from pipeline_gui.pipeline.redaction import redact_text
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.run_times import moment_of
from pipeline_gui.window.looks import look_of
from pipeline_gui.window.marking import QT_TR_NOOP
from pipeline_gui.window.snapshot import metadata_text
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.times import moment_tooltip, parse_moment

_LONGEST = 20_000
"""Characters of one fact: other programs' rows may hold megabytes."""


@dataclass(frozen=True, slots=True)
class RunDetails:
    """One run and what happened to it, oldest first, as one look at the record found them."""

    run: RunAnswer
    events: tuple[EventAnswer, ...]
    ui_address: str | None = None
    """Of Spark's own UI, while the run has one."""
    figures: ComparedFigures | None = None
    """What Spark told of its work, if anything."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known."""

    label: str
    text: str
    is_link: bool = False
    """Whether the text is an address that a browser opens."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime | None
    what: str
    who: str
    detail: str


def facts_of(
    details: RunDetails,
    status: StatusAnswer | None,
    old_rows_timezone: str | None = None,
    history_server_url: str | None = None,
) -> list[Fact]:
    """What, who, when, and how it ended; status is the state of now, where the run is the one that it is about."""
    run = details.run
    metadata = run["metadata"] if isinstance(run["metadata"], dict) else {}
    configuration = metadata.get("configuration")
    now = status if status is not None and status["run_id"] == run["run_id"] else None
    application = (now["application_id"] if now else None) or metadata_text(metadata, "application_id")
    facts = [
        Fact(QT_TR_NOOP("State"), _state(run, metadata.get("phase"), now)),
        Fact(QT_TR_NOOP("Progress"), (now["progress"] or {}).get("text", "") if now else ""),
        Fact(QT_TR_NOOP("Error"), redact_text(run["error_message"] or "")),
        Fact(QT_TR_NOOP("Run"), run["run_id"]),
        Fact(QT_TR_NOOP("Started"), _moment(moment_of(run, "start_time", old_rows_timezone))),
        Fact(QT_TR_NOOP("Ended"), _moment(moment_of(run, "end_time", old_rows_timezone))),
        Fact(QT_TR_NOOP("Duration"), "" if run["duration"] is None or now else duration_text(run["duration"])),
        Fact(QT_TR_NOOP("Started by"), _starter(metadata)),
        Fact(QT_TR_NOOP("Schedule"), _schedule(metadata)),
        Fact(QT_TR_NOOP("Stop asked for by"), (now["stop_requested_by"] or "") if now else ""),
        Fact(QT_TR_NOOP("Stopped by"), metadata_text(metadata, "stopped_by") or ""),
        Fact(QT_TR_NOOP("Application"), application or ""),
        Fact(QT_TR_NOOP("Spark UI"), details.ui_address or "", is_link=True),
        Fact(QT_TR_NOOP("History server"), _history_address(history_server_url, application), is_link=True),
        *_figures(details.figures),
        Fact(QT_TR_NOOP("Command"), redact_text(run["command"] or "")),
        Fact(QT_TR_NOOP("Configuration"), _json(configuration) if isinstance(configuration, dict) else ""),
    ]
    return [replace(fact, text=fact.text[:_LONGEST]) for fact in facts if fact.text]


def timeline_of(events: Iterable[EventAnswer]) -> list[Moment]:
    """The events as lines, oldest first."""
    return [
        Moment(
            parse_moment(event["at"]),
            _what(event),
            one_line(" · ".join(part for part in (event["actor"], event["via"]) if part)),
            _detail(event),
        )
        for event in events
    ]


def ticket_text(facts: Sequence[Fact], moments: Sequence[Moment]) -> str:
    """All of it as plain text with times in UTC, to paste into a ticket."""
    lines = []
    for fact in facts:
        first, *rest = fact.text.splitlines() or [""]
        lines.append(f"{fact.label}: {first}")
        lines += [f"    {line}" for line in rest]
    if moments:
        lines += ["", "Events (UTC):"]
    for moment in moments:
        at = f"{moment.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment.at else "–"
        parts = [at, moment.what, f"by {moment.who}" if moment.who else "", moment.detail]
        lines.append("  " + "  ".join(part for part in parts if part))
    return "\n".join(lines) + "\n"


def _schedule(metadata: dict[str, object]) -> str:
    name, again = metadata_text(metadata, "schedule"), metadata_text(metadata, "retry_of")
    due, number = metadata_text(metadata, "due"), metadata.get("attempt")
    parts = [
        name,
        f"due {_moment(parse_moment(due))}" if due else "",
        f"attempt {number}, after {again}" if again else "",
    ]
    return one_line(" · ".join(part for part in parts if part)) if name else ""


def _state(run: RunAnswer, phase: object, now: StatusAnswer | None) -> str:
    if now is not None:
        return now["sentence"]
    word = look_of(run["status"], phase if isinstance(phase, str) else None).word
    return word if run["duration"] is None else f"{word} after {duration_text(run['duration'])}"


def _figures(compared: ComparedFigures | None) -> list[Fact]:
    return [Fact(label, text) for label, text in figure_lines(compared)] if compared else []


def _history_address(server: str | None, application: str | None) -> str:
    return f"{server.rstrip('/')}/history/{quote(application, safe='')}/jobs/" if server and application else ""


def _starter(metadata: dict[str, object]) -> str:
    by, place = metadata_text(metadata, "started_by"), metadata_text(metadata, "started_from")
    if by is None:
        return "another program"
    return f"{one_line(by)}, from the {one_line(place)}" if place else one_line(by)


def _moment(moment: datetime | None) -> str:
    return " · ".join(dict.fromkeys(moment_tooltip(moment).split("\n"))) if moment else ""


def _what(event: EventAnswer) -> str:
    if event["kind"] == "status changed":
        return one_line(f"{event['old_status'] or 'nothing'} → {event['new_status'] or 'nothing'}")
    return one_line(event["kind"])


def _detail(event: EventAnswer) -> str:
    said = [_said(key, value) for key, value in event["detail"].items()]
    return one_line(redact_text("; ".join(said)), 1000)


def _said(key: str, value: object) -> str:
    if key == "gone" and value is True:
        return "nothing of it is left on Spark"
    name = key.replace("_", " ")
    return name if value is True else f"{name}: {value if isinstance(value, str) else _json(value)}"


def _json(value: object) -> str:
    indent = 2 if isinstance(value, dict) and value else None
    return redact_text(json.dumps(value, indent=indent, ensure_ascii=False, default=str))
