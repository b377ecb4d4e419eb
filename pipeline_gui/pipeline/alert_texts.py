"""Alerts in words: one message, or a digest of many."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pipeline_gui.pipeline.alert import TEST, Alert, Claimed, Condition, Letter, Message
from pipeline_gui.pipeline.redaction import redact_text
from pipeline_gui.pipeline.run import Run, RunRecord
from pipeline_gui.pipeline.sentences import duration_text, ending_sentence, limit_text

LONGEST_TITLE = 200
_SIGNS = {"failed": "✖", "recovered": "✔", "slow": "⚠", "limit": "⚠", "missed": "⚠", "lost_contact": "⚠"}


def condition_text(condition: Condition, minutes: float | None = None) -> str:
    """Of what a rule tells, in a few words."""
    limit = limit_text((minutes or 0) * 60)
    match condition:
        case Condition.FAILED:
            return "when it fails"
        case Condition.ENDED:
            return "when it ends"
        case Condition.RECOVERED:
            return "when it completes after a failure"
        case Condition.SLOW:
            return "when it lasts longer than usual"
        case Condition.LIMIT:
            return f"when it lasts longer than {limit}"
        case Condition.MISSED:
            return "when a schedule starts nothing"
        case Condition.LOST_CONTACT:
            return f"when contact is lost for {limit}"


def rule_text(alert: Alert) -> str:
    """A rule in a sentence."""
    what = f"“{alert.pipeline}”" if alert.pipeline else "each pipeline"
    return f"Tells {alert.receiver} of {what}, {condition_text(alert.condition, alert.minutes)}."


def compose(claimed: Claimed, installation_id: str, *, system: str | None, public_url: str | None) -> Letter:
    """What was claimed, in words; public_url: where people find the service's page."""
    messages = claimed.messages
    key = f"{installation_id}-{claimed.first.message_id}"
    prefix = f"[{system}] " if system else ""
    if len(messages) == 1:
        title = title_of(claimed.first)
        text, link = _whole_text(claimed.first, public_url), _link(claimed.first, public_url)
        kind = TEST if claimed.is_test else "alert"
    else:
        title = f"{len(messages)} alerts, the last one: {title_of(messages[-1])}"
        text = "\n\n".join(f"{title_of(message)}\n{_whole_text(message, public_url)}" for message in messages)
        link, kind = public_url, "digest"
    title = one_line(prefix + title)
    body = {
        "id": key, "kind": kind, "system": system, "title": title, "text": f"{title}\n\n{text}", "link": link,
        "alerts": [_for_programs(message, public_url) for message in messages],
    }  # fmt: skip
    return Letter(key, title, text, link, body)


def title_of(message: Message) -> str:
    """What happened, in a line."""
    sentence = sentence_of(message).splitlines()[0]
    return f"{_SIGNS.get(_tone(message), '•')} {sentence}"


def sentence_of(message: Message) -> str:
    """What happened, in a sentence or two."""
    facts = message.facts
    pipeline = _text(facts, "pipeline") or message.run_id or "?"
    lasted = duration_text(_number(facts, "duration"))
    limit = limit_text(_number(facts, "limit_seconds"))
    match message.condition:
        case "test":
            by = _text(facts, "asked_by")
            return f"A test of the alert “{message.alert_name}”{f', for {by}' if by else ''}."
        case "slow":
            usual, runs = duration_text(_number(facts, "usual_seconds")), round(_number(facts, "runs"))
            longest = duration_text(_number(facts, "limit_seconds"))
            return (
                f"“{pipeline}” has been running for {lasted}, longer than usual: {usual} is its median, and more than "
                f"{longest} is unusual, by the last {runs} runs that completed."
            )
        case "limit":
            return f"“{pipeline}” has been running for {lasted}, longer than {limit}."
        case "lost_contact":
            silent = duration_text(_number(facts, "silent_seconds"))
            return f"Nobody has had an answer from Spark about “{pipeline}” for {silent}. It may still be going on."
        case "missed":
            return _missed(facts)
        case "recovered":
            return f"“{pipeline}” completed after {lasted}; the run before it had failed."
    return redact_text(ending_sentence(RunRecord(_run(message), None, None, False)))


def one_line(text: str) -> str:
    """A text without breaks and control characters, as a subject must be."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


# --- inside ---------------------------------------------------------------------------------------------------------


def _whole_text(message: Message, public_url: str | None) -> str:
    facts = message.facts
    by, via = _text(facts, "started_by"), _text(facts, "started_from")
    lines = [
        ("Pipeline", _text(facts, "pipeline")),
        ("Run", message.run_id),
        ("Schedule", _text(facts, "schedule")),
        ("Started", _moment(facts, "start_time")),
        ("By", f"{by} ({via})" if by and via else by),
        ("Ended", _moment(facts, "end_time")),
        ("Lasted", duration_text(_number(facts, "duration")) if "duration" in facts else ""),
        ("Stopped by", _text(facts, "stopped_by")),
        ("Alert", message.alert_name),
        ("Noticed", f"{message.made_at:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    facts_text = "\n".join(f"{name + ':':<12}{one_line(value)}" for name, value in lines if value)
    link = _link(message, public_url)
    return "\n\n".join(part for part in (sentence_of(message), facts_text, link) if part)


def _missed(facts: Mapping[str, Any]) -> str:
    times = round(_number(facts, "times"))
    schedule, due = _text(facts, "schedule"), _moment(facts, "due")
    many = (
        f"{times} times of the schedule “{schedule}” started nothing, the last one"
        if times > 1
        else (f"The schedule “{schedule}” started nothing")
    )
    return redact_text(f"{many} at {due} ({_text(facts, 'outcome')}): {_text(facts, 'sentence')}")


def _tone(message: Message) -> str:
    if message.condition == Condition.ENDED:
        status = _text(message.facts, "status")
        return {"failed": "failed", "completed": "recovered"}.get(status, "")
    return message.condition


def _link(message: Message, public_url: str | None) -> str | None:
    if public_url is None:
        return None
    return f"{public_url}/#run={quote(message.run_id, safe='')}" if message.run_id else public_url


def _for_programs(message: Message, public_url: str | None) -> dict[str, Any]:
    facts = {key: redact_text(value) if isinstance(value, str) else value for key, value in message.facts.items()}
    return {
        "alert": message.alert_name, "condition": message.condition, "run_id": message.run_id,
        "sentence": sentence_of(message), "link": _link(message, public_url),
        "noticed_at": message.made_at.isoformat(), "facts": facts,
    }  # fmt: skip


def _run(message: Message) -> Run:
    facts = message.facts
    duration = _number(facts, "duration") if "duration" in facts else None
    about = {"configuration": {"name": _text(facts, "pipeline")}}
    error = _text(facts, "error_message") or None
    return Run(message.run_id or "?", None, _text(facts, "status"), None, None, duration, error, about)


def _text(facts: Mapping[str, Any], key: str) -> str:
    value = facts.get(key)
    return value if isinstance(value, str) else ""


def _number(facts: Mapping[str, Any], key: str) -> float:
    value = facts.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _moment(facts: Mapping[str, Any], key: str) -> str:
    """A TIMESTAMP in JSON, for people."""
    try:
        return f"{datetime.fromisoformat(_text(facts, key)):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return ""
