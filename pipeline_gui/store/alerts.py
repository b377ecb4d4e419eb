"""Alerts, on PostgreSQL: the rules, what they told, and what comes with time."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from psycopg import errors as pg

from pipeline_gui.pipeline.alert import (
    TEST,
    TEST_SECONDS,
    AlarmState,
    Alert,
    Condition,
    DeliveringService,
    Message,
    MessageState,
    ReceiverName,
)
from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.pipeline.saved import NameTaken
from pipeline_gui.store.queries import NOW, RUNNING, is_running
from pipeline_gui.store.reading import Reading, Row
from pipeline_gui.store.rows import record_of
from pipeline_gui.store.session import Session, Statement
from pipeline_gui.store.values import clean_text, json_text

PRESENCE_SECONDS = 45.0
"""So long after its last word a service still counts as there."""

_VALUES = "name, condition, pipeline, minutes, receiver, is_enabled"
_COLUMNS = f"alert_id, revision, changed_by, changed_at, {_VALUES}"
_NAMES = ["name_key", *_VALUES.split(", ")]
_TYPES = {"minutes": "::float8", "pipeline": "::text"}
_GIVEN = ", ".join(f"%({name})s{_TYPES.get(name, '')}" for name in _NAMES)
MESSAGE_COLUMNS = (
    "message_id, alert_name, receiver, condition, run_id, facts, made_at, state, attempts, next_at, answer, ended_at"
)
# Who was asked to try a receiver and did, may die of it.
TEST_IS_OVER = f"""(condition = '{TEST}' AND made_at < {NOW} - make_interval(
    secs => CASE WHEN attempts = 0 THEN {TEST_SECONDS} ELSE 150.0 END))"""

_ALL = f"SELECT {_COLUMNS} FROM pipeline_alerts ORDER BY name_key"
_FIND = f"SELECT {_COLUMNS} FROM pipeline_alerts WHERE name_key = %(name_key)s"
_CREATE = f"INSERT INTO pipeline_alerts ({', '.join(_NAMES)}) VALUES ({_GIVEN}) RETURNING {_COLUMNS}"
_REPLACE = f"""
    UPDATE pipeline_alerts SET ({", ".join(_NAMES)}) = ({_GIVEN})
    WHERE alert_id = %(alert_id)s AND revision = %(revision)s
    RETURNING {_COLUMNS}
"""
_DELETE = "DELETE FROM pipeline_alerts WHERE alert_id = %(alert_id)s AND revision = %(revision)s RETURNING alert_id"
# A test that nobody took in time is over, whether or not anybody was there to say so.
_MESSAGES = f"""
    SELECT {MESSAGE_COLUMNS}, {TEST_IS_OVER} FROM pipeline_alert_messages
    WHERE (%(alert_id)s::bigint IS NULL OR alert_id = %(alert_id)s::bigint)
    ORDER BY message_id DESC LIMIT %(limit)s
"""
_MESSAGE = f"SELECT {MESSAGE_COLUMNS}, {TEST_IS_OVER} FROM pipeline_alert_messages WHERE message_id = %(message_id)s"
_SERVICES = f"""
    SELECT actor, receivers, trouble FROM pipeline_alert_services
    WHERE seen_at > {NOW} - make_interval(secs => {PRESENCE_SECONDS}) ORDER BY service_id
"""
_ASK_FOR_TEST = """
    INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, facts)
    VALUES (%(alert_id)s, %(name)s, %(receiver)s, %(condition)s, %(subject)s, %(facts)s::jsonb)
    RETURNING message_id
"""
_CLOCK = f"SELECT {NOW}"
_COMING = f"""
    SELECT {_COLUMNS} FROM pipeline_alerts AS alert
    WHERE is_enabled AND condition IN ('slow', 'limit', 'lost_contact')
      AND NOT EXISTS (
          SELECT FROM pipeline_alert_messages AS told, pipeline_runs AS run
          WHERE {is_running("run.status")} AND told.alert_id = alert.alert_id AND told.subject = 'run ' || run.run_id)
    ORDER BY name_key
"""
_TELL = f"""
    INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, run_id, facts)
    SELECT alert.alert_id, alert.name, alert.receiver, alert.condition, 'run ' || run.run_id, run.run_id,
           pipeline_gui_run_facts(run.run_id::text, run.status::text, run.start_time, NULL::timestamp,
               extract(epoch FROM {NOW} - run.start_time)::float8, NULL::text, run.metadata) || %(facts)s::jsonb
    FROM pipeline_alerts AS alert, pipeline_runs AS run
    WHERE alert.alert_id = %(alert_id)s AND alert.revision = %(revision)s AND alert.is_enabled
      AND run.run_id = %(run_id)s AND {is_running("run.status")}
    ON CONFLICT DO NOTHING
