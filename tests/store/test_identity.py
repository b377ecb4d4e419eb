"""Which database this is: the original, moved, or a copy that must leave the original's runs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.store.identity import adopt_moved_identity, new_identity
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.schema import known_migrations
from pipeline_gui.store.store import PostgresStore, open_store
from tests.postgres import PostgresServer
from tests.store.conftest import ANA, BEN, new_run

Execute = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def copied_url(postgres_server: PostgresServer, database: str) -> Iterator[str]:
    """A copy of the test's database, in which a run of ours was running and another may still live."""
    original = open_store(database, application_name="tests", max_connections=1)
    original.insert(new_run("abandoned"), ANA)
    original.settle("abandoned", None, Ending(RunStatus.FAILED, gone=False), ANA)
    original.insert(new_run("running"), ANA)
    original.close()
    with postgres_server.fresh_database(str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])) as url:
        yield url


@pytest.fixture
def copy(copied_url: str) -> Iterator[PostgresStore]:
    store = open_store(copied_url, application_name="tests", max_connections=1)
    yield store
    store.close()


def test_the_place_where_it_was_made_is_the_original(store: PostgresStore) -> None:
    installation = store.installation()

    assert installation.is_original
    assert len(installation.installation_id) == 12
    assert installation.schema_version == known_migrations()[-1].number


def test_a_copy_knows_that_it_is_one_and_starts_nothing(copy: PostgresStore) -> None:
    assert not copy.installation().is_original

    with pytest.raises(StoreRefused, match=r"is a copy.*--moved.*--new-identity"):
        copy.insert(new_run(), ANA)


def test_moved_keeps_the_id_and_the_runs(copied_url: str, copy: PostgresStore, database: str) -> None:
    before = copy.installation()

    moved = adopt_moved_identity(copied_url, actor=BEN)

    assert moved.is_original
    assert moved.installation_id == before.installation_id
    assert copy.installation() == moved  # an open store finds out
    assert copy.running() is not None
    assert [record.run.run_id for record in copy.not_gone()] == ["abandoned"]


def test_a_new_identity_lets_go_of_the_originals_runs(
    copied_url: str, copy: PostgresStore, store: PostgresStore
) -> None:
    made = new_identity(copied_url, actor=BEN)

    assert made.is_original
    assert made.installation_id != store.installation().installation_id
    assert copy.installation() == made
    assert copy.running() is None
    assert copy.not_gone() == []
    ended = copy.find("running")
    assert ended is not None
    assert (ended.run.status, ended.engine and ended.engine.gone) == ("failed", True)
    assert "copy" in (ended.run.error_message or "")
    event = copy.events("running")[-1]
    assert (event.kind, event.actor, event.new_status) == ("status changed", "ben@ops-1", "failed")
    copy.insert(new_run("mine"), ANA)
    assert store.find("mine") is None
    running = store.running()
    assert running is not None
    assert running.run.run_id == "running"  # the original's run goes on


def test_a_new_identity_leaves_another_programs_row(database: str, execute: Execute) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")

    new_identity(database, actor=BEN)

    assert execute("SELECT status FROM pipeline_runs") == [("running",)]


def test_a_lost_installation_row_is_a_sentence(store: PostgresStore, execute: Execute, database: str) -> None:
    execute("DELETE FROM pipeline_installation")

    with pytest.raises(StoreRefused, match="--new-identity"):
        store.installation()
    assert migrate(database, actor=BEN).installation_id is None  # so that what is advised can be done
    new_identity(database, actor=BEN)
    assert store.installation().is_original
