"""What is written on a terminal: foreign text made harmless, times and durations for people."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

# Whole terminal sequences (CSI, OSC and the short ones), so that no visible rest of one is left behind.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]P^_X]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?"
)
# Control characters but the tab, and what turns the direction of text: a log line must not rewrite the screen.
_UNSEEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean_line(text: str) -> str:
    """One line of foreign text without terminal sequences and control characters; tabs stay."""
    return _UNSEEN.sub("", _ESCAPE.sub("", text))


def clean(text: str) -> str:
    """Foreign text on one line, its line breaks and tabs as single spaces."""
    return clean_line(re.sub(r"\s+", " ", text)).strip()


def cut(text: str, longest: int) -> str:
    """Text of at most so many characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def clock(seconds: float | None) -> str:
    """A duration for a table: ``00:12:44``, with days in front where there are some."""
    if seconds is None:
        return ""
    days, rest = divmod(max(0, round(seconds)), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    return (f"{days} d " if days else "") + f"{hours:02}:{minutes:02}:{rest:02}"


def near_time(moment: datetime | None, now: datetime | None = None) -> str:
    """A moment in local time as people say it: the time today, ``yesterday 17:20:05``, else the date with the time."""
    if moment is None:
        return ""
    local = moment.astimezone()
    today = (now or datetime.now().astimezone()).astimezone(local.tzinfo).date()
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    if local.date() == today - timedelta(days=1):
        return f"yesterday {local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M:%S}"


def full_time(moment: datetime | None) -> str:
    """A moment in local time for a file or another program: date, time and the distance from UTC."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S%z}"