"""


class PostgresAlerts:
    """AlertStore on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Alert]:
        """All of them, by name."""
        return [_alert(row) for row in self._session.read(_ALL, {})]

    def find(self, name_key: str) -> Alert | None:
        """The one of a name, read on the primary."""
        rows = self._session.read(_FIND, {"name_key": clean_text(name_key)})
        return _alert(rows[0]) if rows else None

    def create(self, values: dict[str, Any], actor: Actor) -> Alert:
        """Save a new one. Raises NameTaken."""
        return _alert(self._write((_CREATE, _bound(values)), actor)[0])

    def replace(self, alert_id: int, revision: int, values: dict[str, Any], actor: Actor) -> Alert | None:
        """Change one, compare-and-set on its revision; None when it was lost."""
        which = {"alert_id": alert_id, "revision": revision}
        rows = self._write((_REPLACE, which | _bound(values)), actor)
        return _alert(rows[0]) if rows else None

    def delete(self, alert_id: int, revision: int, actor: Actor) -> bool:
        """Delete one, compare-and-set on its revision; its messages stay."""
        return bool(self._write((_DELETE, {"alert_id": alert_id, "revision": revision}), actor))

    def messages(self, alert_id: int | None, limit: int) -> list[Message]:
        """The last messages of one rule, or of all, newest first."""
        return [message_of(row) for row in self._session.read(_MESSAGES, {"alert_id": alert_id, "limit": limit})]

    def message(self, message_id: int) -> Message | None:
        """One message."""
        rows = self._session.read(_MESSAGE, {"message_id": message_id})
        return message_of(rows[0]) if rows else None

    def services(self) -> list[DeliveringService]:
        """Those that deliver now."""
        return [
            DeliveringService(actor, _receivers(receivers), trouble)
            for actor, receivers, trouble in self._session.read(_SERVICES, {})
        ]

    def ask_for_test(self, alert: Alert, actor: Actor) -> int:
        """Ask whoever delivers to try the receiver of a rule; the message's id."""
        values = {
            "alert_id": alert.alert_id,
            "name": alert.name,
            "receiver": alert.receiver,
            "condition": TEST,
            "subject": f"test {secrets.token_hex(8)}",
            "facts": json_text({"asked_by": str(actor), "condition": alert.condition.value}),
        }
        message_id: int = self._write((_ASK_FOR_TEST, values), actor)[0][0]
        return message_id

    def state(self) -> AlarmState:
        """What decides on alerts that come with time, in one round trip."""
        clock, rules, running = self._session.read_together(
            [Reading(_CLOCK, {}), Reading(_COMING, {}), Reading(RUNNING, {})]
        )
        return AlarmState(clock[0][0], [_alert(row) for row in rules], record_of(running[0]) if running else None)

    def tell(self, alert: Alert, run_id: str, facts: dict[str, Any], actor: Actor) -> None:
        """Let a rule tell of a run that runs: once, however many say so, and only as it was read."""
        values = {
            "alert_id": alert.alert_id, "revision": alert.revision, "run_id": run_id, "facts": json_text(facts),
        }  # fmt: skip
        self._session.write([(_TELL, values)], actor)

    def _write(self, statement: Statement, actor: Actor) -> list[Row]:
        try:
            (rows,) = self._session.write([statement], actor)
        except StoreRefused as error:
            cause = error.__cause__
            if isinstance(cause, pg.UniqueViolation) and cause.diag.constraint_name == "pipeline_alerts_name":
                sentence = "There is an alert of this name already; choose another name."
                raise NameTaken(sentence) from None
            raise
        return rows


def message_of(row: Row) -> Message:
    """A row of MESSAGE_COLUMNS, and whether it is a test that is over."""
    *columns, is_over = row
    message_id, name, receiver, condition, run_id, facts, made_at, state, attempts, next_at, answer, ended_at = columns
    if state == MessageState.WAITING and is_over:
        state, answer = MessageState.UNDELIVERED, answer or nobody_took_it(TEST_SECONDS)
    return Message(
        message_id, name, receiver, condition, run_id, facts if isinstance(facts, dict) else {},
        made_at or datetime.now(UTC), MessageState(state), attempts, next_at, answer, ended_at,
    )  # fmt: skip


def nobody_took_it(seconds: float) -> str:
    """Why a test came to nothing."""
    return (
        f"No service took it within {seconds:.0f} s. “pipeline-gui serve” delivers alerts, it alone has the secrets of "
        "the receivers: start one that knows this receiver."
    )


def _bound(values: dict[str, Any]) -> dict[str, Any]:
    bound = {name: values.get(name) for name in _NAMES}
    return {name: clean_text(value) if isinstance(value, str) else value for name, value in bound.items()}


def _alert(row: Row) -> Alert:
    alert_id, revision, changed_by, changed_at, name, condition, pipeline, minutes, receiver, is_enabled = row
    return Alert(
        alert_id, name, revision, Condition(condition), pipeline, minutes, receiver, is_enabled, changed_by, changed_at
    )


def _receivers(values: Any) -> list[ReceiverName]:
    found = values if isinstance(values, list) else []
    return [ReceiverName(str(one.get("name")), str(one.get("kind"))) for one in found if isinstance(one, dict)]
