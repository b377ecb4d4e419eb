"""The watcher's lease: one holder, on the database's clock, gone in 3 s when nobody renews it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline_gui.pipeline.ports import Lease
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, BEN, new_run

Execute = Callable[..., list[tuple[Any, ...]]]


def test_one_holds_it_and_renews_it(store: PostgresStore) -> None:
    assert store.take_lease("window-1", ANA)
    assert not store.take_lease("window-2", BEN)
    assert store.take_lease("window-1", ANA)


def test_it_lasts_so_long_that_another_takes_over_within_three_seconds(store: PostgresStore, execute: Execute) -> None:
    store.take_lease("window-1", ANA)

    [(seconds,)] = execute(
        "SELECT extract(epoch FROM expires_at - (clock_timestamp() AT TIME ZONE 'UTC'))::float8 FROM pipeline_watcher"
    )
    assert 2.0 < seconds <= 2.5  # and half a second until another looks


def test_another_takes_over_when_it_has_expired(store: PostgresStore, execute: Execute) -> None:
    store.take_lease("window-1", ANA)
    execute("UPDATE pipeline_watcher SET expires_at = expires_at - interval '3 s'")

    assert store.take_lease("window-2", BEN)
    assert not store.take_lease("window-1", ANA)


def test_it_says_what_there_is_to_do(store: PostgresStore, execute: Execute) -> None:
    assert store.take_lease("window-1", ANA) == Lease(False, False, False, False)

    store.insert(new_run("r1"), ANA)
    assert store.take_lease("window-1", ANA) == Lease(True, False, False, False)

    execute("INSERT INTO pipeline_run_days_changed (day) VALUES ('2026-11-27')")
    execute("INSERT INTO pipeline_alerts (name, name_key, condition, receiver) VALUES ('a', 'a', 'failed', 'ops')")
    execute(
        "INSERT INTO pipeline_schedules (name, name_key, configuration, every_minutes) VALUES ('s', 's', 'flights', 5)"
    )
    assert store.take_lease("window-1", ANA) == Lease(True, True, True, True)


def test_giving_it_up_frees_it_but_only_for_its_holder(store: PostgresStore) -> None:
    store.take_lease("window-1", ANA)
    store.release_lease("window-2")
    assert not store.take_lease("window-2", BEN)

    store.release_lease("window-1")
    assert store.take_lease("window-2", BEN)


def test_a_record_says_whether_anyone_watches(store: PostgresStore, execute: Execute) -> None:
    assert not store.insert(new_run("r1"), ANA).record.watched
    store.take_lease("window-1", ANA)
    record = store.running()
    assert record is not None
    assert record.watched

    execute("UPDATE pipeline_watcher SET expires_at = expires_at - interval '3 s'")
    record = store.find("r1")
    assert record is not None
    assert not record.watched


def test_nobody_watches_from_a_copy(store: PostgresStore, execute: Execute) -> None:
    execute("UPDATE pipeline_installation SET database_oid = database_oid + 1")

    assert not store.take_lease("window-1", ANA)
    assert execute("SELECT holder FROM pipeline_watcher") == [(None,)]


def test_a_clock_that_is_set_back_does_not_lengthen_it(store: PostgresStore, execute: Execute) -> None:
    run_id = store.insert(new_run(), ANA).record.run.run_id
    store.take_lease("window-1", ANA)
    execute("UPDATE pipeline_watcher SET expires_at = expires_at + interval '1 hour'")

    record = store.find(run_id)
    assert record is not None
    assert not record.watched
    assert store.take_lease("window-2", BEN)
