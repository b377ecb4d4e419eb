"""Recording a start: one place, for every client of the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import RunBusy, StoreRefused
from pipeline_gui.pipeline.ports import Inserted
from pipeline_gui.pipeline.run import Phase, RunStatus
from pipeline_gui.store.store import PostgresStore, open_store
from tests.store.conftest import ANA, BEN, alter_database, new_run

Execute = Callable[..., list[tuple[Any, ...]]]


def test_a_start_is_recorded_with_its_engine_row(store: PostgresStore) -> None:
    new = new_run("r1", generation="g7", grace_seconds=4.5)

    record = store.insert(new, ANA).record

    assert record.run.run_id == "r1"
    assert record.run.status == "running"
    assert record.run.command == new.command
    assert record.run.end_time is None
    assert record.run.metadata == {"configuration": {"name": "flights"}, "phase": "starting"}
    assert record.engine is not None
    assert (record.engine.rev, record.engine.phase, record.engine.gone) == (1, Phase.STARTING, False)
    assert (record.engine.batch_name, record.engine.generation) == ("installation.r1", "g7")
    assert record.engine.grace_seconds == 4.5
    assert record.engine.batch_id is None


def test_the_start_time_is_the_databases_clock_in_utc(store: PostgresStore, execute: Execute) -> None:
    record = store.insert(new_run(), ANA).record

    assert record.run.start_time is not None
    assert record.run.start_time.tzinfo is UTC
    assert abs(record.run.start_time - datetime.now(UTC)) < timedelta(seconds=60)
    [(stored,)] = execute("SELECT start_time FROM pipeline_runs")
    assert stored == record.run.start_time.replace(tzinfo=None)


def test_the_time_is_utc_whatever_zone_the_database_has(database: str, execute: Execute) -> None:
    alter_database(execute, "SET timezone = 'Asia/Tokyo'")
    alter_database(execute, "SET datestyle = 'SQL, DMY'")
    store = open_store(database, application_name="tests", max_connections=1)

    record = store.insert(new_run(), ANA).record
    store.close()

    assert record.run.start_time is not None
    assert abs(record.run.start_time - datetime.now(UTC)) < timedelta(seconds=60)


def test_a_second_start_is_busy_and_names_the_first(store: PostgresStore) -> None:
    store.insert(new_run("first"), ANA)

    with pytest.raises(RunBusy) as busy:
        store.insert(new_run("second"), BEN)

    assert busy.value.run_id == "first"
    assert store.find("second") is None
    assert store.not_gone() == []  # no engine row of the loser either


@pytest.mark.parametrize("status", ["running", "Running ", "RUNNING"])
def test_another_programs_running_row_holds_the_place_however_it_spells_it(
    store: PostgresStore, execute: Execute, status: str
) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', %s)", status)

    with pytest.raises(RunBusy, match="theirs"):
        store.insert(new_run(), ANA)

    running = store.running()
    assert running is not None
    assert (running.run.run_id, running.run.status, running.engine) == ("theirs", status, None)


def test_one_of_many_that_race_wins(database: str) -> None:
    racers = 8
    barrier = threading.Barrier(racers)
    won: list[str] = []
    named: list[str | None] = []

    def race(number: int) -> None:
        store = open_store(database, application_name="racer", max_connections=1)
        try:
            barrier.wait(20)
            won.append(store.insert(new_run(f"racer-{number}"), ANA).record.run.run_id)
        except RunBusy as busy:
            named.append(busy.run_id)
        finally:
            store.close()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(won) == 1
    assert named == won * (racers - 1)


def test_an_id_is_used_once(store: PostgresStore) -> None:
    store.insert(new_run("again"), ANA)
    store.settle("again", None, Ending(RunStatus.COMPLETED, gone=True), ANA)

    with pytest.raises(StoreRefused, match="again is recorded already"):
        store.insert(new_run("again"), ANA)


def test_earlier_runs_that_may_still_live_are_named(store: PostgresStore, execute: Execute) -> None:
    for run_id, gone in (("safe", True), ("abandoned", False), ("deleted", False), ("taken", False)):
        store.insert(new_run(run_id), ANA)
        store.settle(run_id, None, Ending(RunStatus.FAILED, gone=gone), ANA)
    store.insert(new_run("ended-by-others"), ANA)
    execute("DELETE FROM pipeline_runs WHERE run_id = 'deleted'")
    execute("UPDATE pipeline_runs SET status = 'failed' WHERE run_id = 'ended-by-others'")

    inserted: Inserted = store.insert(new_run("new"), ANA)

    expected = {"abandoned", "deleted", "taken", "ended-by-others"}
    assert {record.run.run_id for record in inserted.not_gone} == expected
    assert {record.run.run_id for record in store.not_gone()} == expected
    deleted = next(record for record in inserted.not_gone if record.run.run_id == "deleted")
    assert deleted.run.status is None
    assert deleted.engine is not None
    assert deleted.engine.batch_name == "installation.deleted"


def test_what_postgresql_cannot_hold_is_replaced_not_refused(store: PostgresStore) -> None:
    metadata = {"note": "nul \0 and half \ud800 a pair", "rate": float("nan"), "list": (1, {"a\0": 2})}

    record = store.insert(new_run(command="a\0b", metadata=metadata), ANA).record

    assert record.run.command == "a\ufffdb"
    assert record.run.metadata is not None
    assert "\0" not in record.run.metadata["note"]
    assert record.run.metadata["rate"] is None
    assert record.run.metadata["list"] == [1, {"a\ufffd": 2}]
