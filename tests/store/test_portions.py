"""The record in portions: pages of the history, events behind a point, keys of starts, and what alerts look at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import RunBusy
from pipeline_gui.pipeline.ports import NewRun, PageKey
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.start_key import StartedBefore, StartKey
from pipeline_gui.store import queries
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, new_run

Execute = Callable[..., list[tuple[Any, ...]]]

NOW = "(now() AT TIME ZONE 'UTC')"


def started_under(key: str, run_id: str | None = None) -> NewRun:
    """A run under a key."""
    return new_run(run_id, start_key=StartKey(key, f"what was asked for under {key}"))


def ids_by_page(store: PostgresStore, limit: int, statuses: tuple[str, ...] = ()) -> list[list[str]]:
    """The run ids of every page."""
    pages: list[list[str]] = []
    after: PageKey | None = None
    while True:
        page = store.page(2, limit=limit, after=after, statuses=statuses)
        pages.append([run.run_id for run in page.runs])
        after = page.next
        if after is None:
            return pages


@pytest.fixture
def odd_history(execute: Execute) -> None:
    """Runs of the same moment, without a moment, and at the ends of time."""
    execute(
        f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time) VALUES
            ('same-a', 'completed', {NOW}, NULL), ('same-b', 'failed', {NOW}, NULL), ('same-c', 'Failed ', {NOW}, NULL),
            ('later', 'stopped', {NOW} + interval '1 microsecond', NULL),
            ('never', NULL, NULL, {NOW}), ('never-2', 'completed', NULL, {NOW}),
            ('forever', 'completed', 'infinity', NULL), ('ancient', 'failed', '-infinity', {NOW}),
            ('old', 'completed', {NOW} - interval '9 days', {NOW} - interval '8 days'),
            ('running since long', 'Running ', {NOW} - interval '9 days', NULL)"""
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 9, 10, 1000])
def test_the_pages_together_are_the_history(store: PostgresStore, odd_history: None, limit: int) -> None:
    whole = [run.run_id for run in store.recent(2)]
    assert whole == [
        "forever", "later", "same-c", "same-b", "same-a", "running since long", "ancient", "never-2", "never",
    ]  # fmt: skip

    pages = ids_by_page(store, limit)

    assert [run_id for page in pages for run_id in page] == whole
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]


def test_pages_of_some_statuses_only(store: PostgresStore, odd_history: None) -> None:
    assert ids_by_page(store, 2, ("failed",)) == [["same-c", "same-b"], ["ancient"]]
    assert ids_by_page(store, 9, ("running", "stopped")) == [["later", "running since long"]]
    assert ids_by_page(store, 9, ("nonsense",)) == [[]]


def test_a_page_of_a_long_history_never_reads_the_table(store: PostgresStore, execute: Execute) -> None:
    execute("""INSERT INTO pipeline_runs (run_id, status, start_time, end_time)
               SELECT 'r' || n, 'failed', t, t + interval '1 minute'
               FROM generate_series(1, 3000) AS n,
                    LATERAL (SELECT timestamp '2020-01-01' + n * interval '1 hour') AS s(t)""")
    execute("BEGIN")
    execute(queries.READ_SETTINGS.replace("%(statement_timeout)s", "'1s'"))
    page = queries.PAGE
    for name, value in {
        "seconds": "172800", "statuses": "'{failed}'", "is_first": "false", "start_epoch": "'1'", "run_id": "'r'",
        "limit": "10",
    }.items():  # fmt: skip
        page = page.replace(f"%({name})s", value)

    plan = "\n".join(row[0] for row in execute("EXPLAIN " + page))
    vitals = "\n".join(row[0] for row in execute("EXPLAIN " + queries.VITALS))

    assert "Seq Scan on pipeline_runs" not in plan + vitals
    assert "pipeline_runs_latest" in plan
    assert "pipeline_runs_latest" in vitals


