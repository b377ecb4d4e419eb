"""The time of a model: one clock for everybody, that moves when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualTime:
    """Seconds that pass only by `move`."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """The seconds, as a process's clock."""
        return self.seconds

    def now(self) -> datetime:
        """The moment, as the database's clock says it."""
        return _BEGIN + timedelta(seconds=self.seconds)

    def move(self, seconds: float) -> None:
        """Let seconds pass."""
        self.seconds += seconds
