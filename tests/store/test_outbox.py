"""Who may send what: one at a time for each receiver, in order, and again when who claimed it is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.alert import Claimed, ReceiverName
from pipeline_gui.store.identity import new_identity
from pipeline_gui.store.store import PostgresStore, open_store
from tests.store.conftest import ANA, BEN
from tests.store.test_alerts import add

Execute = Callable[..., list[tuple[Any, ...]]]
OPS = ["ops"]


@pytest.fixture
def write(store: PostgresStore, execute: Execute) -> Callable[..., None]:
    """Writes messages, as triggers do."""

    def write(*subjects: str, receiver: str = "ops") -> None:
        for subject in subjects:
            execute(
                "INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, run_id) "
                "VALUES (1, 'rule', %s, 'failed', 'run ' || %s, %s)",
                receiver, subject, subject,
            )  # fmt: skip

    return write


def claim(store: PostgresStore, receivers: list[str] = OPS) -> Claimed | None:
    return store.outbox.claim(receivers, threading.current_thread().name, ANA)


def runs(claimed: Claimed | None) -> list[str | None]:
    return [message.run_id for message in claimed.messages] if claimed else []


def states(execute: Execute) -> list[tuple[str, str, int]]:
    return execute("SELECT run_id, state, attempts FROM pipeline_alert_messages ORDER BY message_id")


def test_the_oldest_first_and_the_next_when_it_is_done(store: PostgresStore, write: Callable[..., None]) -> None:
    write("a", "b")
    first = claim(store)
    assert first is not None
    assert runs(first) == ["a"]
    assert claim(store) is None
    store.outbox.sent(first, "250 OK", ANA)
    assert runs(claim(store)) == ["b"]
    assert claim(store) is None


def test_receivers_do_not_wait_for_each_other(store: PostgresStore, write: Callable[..., None]) -> None:
    write("a", "b")
    write("c", receiver="chat")
    write("d", receiver="unknown")
    both = ["ops", "chat"]
    assert {tuple(runs(claim(store, both))), tuple(runs(claim(store, both)))} == {("a",), ("c",)}
    assert claim(store, both) is None


def test_many_that_wait_are_one_digest_which_stays_the_same(
    store: PostgresStore, write: Callable[..., None], execute: Execute
) -> None:
    write("a", "b", "c", "d")
    first = claim(store)
    assert first is not None
    assert runs(first) == ["a", "b", "c", "d"]
    write("e")
    store.outbox.put_off(first, 0, "no", ANA)
    second = claim(store)
    assert second is not None
    assert runs(second) == ["a", "b", "c", "d"]
    assert (second.first.attempts, second.first.message_id) == (2, first.first.message_id)
    store.outbox.sent(second, "yes", ANA)
    assert runs(claim(store)) == ["e"]
    assert [state for _, state, _ in states(execute)] == ["sent"] * 4 + ["waiting"]


def test_what_is_put_off_comes_later_and_nothing_overtakes_it(
    store: PostgresStore, write: Callable[..., None], execute: Execute
) -> None:
    write("a", "b")
    first = claim(store)
    assert first is not None
    store.outbox.put_off(first, 60, "no answer", ANA)
    assert claim(store) is None
    execute("UPDATE pipeline_alert_messages SET next_at = next_at - interval '61 s'")
    assert runs(claim(store)) == ["a"]


def test_a_claim_runs_out_and_who_held_it_can_say_sent_but_nothing_else(
    store: PostgresStore, write: Callable[..., None], execute: Execute
) -> None:
    write("a")
    lost = store.outbox.claim(OPS, "one", ANA)
    assert lost is not None
    execute("UPDATE pipeline_alert_messages SET claimed_until = claimed_until - interval '121 s'")
    held = store.outbox.claim(OPS, "two", BEN)
    assert held is not None
    store.outbox.give_up(lost, "late", ANA)
    store.outbox.put_off(lost, 60, "late", ANA)
    assert states(execute) == [("a", "waiting", 2)]
    store.outbox.sent(lost, "it was", ANA)
    store.outbox.put_off(held, 60, "no", BEN)
    [message] = store.alerts.messages(None, 9)
    assert (message.state, message.answer, message.next_at is not None) == ("sent", "it was", True)
    assert claim(store) is None


def test_two_services_that_claim_at_once_get_each_message_once(
    database: str, store: PostgresStore, write: Callable[..., None]
) -> None:
    names = [f"r{n}" for n in range(12)]
    for name in names:
        write(name, receiver=f"to-{name}")
    receivers = [f"to-{name}" for name in names]
    stores = [open_store(database, application_name="tests", max_connections=1) for _ in range(4)]
    got: list[str | None] = []
    gate = threading.Barrier(4)

    def work(mine: PostgresStore, name: str) -> None:
        gate.wait(10)
        misses = 0
        while misses < 5:
            claimed = mine.outbox.claim(receivers, name, ANA)
            misses = 0 if claimed else misses + 1
            got.extend(runs(claimed))

    threads = [threading.Thread(target=work, args=(mine, f"s{n}")) for n, mine in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for mine in stores:
        mine.close()
    assert sorted(map(str, got)) == sorted(names)


def test_a_test_goes_first_is_tried_once_and_is_over_after_a_while(
    store: PostgresStore, write: Callable[..., None], execute: Execute
) -> None:
    write("a")
    rule = add(store, "failed")
    message_id = store.alerts.ask_for_test(rule, ANA)
    claimed = claim(store)
    assert claimed is not None
    assert claimed.is_test
    assert claimed.first.message_id == message_id
    store.outbox.give_up(claimed, "535 no", ANA)
    message = store.alerts.message(message_id)
    assert message is not None
    assert (message.state, message.answer) == ("undelivered", "535 no")
    late = store.alerts.ask_for_test(rule, ANA)
    execute(
        "UPDATE pipeline_alert_messages SET made_at = made_at - interval '21 s' "
        "WHERE condition = 'test' AND ended_at IS NULL"
    )
    assert runs(claim(store)) == ["a"]
    message = store.alerts.message(late)
    assert message is not None
    assert message.state == "undelivered"
    assert "No service took it" in str(message.answer)
    store.outbox.tidy(ANA)
    assert states(execute)[-1][1] == "undelivered"


def test_what_nobody_knows_a_receiver_for_is_given_up_after_a_day(
    store: PostgresStore, write: Callable[..., None], execute: Execute
) -> None:
    write("a")
    write("b", receiver="gone")
    store.outbox.note_presence("s1", [ReceiverName("ops", "mail")], None, ANA)
    [service] = store.alerts.services()
    assert (service.actor, service.receivers, service.trouble) == (str(ANA), [ReceiverName("ops", "mail")], None)
    store.outbox.tidy(ANA)
    assert [state for _, state, _ in states(execute)] == ["waiting", "waiting"]
    execute("UPDATE pipeline_alert_messages SET made_at = made_at - interval '25 h'")
    store.outbox.tidy(ANA)
    assert [state for _, state, _ in states(execute)] == ["waiting", "undelivered"]
    execute("UPDATE pipeline_alert_services SET seen_at = seen_at - interval '46 s'")
    assert store.alerts.services() == []
    execute("ALTER TABLE pipeline_alert_messages DISABLE TRIGGER pipeline_gui_keep")
    execute("UPDATE pipeline_alert_messages SET made_at = made_at - interval '90 days'")
    store.outbox.tidy(ANA)
    assert [name for name, *_ in states(execute)] == ["a"]
    store.outbox.withdraw("s1", ANA)
    assert execute("SELECT * FROM pipeline_alert_services") == []


def test_what_was_sent_stays_so(store: PostgresStore, write: Callable[..., None], execute: Execute) -> None:
    write("a")
    claimed = claim(store)
    assert claimed is not None
    store.outbox.sent(claimed, "250 OK", ANA)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="stays so"):
        execute("UPDATE pipeline_alert_messages SET state = 'waiting'")


def test_a_copy_that_becomes_its_own_sends_nothing_of_the_original(
    database: str, store: PostgresStore, write: Callable[..., None], execute: Execute
) -> None:
    write("a")
    execute("UPDATE pipeline_installation SET database_oid = 1")
    new_identity(database, actor=ANA)
    assert claim(store) is None
