"""What can go wrong, as few types, each carrying a sentence for the operator.

Adapters wrap every library's error into one of these at their edge: nothing above them knows psycopg or requests.
"""

from __future__ import annotations

from typing import Literal

Reason = Literal["busy", "invalid", "refused", "unreachable", "idle", "unconfirmed"]
"""Why an action was not carried out; part of every failed answer."""


class PipelineError(Exception):
    """An error whose text is a sentence for the operator: what happened and what to do."""

    reason: Reason = "refused"
    run_id: str | None = None
    """The run that was recorded, or may be, when it went wrong."""


class ConfigurationInvalid(PipelineError):
    """A configuration can't be started as it is; nothing was recorded."""

    reason: Reason = "invalid"

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field
        """The key of the configuration that is wrong, if it is one key."""


class RunBusy(PipelineError):
    """Another run holds the single place; nothing was recorded."""

    reason: Reason = "busy"

    def __init__(self, run_id: str | None) -> None:
        super().__init__(f"A pipeline is already running ({run_id})." if run_id else "A pipeline is already running.")
        self.run_id = run_id


class StoreUnavailable(PipelineError):
    """The database can't be asked, so nothing is known and nothing was recorded."""

    reason: Reason = "unreachable"


class StoreUnclear(StoreUnavailable):
    """The connection was lost during a commit: the change may or may not be recorded."""

    reason: Reason = "unconfirmed"


class StoreRefused(PipelineError):
    """The database answered and will not do it: no right, no schema, a newer schema, a copy of another database."""


class SparkUnavailable(PipelineError):
    """The Spark server can't be asked: no connection, a time-out, a foreign answer. Not evidence of anything."""

    reason: Reason = "unreachable"


class SparkNotConnected(SparkUnavailable):
    """No connection was made at all, so a request was surely not delivered."""


class SparkRefused(PipelineError):
    """The Spark server refused in its own words; nothing was launched by this request."""

    def __init__(
        self,
        sentence: str,
        *,
        status_code: int,
        duplicate_name: bool = False,
        busy: bool = False,
        other_generation: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.status_code = status_code
        self.duplicate_name = duplicate_name
        """The name is taken: an earlier delivery of the same request may have launched it."""
        self.busy = busy
        """Another batch of the same installation is alive there."""
        self.other_generation = other_generation
        """It is not the server that the request was meant for, so it did not even look at it."""


class SparkUnclear(SparkUnavailable):
    """A request to launch may or may not have been carried out."""

    reason: Reason = "unconfirmed"


class FiredBefore(PipelineError):
    """This time of a schedule was decided already, or the schedule was changed or paused."""
