"""What the runs come to, on PostgreSQL: from a summary by day, which is brought up to date before it is read."""

from __future__ import annotations

from typing import Any

from pipeline_gui.pipeline.metrics import (
    MOST_PIPELINES,
    DayMetrics,
    MetricsPage,
    Period,
    PipelineMetrics,
    Starter,
)
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.store.queries import NOW
from pipeline_gui.store.reading import Row
from pipeline_gui.store.session import Session
from pipeline_gui.store.values import clean_text

COUNTING_SECONDS = 1.0
"""For which days are counted before figures are read; usually it is one day, and takes milliseconds."""
_MOST_STARTERS = 5
_READER = Actor("", "", "metrics")

_COUNT = "SELECT pipeline_gui_count_days(%(seconds)s)"
# Of the statement, so that the days are found by the index.
_TODAY = "(statement_timestamp() AT TIME ZONE 'UTC')::date"
# A step's mean is what is reported, so that durations that are all alike come out as they are.
_PAGE = f"""
    WITH cells AS MATERIALIZED (
        SELECT *, day > {_TODAY} - %(days)s::integer AS is_now FROM pipeline_run_days
        WHERE day > {_TODAY} - 2 * %(days)s::integer AND day <= {_TODAY} + 1
          AND (%(pipeline)s::text IS NULL OR pipeline = %(pipeline)s::text)
    ), totals AS (
        SELECT pipeline, is_now, sum(completed)::integer AS completed, sum(failed)::integer AS failed,
               sum(stopped)::integer AS stopped, max(longest) AS longest,
               (array_agg(longest_run ORDER BY longest DESC NULLS LAST))[1] AS longest_run
        FROM cells GROUP BY pipeline, is_now
    ), ranked AS (
        SELECT pipeline, is_now, sum(took) / sum(many) AS mean,
               sum(sum(many)) OVER (PARTITION BY pipeline, is_now ORDER BY step) AS reached,
               sum(sum(many)) OVER (PARTITION BY pipeline, is_now) AS whole
        FROM (SELECT pipeline, is_now, unnest(steps) AS step, unnest(counts) AS many, unnest(seconds) AS took
              FROM cells) AS of_days
        GROUP BY pipeline, is_now, step
    ), durations AS (
        SELECT pipeline, is_now, min(mean) FILTER (WHERE reached >= 0.5 * whole) AS p50,
               min(mean) FILTER (WHERE reached >= 0.95 * whole) AS p95
        FROM ranked GROUP BY pipeline, is_now
    ), starters AS (
        SELECT pipeline, array_agg(who ORDER BY runs DESC, who) AS who, array_agg(runs ORDER BY runs DESC, who) AS runs
        FROM (SELECT pipeline, who, sum(runs)::integer AS runs,
                     row_number() OVER (PARTITION BY pipeline ORDER BY sum(runs) DESC, who) AS place
              FROM (SELECT pipeline, unnest(starters) AS who, unnest(starts) AS runs FROM cells WHERE is_now) AS of_days
              GROUP BY pipeline, who) AS people
        WHERE place <= {_MOST_STARTERS} GROUP BY pipeline
    ), shown AS (
        SELECT pipeline, count(*) OVER () AS whole FROM totals GROUP BY pipeline
        ORDER BY sum(completed + failed + stopped) FILTER (WHERE is_now) DESC NULLS LAST, pipeline
        LIMIT {MOST_PIPELINES}
    ), successes AS (
        SELECT pipeline, max(last_success) AS at FROM pipeline_run_days
        WHERE %(pipeline)s::text IS NULL OR pipeline = %(pipeline)s::text GROUP BY pipeline
    )
    SELECT shown.pipeline, shown.whole, of_now.completed, of_now.failed, of_now.stopped, long_now.p50, long_now.p95,
           of_before.completed, of_before.failed, of_before.stopped, long_before.p50, long_before.p95,
           of_now.longest, of_now.longest_run, successes.at,
           CASE WHEN successes.at > {NOW} THEN 0 ELSE extract(epoch FROM {NOW} - successes.at) END::float8,
           starters.who, starters.runs
    FROM shown LEFT JOIN totals AS of_now ON of_now.pipeline = shown.pipeline AND of_now.is_now
    LEFT JOIN totals AS of_before ON of_before.pipeline = shown.pipeline AND NOT of_before.is_now
    LEFT JOIN durations AS long_now ON long_now.pipeline = shown.pipeline AND long_now.is_now
    LEFT JOIN durations AS long_before ON long_before.pipeline = shown.pipeline AND NOT long_before.is_now
    LEFT JOIN successes ON successes.pipeline = shown.pipeline LEFT JOIN starters ON starters.pipeline = shown.pipeline
    ORDER BY of_now.completed + of_now.failed + of_now.stopped DESC NULLS LAST, shown.pipeline
"""
_BY_DAY = f"""
    WITH cells AS MATERIALIZED (
        SELECT * FROM pipeline_run_days
        WHERE day > {_TODAY} - %(days)s::integer AND day <= {_TODAY} + 1 AND pipeline = %(pipeline)s
    ), ranked AS (
        SELECT day, took / many AS mean, sum(many) OVER (PARTITION BY day ORDER BY step) AS reached,
               sum(many) OVER (PARTITION BY day) AS whole
        FROM (SELECT day, unnest(steps) AS step, unnest(counts) AS many, unnest(seconds) AS took FROM cells) AS of_days
    )
    SELECT day, completed, failed, stopped,
           (SELECT min(mean) FROM ranked WHERE ranked.day = cells.day AND reached >= 0.5 * whole)
    FROM cells ORDER BY day
"""


class PostgresMetrics:
    """MetricsStore on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, days: int, pipeline: str | None = None) -> MetricsPage:
        """All pipelines, or the one of that name, over so many days up to now."""
        uncounted, rows = self._read(
            _PAGE, {"days": days, "pipeline": None if pipeline is None else clean_text(pipeline)}
        )
        whole = rows[0][1] if rows else 0
        return MetricsPage(days, tuple(_pipeline(row) for row in rows), whole - len(rows), uncounted)

    def by_day(self, pipeline: str, days: int) -> list[DayMetrics]:
        """The days of one pipeline on which runs ended, the oldest first."""
        _, rows = self._read(_BY_DAY, {"days": days, "pipeline": clean_text(pipeline)})
        return [DayMetrics(*row) for row in rows]

    def count(self) -> int:
        """Sum up the days on which something changed, for a moment; how many are still to be counted."""
        (counted,) = self._session.write([(_COUNT, {"seconds": COUNTING_SECONDS})], _READER, durable=False)
        return int(counted[0][0])

    def _read(self, statement: str, values: dict[str, Any]) -> tuple[int, list[Row]]:
        """The days that are not counted, and the rows. Not durable: what a crash takes back is noted again with it."""
        statements = [(_COUNT, {"seconds": COUNTING_SECONDS}), (statement, values)]
        counted, rows = self._session.write(statements, _READER, durable=False)
        return int(counted[0][0]), rows


def _pipeline(row: Row) -> PipelineMetrics:
    pipeline, _whole, *periods, longest, longest_run, last_success, since, who, runs = row
    return PipelineMetrics(
        pipeline,
        _period(periods[:5]),
        _period(periods[5:]),
        longest,
        longest_run,
        last_success,
        since,
        tuple(Starter(*one) for one in zip(who or (), runs or (), strict=True)),
    )


def _period(columns: list[Any]) -> Period:
    return Period() if columns[0] is None else Period(*columns)
