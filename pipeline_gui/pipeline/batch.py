"""What a Spark server tells of itself and of its batches: the values that pass through its port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class BatchState(StrEnum):
    """The states of a batch in Livy's words, the ones that a batch can be in."""

    STARTING = "starting"
    RUNNING = "running"
    SUCCESS = "success"
    DEAD = "dead"
    KILLED = "killed"

    @property
    def is_terminal(self) -> bool:
        """Whether the batch has ended."""
        return self in (BatchState.SUCCESS, BatchState.DEAD, BatchState.KILLED)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its server reports it."""

    batch_id: int
    name: str | None
    state: BatchState
    application_id: str | None
    ui_url: str | None
    log_tail: tuple[str, ...]
    generation: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    """The signal that ended the driver, if one did."""
    signalled: bool | None = None
    """Whether the server sent a signal before the driver's exit; None where the server does not say."""
    ended_ago: float | None = None
    """Seconds since its end; None where the server does not say."""
    reason: str | None = None
    """The server's own words on the end, if it has any."""
    driver_ui_port: int | None = None
    """Where on the server's host the driver's own UI listens, for people; None where that is not said."""
    driver_ui_host: str | None = None
    """The address there that it listens on; None where that is not said."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The answer to a fence: while done is false, ask again."""

    name: str
    generation: str | None
    done: bool
    started: bool
    """False: it never started, and never will."""
    state: BatchState | None
    signalled: bool
    """Whether the exit came after a signal of the server."""
    exit_code: int | None
    ended_ago: float | None


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Which Spark server answers."""

    url: str
    generation: str | None
    """None on a Livy that is not ours."""
    version: str

    @property
    def can_fence(self) -> bool:
        """Whether it can promise that a name never starts."""
        return self.generation is not None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a batch's log."""

    start: int
    total: int
    lines: Sequence[str]
