"""Alerts: every end is told, whoever dies; nothing is marked that did not arrive, and a repetition shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import dict_row

from pipeline_gui.pipeline.alert import Claimed, Letter, Receiver, ReceiverName
from pipeline_gui.pipeline.alert_texts import compose
from pipeline_gui.pipeline.alerting import Alarm
from pipeline_gui.pipeline.delivering import Deliverer
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.receivers.guard import Reach
from pipeline_gui.receivers.webhook import Webhook
from tests.alerts.hooks import Hook
from tests.pipeline.conftest import World

BY = Actor("alerts", "ops-9", "service")
OF_EACH_END = (
    "INSERT INTO pipeline_alerts (name, name_key, condition, receiver) VALUES ('each end', 'each end', 'ended', 'ops')"
)
# Whoever held a claim is dead, and what was put off is due.
_LATER = """
    UPDATE pipeline_alert_messages
    SET claimed_until = claimed_until - interval '1 h', next_at = next_at - interval '1 h' WHERE state = 'waiting'
"""


class OneReceiver:
    """The receivers of a service that knows one."""

    trouble = None

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def all(self) -> dict[str, Receiver]:
        """That one."""
        return {"ops": self._receiver}


def webhook(url: str) -> Webhook:
    """The receiver."""
    return Webhook(ReceiverName("ops", "webhook"), urlsplit(url), {}, Reach.ANY, None)


def in_words(claimed: Claimed, installation_id: str) -> Letter:
    """As a service puts it."""
    return compose(claimed, installation_id, system=None, public_url=None)


def settle_alerts(world: World, url: str) -> None:
    """A fresh service looks and delivers, until nothing is left to do."""
    store = world.plain_store
    Alarm(store.alerts, store, store, BY).turn()
    world.execute(_LATER)
    deliverer = Deliverer(store.outbox, OneReceiver(webhook(url)), in_words, BY)
    while (claimed := deliverer.take()) is not None:
        deliverer.deliver(claimed)


def alert_violations(world: World, hooked: Hook, *, is_undisturbed: bool) -> Iterator[str]:
    """What does not hold of alerts, once everything has come to rest."""
    messages = _rows(world, "SELECT * FROM pipeline_alert_messages WHERE condition <> 'test'")
    arrived = hooked.run_ids()
    told = {(message["condition"], message["run_id"]): message for message in messages}
    for message in told.values():
        if message["state"] == "waiting":
            yield f"8: what is to be told of {message['run_id']} waits still: {message['answer']}"
        if message["state"] == "sent" and message["run_id"] not in arrived:
            yield f"8: {message['run_id']} is marked as told and was not"
    ends = _rows(
        world, "SELECT run_id FROM pipeline_run_events WHERE kind = 'status changed' AND new_status <> 'running'"
    )
    for run_id in {end["run_id"] for end in ends}:
        if ("ended", run_id) not in told:
            yield f"8: nobody is told of the end of {run_id}"
    running = _rows(world, "SELECT run_id FROM pipeline_runs WHERE lower(btrim(status)) = 'running'")
    for rule in _rows(world, "SELECT condition FROM pipeline_alerts WHERE condition IN ('slow', 'limit')"):
        if any((rule["condition"], run["run_id"]) not in told for run in running):
            yield f"8: nobody is told that it lasts too long ({rule['condition']})"
    keys: dict[str, set[str]] = {}
    for received in hooked.received:
        for alert in received.body["alerts"]:
            keys.setdefault(f"{alert['condition']} {alert['run_id']}", set()).add(received.key)
    for about, different in keys.items():
        if len(different) > 1 and not about.startswith("test"):
            yield f"8: {about} came under different keys: {different}"
    if is_undisturbed and len({received.key for received in hooked.received}) < len(hooked.received):
        yield "8: something was told twice"


def _rows(world: World, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(world.database, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()
