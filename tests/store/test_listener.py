"""Notifications: every change at once, nobody's statement broken by it, and LISTEN again after a loss."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.ports import Change
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.store.contact import ContactLog
from pipeline_gui.store.listener import Listener, change_of
from pipeline_gui.store.store import PostgresStore
from pipeline_gui.store.target import parse_target
from tests.store.conftest import ANA, new_run
from tests.store.proxy import Proxy
from tests.waiting import wait_until

Execute = Callable[..., list[tuple[Any, ...]]]

EVERYTHING = Change(None, None)
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN pipeline_runs' AND datname = current_database()"


@pytest.fixture
def heard() -> list[Change]:
    return []


@pytest.fixture
def subscription(store: PostgresStore, heard: list[Change]) -> Iterator[Listener]:
    subscription = store.subscribe(heard.append)
    wait_until(lambda: heard == [EVERYTHING], what="the first look at everything")
    heard.clear()
    yield subscription
    subscription.close()


@pytest.mark.usefixtures("subscription")
def test_each_change_of_a_run_is_heard(store: PostgresStore, heard: list[Change], execute: Execute) -> None:
    store.insert(new_run("r1"), ANA)
    wait_until(lambda: heard == [Change("r1", "running")])
    store.request_stop("r1", None, ANA)
    wait_until(lambda: heard == [Change("r1", "running")] * 2)
    store.settle("r1", None, Ending(RunStatus.STOPPED, gone=True), ANA)
    wait_until(lambda: heard[2:] == [Change("r1", "stopped")])
    execute("DELETE FROM pipeline_runs")
    wait_until(lambda: heard[3:] == [Change("r1", None)])


def test_that_schedules_changed_is_told_at_once_whoever_changed_them(store: PostgresStore, execute: Execute) -> None:
    told: list[int] = []
    subscription = store.subscribe(lambda _change: None, on_schedules=lambda: told.append(1))
    try:
        wait_until(lambda: len(told) == 1, what="the first look")
        execute(
            "INSERT INTO pipeline_schedules (name, name_key, configuration, every_minutes) VALUES ('a', 'a', 'x', 5)"
        )
        wait_until(lambda: len(told) == 2, what="the news of a new one")
        execute("UPDATE pipeline_schedules SET is_enabled = false")
        wait_until(lambda: len(told) == 3, what="the news of a pause")
        execute("DELETE FROM pipeline_schedules")
        wait_until(lambda: len(told) == 4, what="the news of an end")
    finally:
        subscription.close()


@pytest.mark.usefixtures("subscription")
def test_many_rows_at_once_are_told_as_one(heard: list[Change], execute: Execute) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status) SELECT 'r' || n, 'failed' FROM generate_series(1, 500) n")
    wait_until(lambda: heard == [EVERYTHING])
    execute("DELETE FROM pipeline_runs")
    wait_until(lambda: heard == [EVERYTHING] * 2)
    execute("TRUNCATE pipeline_runs")
    wait_until(lambda: heard == [EVERYTHING] * 3)


@pytest.mark.usefixtures("subscription")
@pytest.mark.parametrize("letter", ["\N{PILE OF POO}", "\x01", '"', "\\"])
def test_the_longest_id_is_told_whatever_it_is_made_of(heard: list[Change], execute: Execute, letter: str) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES (%s, %s)", letter * 255, letter * 50)

    wait_until(lambda: heard == [Change(letter * 255, letter * 50)])


@pytest.mark.usefixtures("subscription")
def test_an_id_too_long_to_be_told_breaks_no_statement(heard: list[Change], execute: Execute) -> None:
    execute("ALTER TABLE pipeline_runs ALTER run_id TYPE text")
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES (%s, 'failed')", "x" * 100_000)

    wait_until(lambda: heard == [EVERYTHING])


def test_a_lost_connection_is_noticed_and_made_again(
    store: PostgresStore, subscription: Listener, heard: list[Change], execute: Execute
) -> None:
    execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) AS found")

    wait_until(lambda: heard == [EVERYTHING, EVERYTHING], what="the loss, then the look at everything after it")
    store.insert(new_run("r1"), ANA)
    wait_until(lambda: heard[2:] == [Change("r1", "running")])


def test_a_silent_network_is_noticed(database: str, execute: Execute, heard: list[Change]) -> None:
    contact = ContactLog()
    with Proxy(database) as proxy:
        listener = Listener(parse_target(proxy.url, "tests"), heard.append, contact, heartbeat=0.2)
        wait_until(lambda: heard == [EVERYTHING])
        proxy.stall()
        wait_until(lambda: contact.now.reachable is False, what="the silence")
        proxy.resume()
        wait_until(lambda: len(heard) >= 3, what="LISTEN again")
        execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('after', 'failed')")
        wait_until(lambda: heard[-1] == Change("after", "failed"))
        listener.close()


def test_no_callback_runs_after_close(store: PostgresStore, execute: Execute) -> None:
    heard: list[Change] = []
    busy, leave = threading.Event(), threading.Event()

    def slow(change: Change) -> None:
        busy.set()
        leave.wait(10)
        heard.append(change)

    subscription = store.subscribe(slow)
    assert busy.wait(10)
    closer = threading.Thread(target=subscription.close)
    closer.start()
    assert closer.is_alive()
    leave.set()
    closer.join(10)
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('late', 'failed')")

    assert heard == [EVERYTHING]
    wait_until(lambda: execute(LISTENERS) == [], what="the end of the listening session")
    subscription.close()


def test_a_callback_that_fails_does_not_end_the_notifications(
    store: PostgresStore, execute: Execute, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Change] = []

    def fails_first(change: Change) -> None:
        heard.append(change)
        if len(heard) == 1:
            raise RuntimeError("a face's mistake")

    subscription = store.subscribe(fails_first)
    wait_until(lambda: len(heard) == 1)
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'failed')")
    wait_until(lambda: heard[1:] == [Change("a", "failed")])
    subscription.close()

    assert "a face's mistake" in caplog.text


def test_a_database_that_is_away_is_no_error_and_close_is_quick(heard: list[Change]) -> None:
    listener = Listener(parse_target("postgresql://nobody@127.0.0.1:1/none", "tests"), heard.append, ContactLog())
    listener.close()

    assert heard == []


@pytest.mark.parametrize("payload", ["", "nonsense", "[1]", '{"run_id": 5}', '{"status": "running"}', "\ud800"])
def test_a_payload_that_is_not_ours_means_that_anything_may_have_changed(payload: str) -> None:
    assert change_of(payload) == EVERYTHING


@pytest.mark.usefixtures("subscription")
def test_a_stranger_on_our_channel_does_no_harm(database: str, heard: list[Change]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("NOTIFY pipeline_runs, 'hello'")

    wait_until(lambda: heard == [EVERYTHING])
