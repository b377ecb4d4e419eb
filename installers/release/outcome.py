"""What became of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a step ended."""

    GOOD = "good"
    BAD = "BAD"
    NOT_DONE = "not done"
    """What it needs is not here; a person decides whether that matters."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a step, in a sentence."""

    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at."""

    name: str
    what: str
    look: Callable[[], Outcome]


def good(sentence: str) -> Outcome:
    """All is as it should be."""
    return Outcome(Verdict.GOOD, sentence)


def bad(sentence: str) -> Outcome:
    """It must not be released like this."""
    return Outcome(Verdict.BAD, sentence)


def not_done(sentence: str) -> Outcome:
    """It could not be looked at."""
    return Outcome(Verdict.NOT_DONE, sentence)
