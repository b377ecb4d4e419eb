"""Who is always on: believed for as long as it says so, by the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.store import PostgresStore

Execute = Callable[..., list[tuple[Any, ...]]]
SERVICE, OTHER = Actor("pipeline", "srv-1", "service"), Actor("pipeline", "srv-2", "service")


def test_each_is_there_until_it_says_otherwise(store: PostgresStore) -> None:
    assert store.schedules.services() == []
    store.announce_service("one", SERVICE)
    [first] = store.schedules.services()
    assert (first.actor, first.host) == ("pipeline@srv-1", "srv-1")
    store.announce_service("two", OTHER)
    store.announce_service("one", SERVICE)
    assert [service.host for service in store.schedules.services()] == ["srv-1", "srv-2"]
    assert store.schedules.services()[0] == first  # since when, whatever it says later
    store.withdraw_service("one")
    assert [service.host for service in store.schedules.services()] == ["srv-2"]


@pytest.mark.parametrize("moved", ["- interval '31 s'", "+ interval '1 h'"])
def test_one_that_is_silent_or_of_a_clock_that_was_set_back_is_not_there(
    store: PostgresStore, execute: Execute, moved: str
) -> None:
    store.announce_service("one", SERVICE)
    execute("UPDATE pipeline_services SET seen_at = seen_at - interval '20 s'")
    assert len(store.schedules.services()) == 1
    execute(f"UPDATE pipeline_services SET seen_at = seen_at + interval '20 s' {moved}")
    assert store.schedules.services() == []
    store.announce_service("one", SERVICE)
    assert len(store.schedules.services()) == 1


def test_what_was_killed_is_forgotten_after_a_day(store: PostgresStore, execute: Execute) -> None:
    for name in ("killed", "slow"):
        store.announce_service(name, SERVICE)
    execute("UPDATE pipeline_services SET seen_at = seen_at - interval '25 h'")
    store.announce_service("slow", SERVICE)
    assert execute("SELECT service_id FROM pipeline_services") == [("slow",)]
