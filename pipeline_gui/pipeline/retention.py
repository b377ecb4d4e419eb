"""How long runs are kept, and their removal in small portions; off unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline_gui.pipeline.clock import Clock, seconds_with_sleep
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.ports import Actor

LONGEST_DAYS = 36_500
MOST_KEPT = 1_000_000
PORTION = 500
"""Runs of one transaction: some milliseconds of work, for which nobody has to wait."""
PAUSE_SECONDS = 0.1
"""Between two portions, so that others come first."""
AGAIN_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept. A run goes when every rule that is given lets it go."""

    older_than_days: int | None = None
    """Only runs that were over so long ago go."""
    keep_last: int | None = None
    """The newest so many stay, whatever their age."""

    def check(self) -> None:
        """Raise ConfigurationInvalid for rules that can't be meant."""
        if self.older_than_days is None and self.keep_last is None:
            raise ConfigurationInvalid("Say how long runs are kept, or how many, or both.")
        for value, least, most, what in (
            (self.older_than_days, 1, LONGEST_DAYS, "The number of days"),
            (self.keep_last, 1, MOST_KEPT, "The number of runs to keep"),
        ):
            if value is not None and not least <= value <= most:
                raise ConfigurationInvalid(f"{what} must be from {least:,} to {most:,}.")

    def sentence(self) -> str:
        """The rules in words: what goes."""
        days, kept = self.older_than_days, self.keep_last
        age = "" if days is None else f" that were over more than {days:,} {'day' if days == 1 else 'days'} ago"
        rest = "" if kept is None else f", but for the newest {kept:,}"
        return f"runs{age or ' that were over more than a day ago'}{rest}"


@dataclass(frozen=True, slots=True)
class Counted:
    """What would go, as far as it is counted."""

    runs: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    reached: datetime | None = None
    """Up to which moment the record was looked through; None: to the end."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What one portion removed."""

    runs: int
    firings: int
    reached: datetime | None


class RetentionStore(Protocol):
    """Where runs are kept. Deadlines and errors as RunStore's."""

    def border(self, rules: Rules) -> datetime | None:
        """What was over before it goes; None: nothing does. Never less than a day ago, by the database's clock."""

    def count_portion(self, border: datetime, after: datetime | None) -> Counted:
        """What would go of the next runs in the order of their times; changes nothing."""

    def remove_portion(
        self, border: datetime, since: datetime | None, most: int, rules: Rules, actor: Actor
    ) -> Removed:
        """Remove the oldest that go, at most so many, in one transaction with the event that says so."""


class Retention:
    """Counts or removes by rules. Whoever is killed meanwhile leaves whole portions; the next one goes on."""

    def __init__(self, store: RetentionStore, rules: Rules, actor: Actor, clock: Clock = seconds_with_sleep) -> None:
        rules.check()
        self._old_runs = store
        self._rules = rules
        self._actor = actor
        self._clock = clock
        self._border: datetime | None = None
        self._since: datetime | None = None

    def preview(self, told: Callable[[int], None] = lambda _runs: None) -> Counted:
        """What would go, said after each portion that is counted; changes nothing."""
        border = self._old_runs.border(self._rules)
        whole = Counted()
        if border is None:
            return whole
        while True:
            part = self._old_runs.count_portion(border, whole.reached)
            whole = Counted(
                whole.runs + part.runs,
                whole.oldest or part.oldest,
                part.newest or whole.newest,
                part.reached,
            )
            if part.reached is None:
                return whole
            told(whole.runs)

    def remove(self, told: Callable[[int], None], pause: Callable[[float], object]) -> int:
        """Remove all that go, and say after each portion how many went by then; how many went in all."""
        gone = 0
        while True:
            removed = self._portion()
            gone += removed.runs if removed else 0
            if removed is None:
                return gone
            told(gone)
            pause(PAUSE_SECONDS)

    def turn(self) -> float:
        """One portion, as a duty of the watcher; in how many seconds the next is due."""
        return AGAIN_SECONDS if self._portion() is None else PAUSE_SECONDS

    def _portion(self) -> Removed | None:
        """One portion; None: nothing goes any more, and the next call begins anew."""
        if self._border is None:
            self._border, self._since = self._old_runs.border(self._rules), None
        if self._border is None:
            return None
        removed = self._old_runs.remove_portion(self._border, self._since, PORTION, self._rules, self._actor)
        self._since = removed.reached or self._since
        if removed.runs or removed.firings:
            return removed
        self._border = None
        return None
