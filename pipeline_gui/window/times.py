"""Moments and durations as the window shows them: local time, with UTC on hover."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pipeline_gui.window.translation import tr


def parse_moment(text: str | None) -> datetime | None:
    """A moment of the controller's answers as an aware datetime; None where it is missing or not one."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def local_text(moment: datetime | None, today: date) -> str:
    """A moment in local time, as short as it stays clear on that day."""
    if moment is None:
        return "–"
    local = _local(moment)
    days = (today - local.date()).days
    if days == 0:
        return f"{local:%H:%M:%S}"
    if days == 1:
        return tr("yesterday {0:%H:%M}").format(local)
    if local.year == today.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def relative_text(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was, in the largest unit of which it is two or more."""
    if moment is None:
        return "–"
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 60:
        return tr("just now")
    if seconds < 0:
        return tr("in the future")  # two clocks differ
    unit, size = (
        (tr("days"), 86_400) if seconds >= 2 * 86_400 else ("h", 3600) if seconds >= 2 * 3600 else (tr("min"), 60)
    )
    return tr("{0} {1} ago").format(int(seconds // size), unit)


def moment_tooltip(moment: datetime | None) -> str:
    """A moment in full: local time with its zone, and UTC."""
    if moment is None:
        return tr("Not recorded")
    local = _local(moment)
    return tr("{0:%Y-%m-%d %H:%M:%S %Z}\n{1:%Y-%m-%d %H:%M:%S} UTC").format(local, moment.astimezone(UTC))


def clock_text(seconds: float | None, *, to_nearest: bool = False) -> str:
    """A duration as a clock: ``00:12:44``, ``2 d 03:04:05``; full seconds, as a clock that ticks shows them."""
    if seconds is None or seconds != seconds or abs(seconds) == float("inf"):
        return "–"
    whole = max(0, round(seconds) if to_nearest else int(seconds))
    days, rest = divmod(whole, 86_400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {text}" if days else text


def _local(moment: datetime) -> datetime:
    try:
        return moment.astimezone()
    except (OverflowError, ValueError, OSError):  # at the ends of the calendar no zone can be applied
        return moment
