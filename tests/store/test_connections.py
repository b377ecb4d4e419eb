"""A database that is away, refuses, freezes or forgets: a sentence in time, and work again when it is back."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import PipelineError, StoreRefused, StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.ports import EngineChange
from pipeline_gui.pipeline.run import Phase, RunStatus
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.session import Timeouts
from pipeline_gui.store.store import PostgresStore, open_store
from tests.postgres import running_server
from tests.store.conftest import ANA, alter_database, new_run
from tests.store.proxy import Proxy
from tests.waiting import wait_until

Execute = Callable[..., list[tuple[Any, ...]]]

QUICK = Timeouts(read=2.0, write=2.0)
SOON = 6.0
"""Seconds within which a call must have given up; with room for a busy computer."""
SECRET = "s3cr3t-Passw0rd"


@contextmanager
def opened(url: str, timeouts: Timeouts = QUICK, connections: int = 1) -> Iterator[PostgresStore]:
    store = open_store(url, application_name="tests", max_connections=connections, timeouts=timeouts)
    try:
        yield store
    finally:
        store.close()


def refusal(url: str, kind: type[PipelineError]) -> str:
    """What a store says of a database; within its deadline, without a secret, and as its contact says it."""
    with opened(url) as store:
        began = time.monotonic()
        with pytest.raises(kind) as refused:
            store.running()
        assert time.monotonic() - began < SOON
        said = str(refused.value)
        assert SECRET not in said
        assert "\n" not in said
        assert store.contact().reachable is False
        assert store.contact().reason == said
    return said


def test_nobody_listens_there() -> None:
    said = refusal(f"postgresql://ana:{SECRET}@127.0.0.1:1/runs", StoreUnavailable)
    assert "127.0.0.1:1" in said
    assert "refused" in said


def test_an_unknown_host() -> None:
    assert "not known" in refusal(f"postgresql://ana:{SECRET}@no-such-host.invalid/runs", StoreUnavailable)


def test_a_wrong_password(database: str) -> None:
    assert "refused the password" in refusal(make_conninfo(database, password=SECRET), StoreRefused)


def test_a_missing_database(database: str) -> None:
    said = refusal(make_conninfo(database, dbname="no_such_runs"), StoreRefused)
    assert "createdb no_such_runs" in said
    assert "pipeline-gui migrate" in said


@pytest.mark.parametrize(
    "url", [f"postgresql:/ana:{SECRET}@h", f"nonsense {SECRET}", f"postgresql://u:{SECRET}%zz@h/d"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(StoreRefused, match="postgresql://USER@HOST") as refused:
        open_store(url, application_name="tests", max_connections=1)

    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value.__context__ and refused.value)


def test_too_many_connections(execute: Execute, database: str) -> None:
    alter_database(execute, "CONNECTION LIMIT 0")
    execute("CREATE ROLE crowd LOGIN PASSWORD 'x'")
    try:
        assert "too many connections" in refusal(make_conninfo(database, user="crowd", password="x"), StoreUnavailable)
    finally:
        execute("DROP ROLE crowd")


def test_nothing_is_asked_until_something_is() -> None:
    with opened("postgresql://nobody@127.0.0.1:1/none") as store:
        assert store.contact().reachable is None


def test_a_read_only_database_is_read_and_not_written(database: str, execute: Execute) -> None:
    alter_database(execute, "SET default_transaction_read_only = on")
    with opened(database) as store:
        assert store.running() is None
        with pytest.raises(StoreRefused, match="read-only"):
            store.insert(new_run(), ANA)
        assert store.contact().reachable


def test_a_slow_statement_ends_on_the_server(database: str, execute: Execute) -> None:
    execute("""CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
                   AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END';
               CREATE TRIGGER slow AFTER INSERT ON pipeline_runs FOR EACH STATEMENT EXECUTE FUNCTION slow()""")
    with opened(database, Timeouts(writing_statement=0.3)) as store:
        with pytest.raises(StoreUnavailable, match="took too long") as refused:
            store.insert(new_run(), ANA)
        assert not isinstance(refused.value, StoreUnclear)
        assert store.running() is None


def test_a_frozen_server_process_blocks_nobody(database: str, execute: Execute) -> None:
    with opened(database) as store:
        store.installation()
        [(pid,)] = execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tests'"
        )
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="does not answer"):
                store.running()
            assert time.monotonic() - began < SOON
            # The frozen connection is given up, so the next call has another.
            assert store.running() is None
            assert store.contact().reachable
        finally:
            os.kill(pid, signal.SIGCONT)


def test_a_silent_network_blocks_nobody(database: str) -> None:
    with Proxy(database) as proxy, opened(proxy.url) as store:
        assert store.running() is None
        proxy.stall()
        for _ in range(2):  # on the open connection, then on a new one
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="does not answer"):
                store.running()
            assert time.monotonic() - began < SOON
        proxy.resume()
        proxy.cut()
        wait_until(lambda: is_answering(store), what="an answer over the network that is back")


def is_answering(store: PostgresStore) -> bool:
    try:
        store.running()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.parametrize("cut", [True, False])
def test_a_commit_whose_answer_is_lost_is_unclear_and_may_be_recorded(
    database: str, cut: bool, execute: Execute
) -> None:
    with Proxy(database) as proxy, opened(proxy.url) as store:
        store.installation()
        proxy.withhold_answers()
        cutter = threading.Thread(target=lambda: cut_when_recorded(proxy, execute) if cut else None)
        cutter.start()

        with pytest.raises(StoreUnclear, match="may or may not be recorded") as unclear:
            store.insert(new_run("r1"), ANA)

        cutter.join(10)
        assert unclear.value.reason == "unconfirmed"
        assert execute("SELECT run_id FROM pipeline_runs") == [("r1",)]
        proxy.resume()
        found = store.find("r1")
        assert found is not None
        assert found.engine is not None


def cut_when_recorded(proxy: Proxy, execute: Execute) -> None:
    wait_until(lambda: execute("SELECT 1 FROM pipeline_runs"))
    proxy.cut()


def test_a_write_that_never_got_a_connection_is_not_unclear(database: str) -> None:
    with Proxy(database) as proxy, opened(proxy.url) as store:
        proxy.stall()
        with pytest.raises(StoreUnavailable) as refused:
            store.settle("r1", None, Ending(RunStatus.FAILED, gone=True), ANA)
        assert not isinstance(refused.value, StoreUnclear)


def test_a_connection_that_the_server_ended_is_replaced_unnoticed(store: PostgresStore, execute: Execute) -> None:
    store.insert(new_run("r1"), ANA)
    for _ in range(3):
        execute("""SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'tests'""")
        assert store.running() is not None
        execute("""SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'tests'""")
        assert store.request_stop("r1", None, ANA) is not None


def test_a_restart_of_the_server_is_survived_quietly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), running_server(tmp_path) as server:
        url = server.url_of(server.create_database())
        migrate(url, actor=ANA)
        with opened(url, Timeouts(), connections=2) as store:
            store.insert(new_run("r1"), ANA)
            server.postgres.stop(timeout=5.0)
            for _ in range(3):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable, match="connection refused"):
                    store.running()
                assert time.monotonic() - began < 2.5  # the reason is known at once, not at the deadline
            since = store.contact().since
            with pytest.raises(StoreUnavailable):
                store.running()
            assert store.contact().since == since
            server.postgres.start()
            began = time.monotonic()
            record = store.running()
            assert time.monotonic() - began < 2.5
            assert record is not None
            assert store.contact().reachable
    assert caplog.records == []


def test_all_connections_busy_is_said_and_passes(database: str) -> None:
    slow = Timeouts(read=10.0, reading_statement=10.0)
    with psycopg.connect(database) as other, opened(database, slow) as store:
        store.installation()
        other.execute("LOCK TABLE pipeline_runs")
        waiting = threading.Thread(target=store.running)
        waiting.start()
        wait_until(
            lambda: other.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'relation'").fetchone(),
            what="the first call's wait",
        )
        # The same pool with no time to wait.
        store._session._timeouts = QUICK
        with pytest.raises(StoreUnavailable, match="are busy"):
            store.running()
        other.rollback()
        waiting.join(10)
        assert store.running() is None


def test_a_command_holds_one_connection(database: str, execute: Execute) -> None:
    with opened(database, Timeouts(), connections=1) as store:
        threads = [threading.Thread(target=store.running) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        [(count,)] = execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tests'"
        )
        assert count == 1


def test_every_call_is_one_round_trip(database: str) -> None:
    with Proxy(database) as proxy, opened(proxy.url, Timeouts()) as store:
        store.installation()
        calls: list[Callable[[], object]] = [
            lambda: store.insert(new_run("r1"), ANA),
            lambda: store.change("r1", 1, EngineChange(phase=Phase.RUNNING), ANA),
            lambda: store.request_stop("r1", None, ANA),
            lambda: store.settle("r1", None, Ending(RunStatus.STOPPED, gone=False), ANA),
            lambda: store.mark_gone("r1", ANA, {}),
            lambda: store.take_lease("me", ANA),
            lambda: store.recent(2),
            lambda: store.overview(2),
            lambda: store.find("r1"),
        ]
        for call in calls:
            proxy.forget_round_trips()
            call()
            assert proxy.round_trips == 1


def test_what_is_recorded_is_on_the_servers_disk_and_holds_no_lock_for_long(
    store: PostgresStore, execute: Execute
) -> None:
    execute("""
        CREATE TABLE seen (name text, value text);
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO seen SELECT TG_TABLE_NAME || ' ' || name, current_setting(name) FROM unnest(ARRAY[
                'synchronous_commit', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name;
            RETURN NULL;
        END $$;
        CREATE TRIGGER look AFTER INSERT ON pipeline_runs FOR EACH STATEMENT EXECUTE FUNCTION look();
        CREATE TRIGGER look AFTER UPDATE ON pipeline_watcher FOR EACH STATEMENT EXECUTE FUNCTION look()""")
    alter_database(execute, "SET synchronous_commit = 'local'")

    store.insert(new_run(), ANA)
    store.take_lease("me", ANA)

    seen: dict[str, str] = dict(execute("SELECT * FROM seen"))
    assert seen["pipeline_runs synchronous_commit"] == "on"
    assert seen["pipeline_runs lock_timeout"] == "5s"
    assert seen["pipeline_runs idle_in_transaction_session_timeout"] == "5s"
    assert seen["pipeline_watcher synchronous_commit"] == "off"


@pytest.mark.parametrize(
    ("change", "expected"),
    [(EngineChange(phase=Phase.RUNNING, batch_id=7), "off"), (EngineChange(unclear=True), "on")],
)
def test_what_can_be_seen_again_need_not_be_on_disk_and_what_only_we_know_must(
    store: PostgresStore, execute: Execute, change: EngineChange, expected: str
) -> None:
    record = store.insert(new_run(), ANA).record
    assert record.engine is not None
    execute("""
        CREATE TABLE seen (value text);
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO seen SELECT current_setting('synchronous_commit');
            RETURN NULL;
        END $$;
        CREATE TRIGGER look AFTER UPDATE ON pipeline_run_engine FOR EACH STATEMENT EXECUTE FUNCTION look()""")

    store.change(record.run.run_id, record.engine.rev, change, ANA)
    assert execute("SELECT value FROM seen") == [(expected,)]

    store.request_stop(record.run.run_id, None, ANA)
    assert execute("SELECT value FROM seen")[-1] == ("on",)


def test_a_store_that_was_closed_says_so(database: str) -> None:
    with opened(database) as store:
        store.running()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.running()


def test_a_database_that_was_exchanged_under_one_address_is_looked_at_again(database: str, execute: Execute) -> None:
    with opened(database) as store:
        assert store.installation().is_original
        execute("UPDATE pipeline_installation SET system_identifier = 1")  # what a failover to a copy would look like
        execute("""SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'tests'""")
        store.running()
        assert not store.installation().is_original


def test_the_address_is_shown_without_its_password(database: str) -> None:
    with opened(database) as store:
        shown = repr(store._session.target)

    assert str(conninfo_to_dict(database)["password"]) not in shown
    assert str(conninfo_to_dict(database)["port"]) in shown