def test_events_behind_a_point_and_those_that_came_late(store: PostgresStore) -> None:
    assert store.newest_event() == 0
    store.insert(new_run("r1"), ANA)
    first = store.newest_event()
    store.add_event("r1", "note", ANA, {"n": 1})
    store.add_event("r1", "note", ANA, {"n": 2})

    events = store.events_after(first, (), 10)

    assert [(event.run_id, event.kind, event.detail) for event in events] == [
        ("r1", "note", {"n": 1}), ("r1", "note", {"n": 2}),
    ]  # fmt: skip
    assert [event.event_id for event in events] == [first + 1, first + 2]
    assert [event.event_id for event in store.events_after(first + 1, (first, 999), 10)] == [first, first + 2]
    assert len(store.events_after(0, (), 2)) == 2


def test_a_key_is_recorded_with_its_run_and_with_it_only(store: PostgresStore) -> None:
    assert store.find_start("k1") is None
    store.insert(started_under("k1", "r1"), ANA)
    with pytest.raises(RunBusy):
        store.insert(started_under("k2", "r2"), ANA)

    assert store.find_start("k1") is not None
    assert store.find_start("k2") is None  # nothing was started under it, so it may be tried again
    store.settle("r1", None, Ending(RunStatus.COMPLETED, gone=True), ANA)
    with pytest.raises(StartedBefore):
        store.insert(started_under("k1", "r3"), ANA)
    assert store.find("r3") is None
    assert store.running() is None


def test_of_many_starts_under_one_key_at_once_one_is_recorded(store: PostgresStore) -> None:
    outcomes: list[str] = []

    def start(number: int) -> None:
        try:
            store.insert(started_under("k", f"r{number}"), ANA)
            outcomes.append("inserted")
        except StartedBefore:
            outcomes.append("before")

    threads = [threading.Thread(target=start, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcomes) == ["before"] * 7 + ["inserted"]


def test_what_alerts_look_at(store: PostgresStore, execute: Execute) -> None:
    assert (store.vitals().seconds_since_success, store.vitals().is_watched) == (None, False)
    execute(
        f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time) VALUES
            ('a', 'completed', {NOW} - interval '3 hours', {NOW} - interval '2 hours'),
            ('b', 'failed', {NOW} - interval '1 hour', {NOW})"""
    )
    assert store.take_lease("me", ANA)

    vitals = store.vitals()

    assert vitals.seconds_since_success == pytest.approx(7200, abs=20)
    assert vitals.is_watched


def test_the_past_of_a_pipeline_is_its_own_newest_ends_the_oldest_first(store: PostgresStore, execute: Execute) -> None:
    execute(
        f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata)
            SELECT 'mine-' || n, (ARRAY['completed', ' Failed', 'stopped', 'archived'])[1 + n % 4],
                   {NOW} - make_interval(hours => n + 1), {NOW} - make_interval(hours => n), 60 + n,
                   '{{"configuration": {{"name": "mine"}}}}' FROM generate_series(0, 9) AS n"""
    )
    mine = """'{"configuration": {"name": "mine"}}'"""
    execute(
        f"""INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration, metadata) VALUES
            ('another', 'completed', {NOW}, {NOW}, 1, '{{"configuration": {{"name": "other"}}}}'),
            ('now', 'running', {NOW}, NULL, NULL, {mine}),
            ('long ago', 'failed', {NOW} - interval '91 days', {NOW} - interval '91 days', 1, {mine}),
            ('odd', 'completed', NULL, {NOW} - interval '99 hours', 'NaN', {mine}),
            ('odder', 'stopped', '-infinity', {NOW} - interval '98 hours', -5, {mine}),
            ('oddest', 'completed', {NOW}, {NOW}, 1, '["configuration"]'),
            ('bare', 'completed', {NOW}, {NOW}, 1, NULL)"""
    )

    past = store.past_runs("mine", 100)

    found = [(run.run_id, str(run.status), run.duration) for run in past.runs]
    assert found == [
        ("odd", "completed", None), ("odder", "stopped", None),
        ("mine-9", "failed", 69.0), ("mine-8", "completed", 68.0), ("mine-6", "stopped", 66.0),
        ("mine-5", "failed", 65.0), ("mine-4", "completed", 64.0), ("mine-2", "stopped", 62.0),
        ("mine-1", "failed", 61.0), ("mine-0", "completed", 60.0),
    ]  # fmt: skip
    assert [run.run_id for run in store.past_runs("mine", 2).runs] == ["mine-1", "mine-0"]
    assert store.past_runs("nobody's\0", 5).runs == ()
