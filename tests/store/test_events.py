"""The append-only history: every change has its event, whoever made it, and nobody's statement fails for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, BEN, new_run

Execute = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def stranger(database: str, execute: Execute) -> Iterator[psycopg.Connection]:
    """Another program, whose role may write pipeline_runs and knows nothing of our tables."""
    name = "stranger_" + str(conninfo_to_dict(database)["dbname"])[-12:]
    execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(name)).as_string())
    execute(sql.SQL("GRANT ALL ON pipeline_runs TO {}").format(sql.Identifier(name)).as_string())
    url = make_conninfo(database, user=name, password="x", application_name="nightly")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)).as_string())


def kinds(execute: Execute) -> list[tuple[Any, ...]]:
    return execute("SELECT run_id, kind, old_status, new_status FROM pipeline_run_events ORDER BY event_id")


def test_our_transitions_say_who_by_which_face_and_why(store: PostgresStore) -> None:
    store.insert(new_run("r1"), ANA)
    store.add_event("r1", "orphan found", BEN, {"batch": 3})
    store.settle("r1", None, Ending(RunStatus.FAILED, gone=True, exit_code=2, ended_ago=0.0), BEN)

    recorded, orphan, ended = store.events("r1")

    assert (recorded.kind, recorded.actor, recorded.via) == ("recorded", "ana@ops-3", "terminal")
    assert (recorded.old_status, recorded.new_status) == (None, "running")
    assert (orphan.kind, orphan.actor, orphan.via, orphan.detail) == (
        "orphan found",
        "ben@ops-1",
        "window",
        {"batch": 3},
    )
    assert (ended.kind, ended.old_status, ended.new_status) == ("status changed", "running", "failed")
    assert ended.detail == {"exit_code": 2, "gone": True}
    assert recorded.at.tzinfo is not None
    assert store.events("other") == []


def test_another_programs_changes_have_events_too(stranger: psycopg.Connection, execute: Execute) -> None:
    stranger.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'running'), ('b', 'failed')")
    stranger.execute("UPDATE pipeline_runs SET command = 'x'")
    stranger.execute("UPDATE pipeline_runs SET status = 'stopped' WHERE run_id = 'a'")
    stranger.execute("UPDATE pipeline_runs SET run_id = 'c' WHERE run_id = 'b'")
    stranger.execute("DELETE FROM pipeline_runs WHERE run_id = 'a'")
    stranger.execute("TRUNCATE pipeline_runs")

    found = kinds(execute)

    assert sorted(found[:2]) == [("a", "recorded", None, "running"), ("b", "recorded", None, "failed")]
    assert found[2] == ("a", "status changed", "running", "stopped")
    assert sorted(found[3:5]) == [("b", "deleted", "failed", None), ("c", "recorded", None, "failed")]
    assert found[5:] == [("a", "deleted", "stopped", None), (None, "all deleted", None, None)]
    [(actor, via, user)] = execute("SELECT DISTINCT actor, via, database_user FROM pipeline_run_events")
    assert actor.startswith("stranger_")
    assert actor.endswith("@127.0.0.1")
    assert (via, user) == ("nightly", actor.partition("@")[0])


def test_nonsense_in_our_settings_breaks_nobodys_statement(stranger: psycopg.Connection, execute: Execute) -> None:
    stranger.execute("SET pipeline_gui.detail = '{not json'")
    stranger.execute("SET pipeline_gui.actor = ''")
    stranger.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'failed')")

    assert execute("SELECT detail FROM pipeline_run_events") == [({"text": "{not json"},)]


def test_a_claimed_name_does_not_hide_the_database_user(stranger: psycopg.Connection, execute: Execute) -> None:
    stranger.execute("SET pipeline_gui.actor = 'ana@ops-3'")
    stranger.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'failed')")

    [(actor, user)] = execute("SELECT actor, database_user FROM pipeline_run_events")
    assert actor == "ana@ops-3"
    assert user.startswith("stranger_")


def test_what_one_transaction_said_is_not_said_in_the_next(store: PostgresStore, execute: Execute) -> None:
    store.insert(new_run("r1"), ANA)
    store.settle("r1", None, Ending(RunStatus.FAILED, gone=True), BEN)
    store.insert(new_run("r2"), ANA)

    assert store.events("r2")[0].detail == {}


def test_a_change_that_is_rolled_back_leaves_no_event(database: str, execute: Execute) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'running')")
        connection.rollback()

    assert kinds(execute) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pipeline_run_events SET actor = 'nobody'",
        "DELETE FROM pipeline_run_events",
        "TRUNCATE pipeline_run_events",
        "DELETE FROM pipeline_run_events WHERE false",
    ],
)
def test_events_are_append_only_even_for_the_owner(execute: Execute, statement: str) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('a', 'failed')")

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        execute(statement)

    assert len(kinds(execute)) == 1


def test_old_events_leave_through_one_door(store: PostgresStore, execute: Execute) -> None:
    for run_id, gone in (("ended", True), ("abandoned", False)):
        store.insert(new_run(run_id), ANA)
        store.settle(run_id, None, Ending(RunStatus.FAILED, gone=gone), ANA)
    execute("ALTER TABLE pipeline_run_events DISABLE TRIGGER pipeline_gui_append_only")
    execute("UPDATE pipeline_run_events SET at = at - interval '40 days'")
    execute("ALTER TABLE pipeline_run_events ENABLE TRIGGER pipeline_gui_append_only")
    store.add_event("ended", "note", ANA, {})

    with pytest.raises(psycopg.errors.InvalidParameterValue):
        execute("SELECT pipeline_gui_forget_events(29)")
    assert execute("SELECT pipeline_gui_forget_events(30)") == [(2,)]

    assert [event.kind for event in store.events("ended")] == ["note"]
    assert len(store.events("abandoned")) == 2  # of a run that may still live, nothing is forgotten


def test_many_rows_of_another_program_cost_it_one_statement_each(
    stranger: psycopg.Connection, execute: Execute
) -> None:
    stranger.execute("SET statement_timeout = '20s'")
    stranger.execute(
        "INSERT INTO pipeline_runs (run_id, status) SELECT 'r' || n, 'failed' FROM generate_series(1, 20000) n"
    )
    stranger.execute("DELETE FROM pipeline_runs")

    assert execute("SELECT kind, count(*) FROM pipeline_run_events GROUP BY kind ORDER BY kind") == [
        ("deleted", 20_000),
        ("recorded", 20_000),
    ]
