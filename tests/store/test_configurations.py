"""The table of saved configurations: what its triggers see to, whoever writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ports import Change
from pipeline_gui.pipeline.saved import NameTaken, name_key
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, BEN
from tests.waiting import wait_until

Execute = Callable[..., list[tuple[Any, ...]]]

VALUES = {"name": "Nightly", "file": "/n.py", "description": "each night", "conf": {"a": "\u2028 ünï"}}


def test_every_revision_is_kept_with_who_and_when(store: PostgresStore, execute: Execute) -> None:
    saved = store.configurations.create(VALUES, "nightly", ANA, "w1")
    assert (saved.name, saved.revision, saved.values) == ("Nightly", 1, VALUES)
    changed = store.configurations.replace(saved.configuration_id, 1, {**VALUES, "name": "N"}, "n", BEN, "w2")
    assert changed is not None
    assert (changed.name, changed.revision, changed.changed_by) == ("N", 2, "ben@ops-1")
    assert store.configurations.replace(saved.configuration_id, 1, VALUES, "nightly", ANA, "w3") is None
    assert store.configurations.written("w3") is None
    assert not store.configurations.delete(saved.configuration_id, 1, ANA, "w4")
    assert store.configurations.delete(saved.configuration_id, 2, ANA, "w5")
    history = store.configurations.history(saved.configuration_id, 1)
    assert history[:2] == [saved, changed]
    assert (history[2].revision, history[2].is_deleted, history[2].changed_by) == (3, True, "ana@ops-3")
    assert store.configurations.written("w2") == changed
    rows = execute(
        "SELECT kind, via, database_user = session_user FROM pipeline_configuration_changes ORDER BY revision"
    )
    assert rows == [("created", "terminal", True), ("changed", "window", True), ("deleted", "terminal", True)]
    [(behind,)] = execute(
        "SELECT max(abs(extract(epoch FROM (clock_timestamp() AT TIME ZONE 'UTC') - changed_at)))::float8 "
        "FROM pipeline_configuration_changes"
    )
    assert behind < 60


def test_who_writes_can_neither_choose_the_revision_nor_the_moment(store: PostgresStore, execute: Execute) -> None:
    execute(
        "INSERT INTO pipeline_configurations (name, name_key, configuration, revision, changed_by, changed_at) "
        "VALUES ('x', 'x', '{}', 99, 'forged', '2020-01-01')"
    )
    [found] = store.configurations.all()
    assert found.revision == 1
    assert found.changed_by != "forged"
    assert found.changed_at is not None
    assert found.changed_at.year > 2020
    with pytest.raises(psycopg.errors.CheckViolation):
        execute("INSERT INTO pipeline_configurations (name, name_key, configuration) VALUES ('y', 'y', '[]')")


def test_a_name_is_taken_once_also_in_a_race(store: PostgresStore) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def create() -> None:
        gate.wait(10)
        try:
            store.configurations.create(VALUES, "nightly", ANA, "w")
            outcomes.append("made")
        except NameTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["made", "taken"]


def test_every_change_is_told_at_once_and_says_nothing(store: PostgresStore, execute: Execute) -> None:
    told = [0]
    heard: list[Change] = []

    def on_configurations() -> None:
        told[0] += 1

    subscription = store.subscribe(heard.append, on_configurations)
    try:
        wait_until(lambda: told[0] == 1, what="the first look")
        runs = len(heard)
        saved = store.configurations.create(VALUES, "nightly", ANA, "w1")
        wait_until(lambda: told[0] == 2, what="the news of a new one")
        execute("UPDATE pipeline_configurations SET configuration = '{}'")
        wait_until(lambda: told[0] == 3, what="the news of another program's change")
        store.configurations.delete(saved.configuration_id, 2, ANA, "w2")
        wait_until(lambda: told[0] == 4, what="the news of an end")
        assert len(heard) == runs  # nobody reads the runs for it
    finally:
        subscription.close()


def test_names_are_compared_as_people_do() -> None:
    assert name_key("Straße  7") == name_key("STRASSE 7 ")
    assert name_key("Café") == name_key("Cafe\u0301")
    assert name_key("a") != name_key("b")
