"""A program that is older than the schema: it reads where the newer migration says that it may, and writes nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline_gui.database_checks import examine_database
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.spark.factory import connect_spark
from pipeline_gui.store import schema, session
from pipeline_gui.store.identity import adopt_moved_identity, new_identity
from pipeline_gui.store.migrate import check_schema, migrate
from pipeline_gui.store.schema import Migration, known_migrations, newest_version
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, new_run

Execute = Callable[..., list[tuple[Any, ...]]]
NEXT = newest_version() + 1
SENTENCE = rf"version {NEXT}; this program knows versions up to {NEXT - 1}, so it shows the runs and changes nothing"


def migrate_further(database: str, oldest_reader: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a newer program does: one more migration, which adds a column and a table."""
    says = f"-- oldest reader: {oldest_reader}\n" if oldest_reader else ""
    further = Migration(NEXT, "further", f"{says}ALTER TABLE pipeline_run_engine ADD color TEXT; CREATE TABLE more ();")
    migrations = (*known_migrations(), further)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline_gui.store.migrate.known_migrations", lambda: migrations)
        patch.setattr(schema, "newest_version", lambda: NEXT)
        migrate(database, actor=ANA)


@pytest.fixture
def migrated_under_it(store: PostgresStore, database: str, monkeypatch: pytest.MonkeyPatch) -> PostgresStore:
    """An open store, with a run, under which somebody migrates further."""
    store.insert(new_run("before"), ANA)
    monkeypatch.setattr(session, "CHECK_AGAIN_SECONDS", 0.0)
    migrate_further(database, NEXT - 1, monkeypatch)
    return store


def test_it_reads(migrated_under_it: PostgresStore, database: str) -> None:
    store = migrated_under_it
    running = store.running()
    assert running is not None
    assert running.run.run_id == "before"
    assert [run.run_id for run in store.overview(2).recent] == ["before"]
    assert store.contact().reachable is True
    assert "Update this program" in (store.contact().reason or "")
    assert not store.installation().may_act
    assert check_schema(database).version == NEXT


def test_it_writes_nothing(migrated_under_it: PostgresStore, database: str, execute: Execute) -> None:
    store = migrated_under_it
    before = execute("SELECT run::text FROM pipeline_runs AS run"), execute("SELECT count(*) FROM pipeline_run_events")
    for write in (
        lambda: store.insert(new_run("another"), ANA),
        lambda: store.request_stop("before", 0.0, ANA),
        lambda: store.settle("before", None, Ending(RunStatus.FAILED, gone=False), ANA),
        lambda: store.configurations.delete(1, 1, ANA, "w"),
        lambda: adopt_moved_identity(database, actor=ANA),
        lambda: new_identity(database, actor=ANA),
    ):
        with pytest.raises(StoreRefused, match=SENTENCE):
            write()
    with pytest.raises(StoreRefused, match="Update this program"):
        migrate(database, actor=ANA)
    assert store.take_lease("me", ANA) is None
    after = execute("SELECT run::text FROM pipeline_runs AS run"), execute("SELECT count(*) FROM pipeline_run_events")
    assert after == before
    assert store.contact().reachable is True, "it can be read all the same"


def test_an_open_window_finds_out_before_it_writes(
    store: PostgresStore, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thing that an open program does after the migration may be a write."""
    store.insert(new_run("before"), ANA)
    monkeypatch.setattr(session, "CHECK_AGAIN_SECONDS", 0.0)
    migrate_further(database, NEXT - 1, monkeypatch)
    with pytest.raises(StoreRefused, match=SENTENCE):
        store.request_stop("before", None, ANA)


def test_the_controller_answers_with_the_sentence(migrated_under_it: PostgresStore) -> None:
    spark = connect_spark("livy", "http://127.0.0.1:9")
    watcher = Watcher(migrated_under_it, spark, ANA)
    controller = PipelineController(migrated_under_it, spark, ANA, watcher)
    record = watcher.step()
    assert record is not None
    assert record.run.is_running
    answer = controller.stop_run("before")
    assert (answer["success"], answer["reason"]) == (False, "refused")
    assert "Update this program" in answer["message"]
    status = controller.get_pipeline_status()
    assert status["is_running"] is True
    assert status["database"]["reachable"] is True
    assert "changes nothing" in (status["database"]["reason"] or "")
    assert status["spark"]["reachable"] is None, "nothing is asked of Spark"
    spark.close()


def test_the_doctor_says_it(migrated_under_it: PostgresStore, database: str) -> None:
    found = {finding.subject: finding for finding in examine_database(database)}
    assert found["schema"].is_well is False
    assert "changes nothing" in found["schema"].sentence
    assert found["rights"].is_well, "the rest is looked at, too"


@pytest.mark.parametrize("oldest_reader", [None, NEXT])
def test_what_it_could_misread_it_does_not_read(
    store: PostgresStore, database: str, oldest_reader: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_further(database, oldest_reader, monkeypatch)
    monkeypatch.setattr(session, "CHECK_AGAIN_SECONDS", 0.0)
    with pytest.raises(StoreRefused, match=rf"version {NEXT}.*up to {NEXT - 1}\. Update this program"):
        store.running()
    assert store.contact().reachable is False
    assert "up to" in {finding.subject: finding for finding in examine_database(database)}["database"].sentence


def test_before_the_column_was_there_the_old_sentence_is_said(store: PostgresStore, execute: Execute) -> None:
    (number,) = [migration.number for migration in known_migrations() if migration.name == "readers"]
    execute(f"DELETE FROM pipeline_migrations WHERE number >= {number}")
    execute("ALTER TABLE pipeline_migrations DROP COLUMN oldest_reader")
    with pytest.raises(StoreRefused, match=rf"has schema version {number - 1}, and version \d+ is needed"):
        store.running()


def test_what_a_migration_says_of_older_programs_is_recorded(database: str, execute: Execute) -> None:
    for number, oldest_reader in execute("SELECT number, oldest_reader FROM pipeline_migrations"):
        (migration,) = [migration for migration in known_migrations() if migration.number == number]
        assert oldest_reader == migration.oldest_reader
        assert oldest_reader is None or oldest_reader <= number
