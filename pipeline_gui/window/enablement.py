"""What an operator may do now, from the record alone, and in words why not."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from pipeline_gui.pipeline.status import Phase
from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from pipeline_gui.pipeline.answers import StatusAnswer


class Kind(StrEnum):
    """The actions that change a run."""

    START = "start"
    STOP = "stop"
    FORCE = "force"
    ABANDON = "abandon"
    RELEASE = "release"
    CONFIRM_GONE = "confirm gone"


class Permission(NamedTuple):
    """Whether an action is on, and the sentence of its tooltip."""

    enabled: bool
    sentence: str


def permissions(status: StatusAnswer | None, pending: AbstractSet[Kind], choice: str | None) -> dict[Kind, Permission]:
    """What is on; pending are the actions that were pressed and that the record has not decided yet."""
    if status is None:
        return dict.fromkeys(Kind, _no(tr("The record is being read.")))
    if status["is_running"] is None:
        return dict.fromkeys(
            Kind, _no(tr("It is not known whether a pipeline is running. {0}").format(status["sentence"]))
        )
    if status["database"]["reachable"] and status["database"]["reason"]:
        return dict.fromkeys(Kind, _no(status["database"]["reason"]))
    running = status["is_running"]
    idle = _no(tr("No pipeline is running."))
    return {
        Kind.START: _start(status, pending, choice),
        Kind.STOP: _stop(status, pending) if running else idle,
        Kind.FORCE: _force(status, pending) if running else idle,
        Kind.ABANDON: _abandon(status, pending) if running else idle,
        Kind.RELEASE: _release(status, pending) if running else idle,
        Kind.CONFIRM_GONE: _confirm_gone(pending),
    }


def _no(sentence: str) -> Permission:
    return Permission(False, sentence)


def _start(status: StatusAnswer, pending: AbstractSet[Kind], choice: str | None) -> Permission:
    if Kind.START in pending:
        return _no(tr("A start is under way; the record says how it goes on."))
    if status["is_running"]:
        by = tr(", started by {0}").format(status["started_by"]) if status["started_by"] else ""
        return _no(tr("“{0}” is running{1}. Only one pipeline may run at a time.").format(status["pipeline"], by))
    if choice is None:
        return _no(tr("Choose a pipeline first."))
    return Permission(True, tr("Start “{0}”.").format(choice))


def _not_ours(status: StatusAnswer) -> Permission | None:
    if status["ours"] is not False:
        return None
    return _no(
        tr(
            "“{0}” was started by another program, which alone can stop it. "
            "“Release the place…” in the Run menu frees the place."
        ).format(status["pipeline"])
    )


def _stop(status: StatusAnswer, pending: AbstractSet[Kind]) -> Permission:
    if refused := _not_ours(status):
        return refused
    if status["stop_requested_by"] or status["phase"] == Phase.STOPPING:
        return _no(
            tr(
                "{0} has asked for the stop; it is being carried out. "
                "“Stop now, without grace” in the Run menu ends the wait."
            ).format(status["stop_requested_by"] or tr("Somebody"))
        )
    if pending & {Kind.STOP, Kind.FORCE}:
        return _no(tr("A stop is under way; the record says how it goes on."))
    return Permission(
        True, tr("Stop “{0}”; within its grace period the driver may end by itself.").format(status["pipeline"])
    )


def _force(status: StatusAnswer, pending: AbstractSet[Kind]) -> Permission:
    if refused := _not_ours(status):
        return refused
    if Kind.FORCE in pending:
        return _no(tr("A stop without grace is under way."))
    return Permission(
        True, tr("Kill “{0}” at once; what it is writing may be left half done.").format(status["pipeline"])
    )


def _abandon(status: StatusAnswer, pending: AbstractSet[Kind]) -> Permission:
    if refused := _not_ours(status):
        return refused
    if Kind.ABANDON in pending:
        return _no(tr("It is being abandoned."))
    out_of_reach = status["spark"]["reachable"] is False or status["phase"] == Phase.LOST_CONTACT
    if not out_of_reach and not status["stop_requested_by"]:
        return _no(tr("Stop it first: a run is abandoned only when nobody can confirm its end."))
    return Permission(
        True, tr("Record “{0}” as failed without knowing whether it still lives.").format(status["pipeline"])
    )


def _release(status: StatusAnswer, pending: AbstractSet[Kind]) -> Permission:
    if status["ours"] is not False:
        return _no(tr("This run is ours: stop it, or abandon it."))
    if Kind.RELEASE in pending:
        return _no(tr("The place is being released."))
    return Permission(True, tr("Record another program's run as failed, so that the place is free."))


def _confirm_gone(pending: AbstractSet[Kind]) -> Permission:
    if Kind.CONFIRM_GONE in pending:
        return _no(tr("It is being noted."))
    return Permission(
        True, tr("Give your word that nothing of an abandoned run can live, where its server is no more.")
    )
