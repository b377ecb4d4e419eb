"""The outbox of alerts, on PostgreSQL: who may send what now, and what became of it.

Of each receiver's messages only the oldest that waits can be claimed, and those that go with it: so they come in order,
and one at a time. A claim runs out by the database's clock, so that what a dead service held is sent by another.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_gui.pipeline.alert import GIVE_UP_SECONDS, TEST, TEST_SECONDS, Claimed, ReceiverName
from pipeline_gui.pipeline.record import Actor, Installation
from pipeline_gui.store.alerts import MESSAGE_COLUMNS, TEST_IS_OVER, message_of, nobody_took_it
from pipeline_gui.store.queries import NOW
from pipeline_gui.store.session import Session, Statement
from pipeline_gui.store.values import bounded_text, json_text

CLAIM_SECONDS = 120.0
"""Longer than any receiver may take."""
DIGEST_FROM = 4
"""So many that wait for one receiver are sent as one."""
LARGEST_DIGEST = 100
KEPT_DAYS = 90
LONGEST_ANSWER = 2000

_FREE = f"(claimed_until IS NULL OR claimed_until < {NOW})"
# Mostly there is nothing, and a question costs less than a transaction.
_ANY_DUE = f"""
    SELECT EXISTS (SELECT FROM pipeline_alert_messages
                   WHERE state = 'waiting' AND receiver = ANY (%(receivers)s) AND next_at <= {NOW} AND {_FREE})
"""
# The head is claimed by compare-and-set. Who had to wait for its lock finds it claimed, and takes nothing of the rest.
_CLAIM = f"""
    WITH head AS MATERIALIZED (
        SELECT message_id FROM (
            SELECT DISTINCT ON (receiver) message_id, next_at, claimed_until FROM pipeline_alert_messages
            WHERE state = 'waiting' AND condition <> '{TEST}' AND receiver = ANY (%(receivers)s)
            ORDER BY receiver, message_id
        ) AS heads
        WHERE next_at <= {NOW} AND {_FREE}
        ORDER BY next_at LIMIT 1
    ), claimed AS (
        UPDATE pipeline_alert_messages AS message
        SET claim = %(claim)s, claimed_until = {NOW} + make_interval(secs => {CLAIM_SECONDS}),
            attempts = attempts + 1, bundle = coalesce(bundle, message.message_id)
        FROM head
        WHERE message.message_id = head.message_id AND state = 'waiting' AND next_at <= {NOW} AND {_FREE}
        RETURNING message.*
    ), following AS MATERIALIZED (
        SELECT message.message_id
        FROM claimed JOIN pipeline_alert_messages AS message ON message.receiver = claimed.receiver
        WHERE claimed.attempts = 1 AND message.state = 'waiting' AND message.condition <> '{TEST}'
          AND message.bundle IS NULL AND message.message_id > claimed.message_id
        ORDER BY message.message_id LIMIT {LARGEST_DIGEST - 1}
    ), added AS (
        UPDATE pipeline_alert_messages AS message SET bundle = claimed.message_id
        FROM claimed
        WHERE message.message_id IN (SELECT message_id FROM following)
          AND message.bundle IS NULL AND message.state = 'waiting'
          AND (SELECT count(*) FROM following) >= {DIGEST_FROM - 1}
        RETURNING message.*
    ), together AS (
        SELECT * FROM claimed UNION ALL SELECT * FROM added
        UNION ALL
        SELECT message.* FROM claimed JOIN pipeline_alert_messages AS message ON message.bundle = claimed.message_id
        WHERE message.state = 'waiting' AND message.message_id <> claimed.message_id
    )
    SELECT {MESSAGE_COLUMNS}, false, extract(epoch FROM {NOW} - made_at)::float8 FROM together ORDER BY message_id
