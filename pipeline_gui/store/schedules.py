"""Schedules, on PostgreSQL: what is due is decided by rows, and by the database's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import errors as pg

from pipeline_gui.pipeline.errors import ConfigurationInvalid, StoreRefused
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import (
    Decided,
    Outcome,
    Plan,
    Running,
    Schedule,
    ScheduleState,
    Standing,
    WhenBusy,
)
from pipeline_gui.store.queries import NOW, RUNNING
from pipeline_gui.store.rows import record_of
from pipeline_gui.store.session import Reading, Row, Session, Statement
from pipeline_gui.store.values import clean_text

_VALUES = "name, configuration, cron, every_minutes, zone, starts_at, ends_at, when_busy, catch_up_seconds, is_enabled"
_COLUMNS = f"schedule_id, revision, since, made_at, changed_by, changed_at, {_VALUES}"
_NAMES = ["name_key", *_VALUES.split(", ")]
_TYPES = {"starts_at": "::timestamp", "ends_at": "::timestamp", "every_minutes": "::integer"}
_GIVEN = ", ".join(f"%({name})s{_TYPES.get(name, '')}" for name in _NAMES)

_ALL = f"SELECT {_COLUMNS} FROM pipeline_schedules ORDER BY name_key"
_FIND = f"SELECT {_COLUMNS} FROM pipeline_schedules WHERE name_key = %(name_key)s"
_CREATE = f"INSERT INTO pipeline_schedules ({', '.join(_NAMES)}) VALUES ({_GIVEN}) RETURNING {_COLUMNS}"
_REPLACE = f"""
    UPDATE pipeline_schedules SET ({", ".join(_NAMES)}) = ({_GIVEN})
    WHERE schedule_id = %(schedule_id)s AND revision = %(revision)s
    RETURNING {_COLUMNS}
"""
_DELETE = """
    DELETE FROM pipeline_schedules WHERE schedule_id = %(schedule_id)s AND revision = %(revision)s RETURNING schedule_id
"""
_CLOCK = f"SELECT {NOW}"
_WAITING = """(SELECT due FROM pipeline_schedule_firings AS firing
               WHERE firing.schedule_id = schedule.schedule_id AND outcome = 'waiting')"""
_STANDINGS = f"""
    SELECT {_COLUMNS},
           (SELECT max(due) FROM pipeline_schedule_firings AS firing WHERE firing.schedule_id = schedule.schedule_id),
           {_WAITING}
    FROM pipeline_schedules AS schedule WHERE is_enabled OR {_WAITING} IS NOT NULL ORDER BY name_key
"""
# Only as long as the schedule is what it was decided from; a pause or other times make the decision void.
_DECIDE = """
    INSERT INTO pipeline_schedule_firings AS firing (schedule_id, due, outcome, sentence)
    SELECT schedule_id, moment, %(outcome)s, %(sentence)s
    FROM pipeline_schedules, unnest(%(due)s::timestamp[]) AS moment
    WHERE schedule_id = %(schedule_id)s AND revision = %(revision)s
    ORDER BY moment
    ON CONFLICT (schedule_id, due) DO UPDATE SET outcome = EXCLUDED.outcome, sentence = EXCLUDED.sentence
    WHERE firing.outcome = 'waiting' AND EXCLUDED.outcome <> 'waiting'
"""
_DECIDED = """
    SELECT due, outcome, run_id, sentence, decided_by, decided_at FROM pipeline_schedule_firings
    WHERE schedule_id = %(schedule_id)s AND (%(due)s::timestamp IS NULL OR due = %(due)s::timestamp)
    ORDER BY due DESC LIMIT %(limit)s
