"""The status of a run and its legal transitions, and the phases of one that runs."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """The four values of ``pipeline_runs.status``."""

    RUNNING = "running"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing may change it any more."""
        return self is not RunStatus.RUNNING

    def may_become(self, other: RunStatus) -> bool:
        """Whether the transition is legal: only a running run ends, and it ends once."""
        return self is RunStatus.RUNNING and other.is_terminal


class Phase(StrEnum):
    """What lies between: where a running run stands."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    LOST_CONTACT = "lost_contact"
