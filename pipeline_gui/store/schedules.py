"""Schedules, on PostgreSQL: what is due is decided by rows, and by the database's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import errors as pg

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.pipeline.saved import NameTaken
from pipeline_gui.pipeline.schedule import (
    Attempt,
    Awaited,
    Decided,
    Outcome,
    Plan,
    Running,
    Schedule,
    ScheduleState,
    Service,
    Standing,
    WhenBusy,
)
from pipeline_gui.store.queries import NOW, RUNNING, SERVICES, WATCHED, record_columns
from pipeline_gui.store.reading import Reading, Row
from pipeline_gui.store.rows import record_of
from pipeline_gui.store.session import Session, Statement
from pipeline_gui.store.values import clean_text

_VALUES = (
    "name, configuration, cron, every_minutes, zone, starts_at, ends_at, when_busy, catch_up_seconds, retries, "
    "retry_delay_seconds, is_enabled"
)
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
_MOMENT = f"SELECT {NOW}, {WATCHED}"
_STANDINGS = f"""
    SELECT {_COLUMNS},
           (SELECT max(due) FROM pipeline_schedule_firings AS firing WHERE firing.schedule_id = schedule.schedule_id),
           waiting.due, waiting.attempt, waiting.retry_of
    FROM pipeline_schedules AS schedule LEFT JOIN LATERAL (
        SELECT due, attempt, retry_of FROM pipeline_schedule_firings AS firing
        WHERE firing.schedule_id = schedule.schedule_id AND outcome = 'waiting'
    ) AS waiting ON true
    WHERE is_enabled OR waiting.due IS NOT NULL OR EXISTS (
        SELECT FROM pipeline_schedule_firings AS firing WHERE firing.schedule_id = schedule.schedule_id AND awaits_end)
    ORDER BY name_key
"""
_AWAITED = f"""
    SELECT firing.schedule_id, firing.due, firing.attempt, firing.retry_of,
           EXISTS (SELECT FROM pipeline_schedule_firings AS later
                   WHERE later.schedule_id = firing.schedule_id AND later.due > firing.due
                     AND later.outcome IN ('started', 'waiting')),
           {record_columns("run", "engine")}
    FROM pipeline_schedule_firings AS firing
    LEFT JOIN pipeline_runs AS run ON run.run_id = firing.run_id
    LEFT JOIN pipeline_run_engine AS engine ON engine.run_id = firing.run_id
    WHERE firing.awaits_end ORDER BY firing.due
"""
# Only as long as the schedule is what it was decided from; a pause or other times make the decision void.
_DECIDE = """
    INSERT INTO pipeline_schedule_firings AS firing (schedule_id, due, outcome, sentence)
    SELECT schedule_id, moment, %(outcome)s, %(sentence)s
    FROM pipeline_schedules, unnest(%(due)s::timestamp[]) AS moment
    WHERE schedule_id = %(schedule_id)s AND revision = %(revision)s
    ORDER BY moment
    ON CONFLICT (schedule_id, due, attempt) DO UPDATE SET outcome = EXCLUDED.outcome, sentence = EXCLUDED.sentence
    WHERE firing.outcome = 'waiting' AND EXCLUDED.outcome <> 'waiting'
"""
# The run before first: who fires takes its row first, too.
_DECIDE_RETRY = """
    WITH before AS (
        UPDATE pipeline_schedule_firings SET awaits_end = %(outcome)s = 'waiting'
        WHERE schedule_id = %(schedule_id)s AND due = %(due)s::timestamp AND attempt = %(attempt)s - 1
          AND run_id = %(retry_of)s AND awaits_end
          AND EXISTS (SELECT FROM pipeline_schedules
                      WHERE schedule_id = %(schedule_id)s AND revision = %(revision)s)
        RETURNING schedule_id, due
    )
    INSERT INTO pipeline_schedule_firings AS firing (schedule_id, due, attempt, outcome, sentence, retry_of)
    SELECT schedule_id, due, %(attempt)s, %(outcome)s, %(sentence)s, %(retry_of)s FROM before
    ON CONFLICT (schedule_id, due, attempt) DO UPDATE SET outcome = EXCLUDED.outcome, sentence = EXCLUDED.sentence
    WHERE firing.outcome = 'waiting' AND EXCLUDED.outcome <> 'waiting'
"""
_FINISH = """
    UPDATE pipeline_schedule_firings SET awaits_end = false
    WHERE schedule_id = %(schedule_id)s AND due = %(due)s::timestamp AND attempt = %(attempt)s AND awaits_end
