"""How each status looks: a word, an icon and a tone, so that colour never carries the meaning alone."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from pipeline_gui.pipeline.status import Phase, RunStatus
from pipeline_gui.window.marking import QT_TR_NOOP


class Tone(StrEnum):
    """What a colour means; the theme says which colour it is."""

    ACTIVE = "active"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    QUIET = "quiet"


class Look(NamedTuple):
    """The word, the icon's name and the tone of one status."""

    word: str
    icon: str
    tone: Tone


IDLE = Look(QT_TR_NOOP("idle"), "idle", Tone.QUIET)
UNKNOWN = Look(QT_TR_NOOP("unknown"), "unknown", Tone.WARNING)

_ENDED: dict[str, Look] = {
    RunStatus.COMPLETED: Look(QT_TR_NOOP("completed"), "completed", Tone.GOOD),
    RunStatus.FAILED: Look(QT_TR_NOOP("failed"), "failed", Tone.BAD),
    RunStatus.STOPPED: Look(QT_TR_NOOP("stopped"), "stopped", Tone.QUIET),
}
_PHASES: dict[str, Look] = {
    Phase.STARTING: Look(QT_TR_NOOP("starting"), "starting", Tone.ACTIVE),
    Phase.RUNNING: Look(QT_TR_NOOP("running"), "running", Tone.ACTIVE),
    Phase.STOPPING: Look(QT_TR_NOOP("stopping"), "stopping", Tone.WARNING),
    Phase.LOST_CONTACT: Look(QT_TR_NOOP("lost contact"), "lost_contact", Tone.WARNING),
}


def look_of(status: str | None, phase: str | None = None) -> Look:
    """The look of a run's recorded status, and of its phase while it runs; a foreign status is shown as it is."""
    known = (status or "").strip(" ").lower()
    if known == RunStatus.RUNNING:
        return _PHASES.get(phase or "", _PHASES[Phase.RUNNING])
    if (ended := _ENDED.get(known)) is not None:
        return ended
    return Look(QT_TR_NOOP(" ").join((status or "–").split())[:50], "unknown", Tone.QUIET)
