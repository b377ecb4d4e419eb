"""How long runs are kept, on PostgreSQL: portions by the index on their times."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_gui.pipeline.record import Actor
from pipeline_gui.pipeline.retention import Counted, Removed, Rules
from pipeline_gui.store.queries import NOW
from pipeline_gui.store.session import Session

COUNTED_AT_ONCE = 20_000

_MOMENT = "GREATEST(start_time, end_time)"
# The newest runs are walked over, by the index; a time beyond all others is no reason to keep one run less.
_BORDER = f"""
    SELECT LEAST(
        {NOW} - make_interval(days => coalesce(%(days)s::integer, 1)),
        CASE WHEN %(keep)s::bigint IS NOT NULL THEN coalesce(
            (SELECT {_MOMENT} FROM pipeline_runs WHERE {_MOMENT} < 'infinity'::timestamp
             ORDER BY {_MOMENT} DESC OFFSET greatest(%(keep)s::bigint - 1, 0) LIMIT 1),
            '-infinity'::timestamp) END)
"""
# Runs of one moment are never parted: the next portion begins behind it.
_COUNT = f"""
    WITH portion AS MATERIALIZED (
        SELECT run_id, {_MOMENT} AS moment,
               run_id IS NOT NULL AND (lower(btrim(status)) = 'running') IS NOT TRUE
               AND NOT EXISTS (SELECT FROM pipeline_run_engine AS engine
                               WHERE engine.run_id = run.run_id AND NOT engine.gone) AS goes
        FROM pipeline_runs AS run
        WHERE {_MOMENT} > coalesce(%(after)s::timestamp, '4000-01-01 BC'::timestamp)
          AND {_MOMENT} < %(border)s::timestamp
        ORDER BY {_MOMENT} FETCH FIRST (%(most)s::bigint) ROWS WITH TIES
    )
    SELECT count(*) FILTER (WHERE goes), min(moment) FILTER (WHERE goes), max(moment) FILTER (WHERE goes),
           max(moment), count(*)
    FROM portion
"""
_REMOVE = """
    SELECT runs, firings, reached
    FROM pipeline_gui_forget_runs(%(border)s::timestamp, %(since)s::timestamp, %(most)s::integer)
"""


class PostgresRetention:
    """RetentionStore on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def border(self, rules: Rules) -> datetime | None:
        """What was over before it goes; None: nothing does. Never less than a day ago, by the database's clock."""
        values = {"days": rules.older_than_days, "keep": rules.keep_last}
        moment: datetime | None = self._session.read(_BORDER, values)[0][0]
        return moment

    def count_portion(self, border: datetime, after: datetime | None) -> Counted:
        """What would go of the next runs in the order of their times; changes nothing."""
        values = {
            "border": _naive(border), "after": None if after is None else _naive(after), "most": COUNTED_AT_ONCE,
        }  # fmt: skip
        runs, oldest, newest, reached, looked_at = self._session.read(_COUNT, values)[0]
        return Counted(runs, oldest, newest, reached if looked_at >= COUNTED_AT_ONCE else None)

    def remove_portion(
        self, border: datetime, since: datetime | None, most: int, rules: Rules, actor: Actor
    ) -> Removed:
        """Remove the oldest that go, at most so many, in one transaction with the event that says so."""
        values = {"border": _naive(border), "since": None if since is None else _naive(since), "most": most}
        said = {"older_than_days": rules.older_than_days, "keep_last": rules.keep_last}
        detail = {key: value for key, value in said.items() if value is not None}
        (rows,) = self._session.write([(_REMOVE, values)], actor, detail=detail)
        return Removed(*rows[0])


def _naive(moment: datetime) -> datetime:
    """As TIMESTAMP holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