"""
_DECIDED = """
    SELECT due, outcome, run_id, sentence, decided_by, decided_at, attempt, retry_of FROM pipeline_schedule_firings
    WHERE schedule_id = %(schedule_id)s
      AND (%(due)s::timestamp IS NULL OR (due, attempt) = (%(due)s::timestamp, %(attempt)s::integer))
    ORDER BY due DESC, attempt DESC LIMIT %(limit)s
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

    def services(self) -> list[Service]:
        """The processes that are always on and watch, the oldest first."""
        return [Service(*row) for row in self._session.read(SERVICES, {})]

    def state(self) -> ScheduleState:
        """What the scheduler decides from, in one round trip; the clock first, so that nothing is due too early."""
        moment, standings, awaited, running = self._session.read_together(
            [Reading(_MOMENT, {}), Reading(_STANDINGS, {}), Reading(_AWAITED, {}), Reading(RUNNING, {})]
        )
        record = record_of(running[0]) if running else None
        ends: dict[int, list[Awaited]] = {}
        for row in awaited:
            ends.setdefault(row[0], []).append(Awaited(Attempt(*row[1:4]), record_of(row[5:]), row[4]))
        return ScheduleState(
            moment[0][0],
            [_standing(row, ends.get(row[0], ())) for row in standings],
            Running(record.run.run_id, record.run.pipeline, record.engine is not None) if record else None,
            moment[0][1],
        )

    def create(self, values: dict[str, Any], actor: Actor) -> Schedule:
        """Save a new one. Raises NameTaken."""
        return _schedule(self._write((_CREATE, _bound(values)), actor)[0])

    def replace(self, schedule_id: int, revision: int, values: dict[str, Any], actor: Actor) -> Schedule | None:
        """Change one, compare-and-set on its revision; None when it was lost. Raises NameTaken."""
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
        self._write_unless_another_waits((_DECIDE, values), actor)

    def decide_retry(self, schedule: Schedule, attempt: Attempt, outcome: Outcome, sentence: str, actor: Actor) -> None:
        """Record what became of a start after a failure, compare-and-set on the run before."""
        values = {
            **_which(schedule, attempt),
            "revision": schedule.revision,
            "retry_of": attempt.retry_of,
            "outcome": outcome.value,
            "sentence": clean_text(sentence),
        }
        self._write_unless_another_waits((_DECIDE_RETRY, values), actor)

    def finish(self, schedule: Schedule, attempt: Attempt, actor: Actor) -> None:
        """Record that the run of a start ended so that nothing is started again; what is lost is found again."""
        self._session.write([(_FINISH, _which(schedule, attempt))], actor, durable=False)

    def decided(self, schedule_id: int, limit: int) -> list[Decided]:
        """What became of the last times, newest first."""
        return self._decisions({"schedule_id": schedule_id, "due": None, "attempt": None, "limit": limit})

    def decision(self, schedule_id: int, attempt: Attempt) -> Decided | None:
        """What became of one start."""
        which = {"schedule_id": schedule_id, "due": _naive(attempt.due), "attempt": attempt.number}
        found = self._decisions({**which, "limit": 1})
        return found[0] if found else None

    def _decisions(self, values: dict[str, Any]) -> list[Decided]:
        return [Decided(row[0], Outcome(row[1]), *row[2:]) for row in self._session.read(_DECIDED, values)]

    def _write_unless_another_waits(self, statement: Statement, actor: Actor) -> None:
        try:
            self._session.write([statement], actor)
        except StoreRefused as error:
            if not isinstance(error.__cause__, pg.UniqueViolation):
                raise
            # Another watcher has put an earlier time in line meanwhile; what becomes of this one is decided next time.

    def _write(self, statement: Statement, actor: Actor) -> list[Row]:
        try:
            (rows,) = self._session.write([statement], actor)
        except StoreRefused as error:
            cause = error.__cause__
            if isinstance(cause, pg.UniqueViolation) and cause.diag.constraint_name == "pipeline_schedules_name":
                sentence = "There is a schedule of this name already; choose another name."
                raise NameTaken(sentence) from None
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


def _which(schedule: Schedule, attempt: Attempt) -> dict[str, Any]:
    return {"schedule_id": schedule.schedule_id, "due": _naive(attempt.due), "attempt": attempt.number}


def _standing(row: Row, awaited: Sequence[Awaited]) -> Standing:
    *schedule, last_due, due, attempt, retry_of = row
    waiting = Attempt(due, attempt, retry_of) if due is not None else None
    return Standing(_schedule(schedule), last_due, waiting, awaited)


def _schedule(row: Sequence[Any]) -> Schedule:
    schedule_id, revision, since, made_at, changed_by, changed_at, name, configuration, *plan = row[:-5]
    busy, catch_up, retries, retry_delay, on = row[-5:]
    return Schedule(
        schedule_id, name, revision, configuration, Plan(*plan), WhenBusy(busy), catch_up, retries, retry_delay, on,
        since, made_at, changed_by, changed_at,
    )  # fmt: skip
