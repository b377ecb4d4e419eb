"""Preparing a database, and adopting the table that operators have already."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pipeline_gui.pipeline.errors import StoreRefused, StoreUnavailable
from pipeline_gui.store.migrate import check_schema, migrate
from pipeline_gui.store.migrate import migrate as migrate_call
from pipeline_gui.store.owner import _ADVISORY_KEY
from pipeline_gui.store.schema import Migration, known_migrations
from pipeline_gui.store.store import open_store
from tests.store.conftest import ANA, new_run

Execute = Callable[..., list[tuple[Any, ...]]]
NEWEST = known_migrations()[-1].number

SEED = """
    CREATE TABLE pipeline_runs (
        run_id VARCHAR(255) PRIMARY KEY, command TEXT, status VARCHAR(50), start_time TIMESTAMP, end_time TIMESTAMP,
        duration FLOAT, error_message TEXT, metadata JSONB)
"""
COLUMNS = "SELECT * FROM information_schema.columns WHERE table_name = 'pipeline_runs' ORDER BY ordinal_position"
# With xmin and ctid: a row that was written again would have others.
ROWS = """SELECT xmin::text, ctid::text, run_id, md5(run::text), pg_column_size(command)
          FROM pipeline_runs AS run ORDER BY run_id"""


@pytest.fixture
def execute(empty_database: str) -> Iterator[Execute]:
    with psycopg.connect(empty_database, autocommit=True) as connection:

        def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

        yield run


def tables(execute: Execute) -> set[str]:
    return {row[0] for row in execute("SELECT tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg\\_%'")} - {
        row[0] for row in execute("SELECT tablename FROM pg_tables WHERE schemaname = 'information_schema'")
    }


def test_an_empty_database_is_prepared_once(empty_database: str, execute: Execute) -> None:
    assert check_schema(empty_database).version is None
    assert check_schema(empty_database).pending[0] == "0001_runs"

    first = migrate(empty_database, actor=ANA)
    second = migrate(empty_database, actor=ANA)

    assert len(first.applied) == first.version == NEWEST
    assert first.adopted_rows is None
    assert second.applied == ()
    assert second.installation_id == first.installation_id
    assert "is prepared" in first.sentence()
    assert "up to date" in second.sentence()
    assert check_schema(empty_database).is_ready
    assert execute("SELECT DISTINCT applied_by FROM pipeline_migrations") == [("ana@ops-3",)]


def test_the_table_it_makes_is_the_one_it_adopts(empty_database: str, execute: Execute) -> None:
    execute(SEED)
    seed = [column[3:] for column in execute(COLUMNS)]
    execute("DROP TABLE pipeline_runs")

    migrate(empty_database, actor=ANA)

    assert [column[3:] for column in execute(COLUMNS)] == seed


def test_an_existing_table_is_adopted_without_a_change(empty_database: str, execute: Execute) -> None:
    execute(SEED)
    execute("""
        INSERT INTO pipeline_runs VALUES
            ('no times', 'c', 'completed', NULL, NULL, NULL, NULL, NULL),
            ('odd status', 'c', 'Aborted?!', '2020-01-01', '2019-01-01', -5, '', 'null'),
            ('json scalar', NULL, NULL, 'infinity', '-infinity', 'NaN', NULL, '"text"'),
            ('megabyte', repeat('x', 1048576), 'failed', '2024-02-29 23:59:59.999999', NULL, 1e308, 'e', '{"a": [1]}'),
            (repeat('\N{PILE OF POO}', 255), E'a\\nb', 'stopped', now(), now(), 0, E'\\x01', '{}'),
            ('theirs', 'c', 'Running ', '2024-01-01', NULL, NULL, NULL, NULL)""")
    columns, rows = execute(COLUMNS), execute(ROWS)

    report = migrate(empty_database, actor=ANA)

    assert report.adopted_rows == 6
    assert "6 recorded runs" in report.sentence()
    assert (execute(COLUMNS), execute(ROWS)) == (columns, rows)
    store = open_store(empty_database, application_name="tests", max_connections=1)
    running = store.running()
    store.close()
    assert running is not None
    assert (running.run.run_id, running.engine) == ("theirs", None)


def test_several_rows_marked_running_are_listed_and_refused(empty_database: str, execute: Execute) -> None:
    execute(SEED)
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'running'), ('b', ' RUNNING'), ('c', 'failed')")

    with pytest.raises(StoreRefused) as refused:
        migrate(empty_database, actor=ANA)

    said = str(refused.value)
    assert "2 rows marked running" in said
    assert "  a  'running'" in said
    assert "  b  ' RUNNING'" in said
    assert "  c " not in said
    assert tables(execute) == {"pipeline_runs"}  # nothing was changed


def test_of_very_many_running_rows_the_first_are_listed(empty_database: str, execute: Execute) -> None:
    execute(SEED)
    execute("INSERT INTO pipeline_runs (run_id, status) SELECT 'r' || n, 'running' FROM generate_series(1, 1000) n")

    with pytest.raises(StoreRefused, match=r"1000 rows(.|\n)*and 980 more"):
        migrate(empty_database, actor=ANA)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("ALTER TABLE pipeline_runs DROP COLUMN metadata", "metadata is missing"),
        ("ALTER TABLE pipeline_runs ALTER metadata TYPE json", "metadata is json, not jsonb"),
        ("ALTER TABLE pipeline_runs ALTER start_time TYPE timestamptz", "start_time is timestamp with time zone"),
        ("ALTER TABLE pipeline_runs ALTER run_id TYPE varchar(20)", r"run_id is character varying\(20\)"),
        ("ALTER TABLE pipeline_runs ALTER command TYPE varchar(255)", r"command is character varying\(255\)"),
        ("ALTER TABLE pipeline_runs ADD team text NOT NULL", "team must not be null"),
        ("ALTER TABLE pipeline_runs ALTER end_time SET NOT NULL", "end_time must not be null"),
        (
            "ALTER TABLE pipeline_runs RENAME TO r; CREATE VIEW pipeline_runs AS SELECT * FROM r",
            "not an ordinary table",
        ),
    ],
)
def test_a_table_that_cannot_serve_is_refused(
    empty_database: str, execute: Execute, change: str, sentence: str
) -> None:
    execute(SEED)
    execute(change)
    before = tables(execute)

    with pytest.raises(StoreRefused, match=sentence):
        migrate(empty_database, actor=ANA)

    assert tables(execute) == before


def test_columns_of_other_programs_are_no_obstacle(empty_database: str, execute: Execute) -> None:
    execute(SEED)
    execute("ALTER TABLE pipeline_runs ADD team text, ADD made timestamp NOT NULL DEFAULT now()")
    execute("ALTER TABLE pipeline_runs ALTER run_id TYPE text, ALTER status TYPE varchar(20)")

    migrate(empty_database, actor=ANA)
    store = open_store(empty_database, application_name="tests", max_connections=1)

    assert store.insert(new_run("r1"), ANA).record.run.run_id == "r1"
    store.close()


def test_a_table_without_a_key_gets_one_unless_ids_repeat(empty_database: str, execute: Execute) -> None:
    execute(SEED.replace("PRIMARY KEY", ""))
    execute(
        "INSERT INTO pipeline_runs (run_id, status) VALUES ('twice', 'failed'), ('twice', 'failed'), (NULL, 'failed')"
    )
    with pytest.raises(StoreRefused, match="more than once: twice"):
        migrate(empty_database, actor=ANA)

    execute("DELETE FROM pipeline_runs WHERE ctid = (SELECT min(ctid) FROM pipeline_runs WHERE run_id = 'twice')")
    migrate(empty_database, actor=ANA)

    with pytest.raises(psycopg.errors.UniqueViolation):
        execute("INSERT INTO pipeline_runs (run_id) VALUES ('twice')")


def test_our_tables_stand_beside_the_record_wherever_it_is(empty_database: str, execute: Execute) -> None:
    execute('CREATE SCHEMA "Etl One"')
    name = str(psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"])
    alter = sql.SQL("ALTER DATABASE {} SET search_path = public, {}")
    execute(alter.format(sql.Identifier(name), sql.Identifier("Etl One")).as_string())
    execute('SET search_path = "Etl One"')
    execute(SEED)

    migrate(empty_database, actor=ANA)
    store = open_store(empty_database, application_name="tests", max_connections=1)
    store.insert(new_run("r1"), ANA)

    assert len(store.events("r1")) == 1
    store.close()
    assert {row[0] for row in execute("SELECT schemaname FROM pg_tables WHERE tablename LIKE 'pipeline%'")} == {
        "Etl One"
    }


def test_a_newer_schema_is_refused_with_the_reason(empty_database: str, execute: Execute) -> None:
    migrate(empty_database, actor=ANA)
    execute("INSERT INTO pipeline_migrations (number, name, checksum) VALUES (%s, 'future', 'x')", NEWEST + 1)
    store = open_store(empty_database, application_name="tests", max_connections=1)

    for attempt in (lambda: migrate(empty_database, actor=ANA), store.running, store.installation):
        with pytest.raises(StoreRefused, match=rf"version {NEWEST + 1}.*up to {NEWEST}.*Update this program"):
            attempt()
    with pytest.raises(StoreRefused, match=f"version {NEWEST + 1}"):
        store.insert(new_run(), ANA)
    assert store.contact().reachable is False
    store.close()


@pytest.mark.parametrize("prepared", [False, True])
def test_a_database_that_is_not_prepared_says_what_to_do(empty_database: str, execute: Execute, prepared: bool) -> None:
    if prepared:
        migrate(empty_database, actor=ANA)
        execute("DELETE FROM pipeline_migrations WHERE number = %s", NEWEST)
    store = open_store(empty_database, application_name="tests", max_connections=1)

    with pytest.raises(StoreRefused, match="pipeline-gui migrate"):
        store.recent(2)
    if not prepared:
        migrate(empty_database, actor=ANA)
        assert store.recent(2) == []  # the same store, without a restart
    store.close()


def test_a_changed_migration_is_noticed(empty_database: str, execute: Execute) -> None:
    migrate(empty_database, actor=ANA)
    execute("UPDATE pipeline_migrations SET checksum = 'other' WHERE number = 2")

    with pytest.raises(StoreRefused, match=r"Migration 2 \(engine\)"):
        migrate(empty_database, actor=ANA)


def test_a_migration_that_fails_leaves_nothing_and_the_earlier_ones_stay(
    empty_database: str, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = known_migrations()
    bad = (*good[:2], Migration(3, "events", "CREATE TABLE half (a int); SELECT 1/0;"), *good[3:])
    monkeypatch.setattr("pipeline_gui.store.migrate.known_migrations", lambda: bad)

    with pytest.raises(StoreRefused, match="division by zero"):
        migrate(empty_database, actor=ANA)

    assert execute("SELECT max(number) FROM pipeline_migrations") == [(2,)]
    assert "half" not in tables(execute)
    monkeypatch.undo()
    assert migrate(empty_database, actor=ANA).applied[0] == "0003_events"


def test_many_at_once_prepare_it_once(empty_database: str, execute: Execute) -> None:
    reports: list[int] = []
    threads = [
        threading.Thread(target=lambda: reports.append(len(migrate(empty_database, actor=ANA).applied)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sum(reports) == NEWEST
    assert execute("SELECT count(*) FROM pipeline_installation") == [(1,)]


def test_waiting_for_another_migration_is_bounded(empty_database: str) -> None:
    with psycopg.connect(empty_database) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (_ADVISORY_KEY,))

        with pytest.raises(StoreUnavailable, match="Another migration"):
            migrate_call(empty_database, actor=ANA, lock_seconds=0.2)


def test_an_old_postgresql_is_refused(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_gui.store.owner.OLDEST_POSTGRESQL", 99)

    with pytest.raises(StoreRefused, match="99 or newer is needed"):
        migrate(empty_database, actor=ANA)


def test_the_files_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in known_migrations()] == list(range(1, NEWEST + 1))