"""


class PostgresSchedules:
    """ScheduleStore on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Schedule]:
        """All of them, by name."""
        return [_schedule(row) for row in self._session.read(_ALL, {})]

    def find(self, name_key: str) -> Schedule | None:
        """The one of a name, read on the primary."""
        rows = self._session.read(_FIND, {"name_key": clean_text(name_key)})
        return _schedule(rows[0]) if rows else None

    def now(self) -> datetime:
        """The database's clock."""
        moment: datetime = self._session.read(_CLOCK, {})[0][0]
        return moment

    def state(self) -> ScheduleState:
        """What the scheduler decides from, in one round trip; the clock first, so that nothing is due too early."""
        clock, standings, running = self._session.read_together(
            [Reading(_CLOCK, {}), Reading(_STANDINGS, {}), Reading(RUNNING, {})]
        )
        record = record_of(running[0]) if running else None
        return ScheduleState(
            clock[0][0],
            [Standing(_schedule(row[:-2]), row[-2], row[-1]) for row in standings],
            Running(record.run.run_id, record.run.pipeline, record.engine is not None) if record else None,
        )

    def create(self, values: dict[str, Any], actor: Actor) -> Schedule:
        """Save a new one. Raises ConfigurationInvalid where the name is taken."""
        return _schedule(self._write((_CREATE, _bound(values)), actor)[0])

    def replace(self, schedule_id: int, revision: int, values: dict[str, Any], actor: Actor) -> Schedule | None:
        """Change one, compare-and-set on its revision; None when it was lost."""
        which = {"schedule_id": schedule_id, "revision": revision}
        rows = self._write((_REPLACE, which | _bound(values)), actor)
        return _schedule(rows[0]) if rows else None

    def delete(self, schedule_id: int, revision: int, actor: Actor) -> bool:
        """Delete one with what became of its times, compare-and-set on its revision; the events stay."""
        return bool(self._write((_DELETE, {"schedule_id": schedule_id, "revision": revision}), actor))

    def decide(
        self, schedule: Schedule, due: Sequence[datetime], outcome: Outcome, sentence: str, actor: Actor
    ) -> None:
        """Record what became of times that start nothing; a time that was decided already stays as it is."""
        values = {
            "schedule_id": schedule.schedule_id,
            "revision": schedule.revision,
            "due": [_naive(moment) for moment in due],
            "outcome": outcome.value,
            "sentence": clean_text(sentence),
        }
        try:
            self._session.write([(_DECIDE, values)], actor)
        except StoreRefused as error:
            if not isinstance(error.__cause__, pg.UniqueViolation):
                raise
            # Another watcher has put an earlier time in line meanwhile; what becomes of this one is decided next time.

    def decided(self, schedule_id: int, limit: int) -> list[Decided]:
        """What became of the last times, newest first."""
        return self._decisions({"schedule_id": schedule_id, "due": None, "limit": limit})

    def decision(self, schedule_id: int, due: datetime) -> Decided | None:
        """What became of one time."""
        found = self._decisions({"schedule_id": schedule_id, "due": _naive(due), "limit": 1})
        return found[0] if found else None

    def _decisions(self, values: dict[str, Any]) -> list[Decided]:
        return [Decided(row[0], Outcome(row[1]), *row[2:]) for row in self._session.read(_DECIDED, values)]

    def _write(self, statement: Statement, actor: Actor) -> list[Row]:
        try:
            (rows,) = self._session.write([statement], actor)
        except StoreRefused as error:
            cause = error.__cause__
            if isinstance(cause, pg.UniqueViolation) and cause.diag.constraint_name == "pipeline_schedules_name":
                sentence = "There is a schedule of this name already; choose another name."
                raise ConfigurationInvalid(sentence, field="name") from None
            raise
        return rows


def _bound(values: dict[str, Any]) -> dict[str, Any]:
    bound = {name: values.get(name) for name in _NAMES}
    for name, value in bound.items():
        if isinstance(value, datetime):
            bound[name] = _naive(value)
        elif isinstance(value, str):
            bound[name] = clean_text(value)
    return bound


def _naive(moment: datetime) -> datetime:
    """As TIMESTAMP holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _schedule(row: Row) -> Schedule:
    schedule_id, revision, since, made_at, changed_by, changed_at, name, configuration, *plan, busy, catch_up, on = row
    return Schedule(
        schedule_id, name, revision, configuration, Plan(*plan), WhenBusy(busy), catch_up, on, since, made_at,
        changed_by, changed_at,
    )  # fmt: skip
