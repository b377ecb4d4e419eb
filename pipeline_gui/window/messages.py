"""What the window says after an action, or when a run ended by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.snapshot import RunRow, Snapshot
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.times import parse_moment
from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from pipeline_gui.pipeline.answers import ActionAnswer

LONGEST_MESSAGE = 600


class Message(NamedTuple):
    """A sentence with its weight."""

    text: str
    tone: Tone = Tone.QUIET


def answer_message(answer: ActionAnswer) -> Message:
    """The answer of an action, in words."""
    text = one_line(answer["message"], LONGEST_MESSAGE)
    if answer["success"]:
        return Message(text, Tone.GOOD)
    soft = answer.get("reason") in ("unconfirmed", "busy", "idle")
    return Message(text, Tone.WARNING if soft else Tone.BAD)


def failure_message(error: Exception) -> Message:
    """An action that raised: what happened, in words."""
    return Message(one_line(str(error) or type(error).__name__, LONGEST_MESSAGE), Tone.BAD)


def ending_news(before: Snapshot | None, after: Snapshot) -> Message | None:
    """A run that was running and has ended, whoever ended it."""
    if before is None or not before.status["is_running"] or not after.is_known:
        return None
    run_id = before.status["run_id"]
    row = next((row for row in after.rows or () if row.run_id == run_id), None)
    if row is None or row.is_running:
        return None
    return Message(one_line(_ending(row), LONGEST_MESSAGE), _ENDING_TONES.get(row.look.word, Tone.QUIET))


def recovery_news(before: Snapshot | None, after: Snapshot) -> Message | None:
    """A server that could not be reached and answers again."""
    if before is None:
        return None
    texts = []
    if not before.is_known and after.is_known:
        texts.append(tr("The database answers again{0}.").format(_after(before.status["database"]["since"], after)))
    if before.status["spark"]["reachable"] is False and after.status["spark"]["reachable"]:
        texts.append(tr("The Spark server answers again{0}.").format(_after(before.status["spark"]["since"], after)))
    return Message(" ".join(texts), Tone.GOOD) if texts else None


def _after(since: str | None, now: Snapshot) -> str:
    moment = parse_moment(since)
    return tr(" after {0}").format(duration_text((now.at - moment).total_seconds())) if moment else ""


_ENDING_TONES = {"completed": Tone.GOOD, "failed": Tone.BAD}


def _ending(row: RunRow) -> str:
    after = tr(" after {0}").format(duration_text(row.duration)) if row.duration is not None else ""
    match row.look.word:
        case "completed":
            return tr("“{0}” completed{1}.").format(row.pipeline, after)
        case "failed":
            return (
                tr("“{0}” failed{1}: {2}").format(row.pipeline, after, row.error)
                if row.error
                else tr("“{0}” failed{1}.").format(row.pipeline, after)
            )
        case "stopped":
            if row.error:  # by no person: a limit, or a schedule that replaced it
                return tr("“{0}” was stopped{1}. {2}").format(row.pipeline, after, row.outcome)
            by = f" {row.outcome}" if row.outcome else ""
            return tr("“{0}” was stopped{1}{2}.").format(row.pipeline, by, after)
        case word:
            return tr("“{0}” is now recorded as {1}.").format(row.pipeline, word)