"""
# A test goes before what waits, is tried once, and only while somebody may still be waiting for its answer.
_CLAIM_TEST = f"""
    UPDATE pipeline_alert_messages AS message
    SET claim = %(claim)s, claimed_until = {NOW} + make_interval(secs => {CLAIM_SECONDS}), attempts = attempts + 1,
        bundle = message.message_id
    FROM (
        SELECT message_id FROM pipeline_alert_messages
        WHERE state = 'waiting' AND condition = '{TEST}' AND receiver = ANY (%(receivers)s) AND NOT {TEST_IS_OVER}
          AND attempts = 0
        ORDER BY message_id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS next
    WHERE message.message_id = next.message_id AND state = 'waiting' AND attempts = 0
    RETURNING {", ".join(f"message.{column}" for column in MESSAGE_COLUMNS.split(", "))}, false, 0::float8
"""
# Whoever sent it did: also when its claim has run out meanwhile.
_SENT = """
    UPDATE pipeline_alert_messages SET state = 'sent', answer = %(answer)s
    WHERE message_id = ANY (%(ids)s::bigint[]) AND state = 'waiting'
"""
_HELD = """message_id = ANY (%(ids)s::bigint[]) AND state = 'waiting' AND EXISTS (
        SELECT FROM pipeline_alert_messages AS first WHERE first.message_id = %(first)s AND first.claim = %(claim)s)"""
_PUT_OFF = f"""
    UPDATE pipeline_alert_messages
    SET next_at = {NOW} + make_interval(secs => %(seconds)s::float8), answer = %(answer)s, claimed_until = NULL
    WHERE {_HELD}
"""
_GIVE_UP = f"UPDATE pipeline_alert_messages SET state = 'undelivered', answer = %(answer)s WHERE {_HELD}"
_PRESENT = f"""
    INSERT INTO pipeline_alert_services AS service (service_id, actor, receivers, trouble)
    VALUES (%(service_id)s, %(actor)s, %(receivers)s::jsonb, %(trouble)s)
    ON CONFLICT (service_id) DO UPDATE
    SET actor = EXCLUDED.actor, receivers = EXCLUDED.receivers, trouble = EXCLUDED.trouble, seen_at = {NOW}
"""
_FORGET_SERVICES = f"DELETE FROM pipeline_alert_services WHERE seen_at < {NOW} - interval '1 hour'"
_WITHDRAW = "DELETE FROM pipeline_alert_services WHERE service_id = %(service_id)s"
_EXPIRE_TESTS = f"""
    UPDATE pipeline_alert_messages SET state = 'undelivered', answer = coalesce(answer, %(answer)s)
    WHERE state = 'waiting' AND {TEST_IS_OVER} AND {_FREE}
"""
# What is for a receiver that no service knows is claimed by nobody.
_EXPIRE = f"""
    UPDATE pipeline_alert_messages AS message SET state = 'undelivered', answer = coalesce(answer, %(answer)s)
    WHERE state = 'waiting' AND made_at < {NOW} - make_interval(secs => {GIVE_UP_SECONDS}) AND {_FREE}
      AND NOT EXISTS (
          SELECT FROM pipeline_alert_services AS service
          WHERE service.receivers @> jsonb_build_array(jsonb_build_object('name', message.receiver)))
"""
_FORGET = f"""
    DELETE FROM pipeline_alert_messages WHERE message_id IN (
        SELECT message_id FROM pipeline_alert_messages
        WHERE state <> 'waiting' AND made_at < {NOW} - make_interval(days => {KEPT_DAYS})
          AND NOT EXISTS (SELECT FROM pipeline_runs AS run WHERE run.run_id = pipeline_alert_messages.run_id
                          AND lower(btrim(run.status)) = 'running')
        ORDER BY message_id LIMIT 1000)
"""


class PostgresOutbox:
    """Outbox on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def installation(self) -> Installation:
        """Which database this is."""
        return self._session.installation()

    def note_presence(
        self, service_id: str, receivers: Sequence[ReceiverName], trouble: str | None, actor: Actor
    ) -> None:
        """Say that this service delivers, and to whom."""
        names = json_text([{"name": one.name, "kind": one.kind} for one in receivers])
        values = {"service_id": service_id, "actor": str(actor), "receivers": names, "trouble": trouble}
        self._session.write([(_PRESENT, values), (_FORGET_SERVICES, {})], actor, durable=False)

    def withdraw(self, service_id: str, actor: Actor) -> None:
        """Say that it does no more."""
        self._session.write([(_WITHDRAW, {"service_id": service_id})], actor, durable=False)

    def claim(self, receivers: Sequence[str], claim: str, actor: Actor) -> Claimed | None:
        """The next of these receivers' messages that is due; nobody else gets it until the claim runs out."""
        values = {"receivers": list(receivers), "claim": claim}
        if not self._session.read(_ANY_DUE, values)[0][0]:
            return None
        (rows,) = self._session.write([(_CLAIM_TEST, values)], actor)
        if not rows:
            (rows,) = self._session.write([(_CLAIM, values)], actor)
        if not rows:
            return None
        return Claimed(claim, [message_of(row[:-1]) for row in rows], rows[-1][-1])

    def sent(self, claimed: Claimed, answer: str, actor: Actor) -> None:
        """They were taken by the receiver."""
        self._write(_SENT, claimed, answer, actor)

    def put_off(self, claimed: Claimed, seconds: float, answer: str, actor: Actor) -> None:
        """They were not; again in so many seconds. Only as long as the claim is ours."""
        self._write(_PUT_OFF, claimed, answer, actor, seconds)

    def give_up(self, claimed: Claimed, answer: str, actor: Actor) -> None:
        """They never will be. Only as long as the claim is ours."""
        self._write(_GIVE_UP, claimed, answer, actor)

    def tidy(self, actor: Actor) -> None:
        """Give up what nobody could take for too long, and forget what is old."""
        over = "No service knew this receiver for a day."
        statements: list[Statement] = [
            (_EXPIRE_TESTS, {"answer": nobody_took_it(TEST_SECONDS)}),
            (_EXPIRE, {"answer": over}),
            (_FORGET, {}),
        ]
        self._session.write(statements, actor)

    def _write(self, statement: str, claimed: Claimed, answer: str, actor: Actor, seconds: float = 0.0) -> None:
        values = {
            "ids": [message.message_id for message in claimed.messages],
            "first": claimed.first.message_id,
            "claim": claimed.claim,
            "answer": bounded_text(answer, LONGEST_ANSWER),
            "seconds": seconds,
        }
        self._session.write([(statement, values)], actor)
