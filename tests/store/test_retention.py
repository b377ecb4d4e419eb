"""Old runs are removed in small portions, with all that is of them, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import ConfigurationInvalid, StoreRefused
from pipeline_gui.pipeline.figures import RunFigures
from pipeline_gui.pipeline.retention import AGAIN_SECONDS, PAUSE_SECONDS, PORTION, Retention, Rules
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.start_key import StartKey
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, BEN, new_run
from tests.store.test_metrics import add
from tests.store.test_roles import as_role, login

Execute = Callable[..., list[tuple[Any, ...]]]
__all__ = ["as_role", "login"]


def ids(execute: Execute) -> set[str]:
    return {row[0] for row in execute("SELECT run_id FROM pipeline_runs")}


def remove(store: PostgresStore, days: int | None = None, keep: int | None = None) -> int:
    return Retention(store.retention, Rules(days, keep), BEN).remove(lambda _gone: None, lambda _seconds: None)


def preview(store: PostgresStore, days: int | None = None, keep: int | None = None) -> int:
    return Retention(store.retention, Rules(days, keep), BEN).preview().runs


def age(execute: Execute, run_id: str, days: int) -> None:
    """Let a run of ours be so old, with everything of it."""
    change = "%s * interval '1 day'"
    execute(f"UPDATE pipeline_runs SET start_time = start_time - {change} WHERE run_id = %s", days, run_id)
    execute(f"UPDATE pipeline_runs SET end_time = end_time - {change} WHERE run_id = %s", days, run_id)


@pytest.mark.parametrize(
    ("days", "keep", "gone"),
    [
        (30, None, {"a50", "a40", "a31"}),
        (30, 5, {"a50"}),
        (30, 3, {"a50", "a40", "a31"}),
        (30, 1, {"a50", "a40", "a31"}),
        (None, 2, {"a50", "a40", "a31", "a29"}),
        (None, 1, {"a50", "a40", "a31", "a29", "a2"}),
        (None, 6, set()),
        (None, 100, set()),
        (45, 1, {"a50"}),
        (1000, None, set()),
    ],
)
def test_what_every_given_rule_lets_go(
    store: PostgresStore, execute: Execute, days: int | None, keep: int | None, gone: set[str]
) -> None:
    for days_ago in (50, 40, 31, 29, 2, 0):
        add(execute, f"a{days_ago}", days_ago, 10)
    before = ids(execute)
    assert preview(store, days, keep) == len(gone)
    assert ids(execute) == before  # a preview changes nothing
    assert remove(store, days, keep) == len(gone)
    assert ids(execute) == before - gone
    assert remove(store, days, keep) == 0


def test_a_run_goes_with_all_that_is_of_it_and_one_event_says_by_whom(store: PostgresStore, execute: Execute) -> None:
    for run_id, days_ago in (("old", 40), ("young", 3)):
        store.insert(new_run(run_id, start_key=StartKey(f"key of {run_id}", "print")), ANA)
        store.figures.note(run_id, "flights", RunFigures(input_bytes=1), ANA)
        store.settle(run_id, None, Ending(RunStatus.COMPLETED, gone=True), ANA)
        age(execute, run_id, days_ago)
    tables = ("pipeline_runs", "pipeline_run_engine", "pipeline_run_figures", "pipeline_start_keys")

    assert remove(store, days=30) == 1

    for name in tables:
        assert execute(f"SELECT run_id FROM {name}") == [("young",)], name
    assert {row[0] for row in execute("SELECT run_id FROM pipeline_run_events WHERE run_id IS NOT NULL")} == {"young"}
    [(actor, via, detail)] = execute("SELECT actor, via, detail FROM pipeline_run_events WHERE kind = 'runs removed'")
    assert (actor, via) == ("ben@ops-1", "window")
    assert (detail["removed"], detail["older_than_days"], detail["pipelines"]) == (1, 30, {"flights": 1})
    assert detail["oldest"] == detail["newest"]


def test_what_may_live_and_what_has_no_time_stays_whatever_the_rules(store: PostgresStore, execute: Execute) -> None:
    store.insert(new_run("abandoned"), ANA)
    store.settle("abandoned", None, Ending(RunStatus.FAILED, gone=False), ANA)
    store.insert(new_run("running"), ANA)
    for run_id in ("abandoned", "running"):
        age(execute, run_id, 400)
    execute("""INSERT INTO pipeline_runs (run_id, status, start_time) VALUES
        ('no time', 'failed', NULL), ('long ago', 'failed', '-infinity'), ('far away', 'failed', 'infinity'),
        ('odd', 'Aborted?!', '2001-01-01'), ('none', NULL, '2001-01-01')""")
    add(execute, "theirs", 300, 5)

    assert preview(store, days=1) == 3
    assert remove(store, days=1) == 3
    assert ids(execute) == {"abandoned", "running", "no time", "long ago", "far away"}
    store.mark_gone("abandoned", ANA, {})
    assert remove(store, days=1) == 1
    assert len(store.events("abandoned")) == 0


def test_a_day_is_the_least_whoever_asks(store: PostgresStore, execute: Execute) -> None:
    execute("""INSERT INTO pipeline_runs (run_id, status, end_time) SELECT 'r' || n, 'completed',
               now() AT TIME ZONE 'UTC' - n * interval '1 hour' FROM generate_series(1, 30) AS n""")
    assert remove(store, keep=1) == 7
    for wrong in ("now() AT TIME ZONE 'UTC'", "NULL", "'infinity'"):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            execute(f"SELECT pipeline_gui_forget_runs({wrong}, NULL, 10)")
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        execute("SELECT pipeline_gui_forget_runs('2001-01-01', NULL, 1001)")


@pytest.mark.parametrize("rules", [Rules(), Rules(0), Rules(40_000), Rules(keep_last=0), Rules(keep_last=2_000_000)])
def test_rules_that_can_not_be_meant(store: PostgresStore, rules: Rules) -> None:
    with pytest.raises(ConfigurationInvalid):
        Retention(store.retention, rules, ANA)


def test_old_times_of_schedules_go_too_and_the_newest_stays(store: PostgresStore, execute: Execute) -> None:
    execute("""INSERT INTO pipeline_schedules (name, name_key, configuration, every_minutes)
               VALUES ('a', 'a', 'flights', 60), ('b', 'b', 'flights', 60)""")
    execute("""INSERT INTO pipeline_schedule_firings (schedule_id, due, outcome)
               SELECT schedule_id, now() AT TIME ZONE 'UTC' - n * interval '10 days', 'skipped'
               FROM pipeline_schedules, generate_series(CASE name WHEN 'a' THEN 1 ELSE 6 END, 8) AS n""")
    assert remove(store, days=35) == 0
    left = execute("""SELECT name, count(*) FROM pipeline_schedule_firings JOIN pipeline_schedules USING (schedule_id)
                      GROUP BY name ORDER BY name""")
    assert left == [("a", 3), ("b", 1)]


def test_a_portion_at_a_time_by_whoever_watches(store: PostgresStore, execute: Execute) -> None:
    execute("""INSERT INTO pipeline_runs (run_id, status, start_time)
               SELECT 'r' || n, 'failed', timestamp '2020-01-01' + n / 3 * interval '1 hour'
               FROM generate_series(1, 1200) AS n""")
    duty = Retention(store.retention, Rules(30), ANA)
    pauses = [duty.turn() for _ in range(4)]
    assert pauses == [PAUSE_SECONDS] * 3 + [AGAIN_SECONDS]
    assert ids(execute) == set()
    removed = execute(
        "SELECT detail ->> 'removed' FROM pipeline_run_events WHERE kind = 'runs removed' ORDER BY event_id"
    )
    assert [int(row[0]) for row in removed] == [PORTION, PORTION, 200]
    add(execute, "later", 40, 5)
    assert duty.turn() == PAUSE_SECONDS
    assert ids(execute) == set()


def test_others_write_meanwhile_and_nobody_waits(database: str, store: PostgresStore, execute: Execute) -> None:
    """A row that another program holds is left for next time; rows are inserted, changed and deleted all the while."""
    for number in range(1500):
        add(execute, f"r{number}", 40, 5)
    failures: list[Exception] = []
    done = threading.Event()

    def write() -> None:
        number = 0
        try:
            with psycopg.connect(database, autocommit=True) as other:
                other.execute("SET lock_timeout = '500ms'")
                while not done.is_set():
                    number += 1
                    other.execute("INSERT INTO pipeline_runs (run_id, status) VALUES (%s, 'failed')", (f"n{number}",))
                    if number not in (3, 900):
                        other.execute("UPDATE pipeline_runs SET error_message = 'x' WHERE run_id = %s", (f"r{number}",))
                    other.execute("DELETE FROM pipeline_runs WHERE run_id = %s", (f"n{number - 5}",))
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    writer = threading.Thread(target=write)
    with psycopg.connect(database) as holder:
        holder.execute("SELECT FROM pipeline_runs WHERE run_id IN ('r3', 'r900') FOR UPDATE")
        writer.start()
        removed = remove(store, days=30)
        done.set()
        writer.join()
        assert failures == []
        assert {"r3", "r900"} <= ids(execute)
    removed += remove(store, days=30)
    assert removed + remove(store, days=30) == 1500
    told = execute("SELECT sum((detail ->> 'removed')::int) FROM pipeline_run_events WHERE kind = 'runs removed'")
    assert told == [(1500,)]


def test_figures_follow(store: PostgresStore, execute: Execute) -> None:
    add(execute, "old", 40, 5)
    add(execute, "young", 3, 5)
    assert store.metrics.page(90).pipelines[0].now.runs == 2
    remove(store, days=30)
    assert store.metrics.page(90).pipelines[0].now.runs == 1


def test_the_service_may_and_others_may_not(
    as_role: Callable[[str], PostgresStore], store: PostgresStore, execute: Execute
) -> None:
    add(execute, "old", 40, 5)
    for role in ("viewer", "operator"):
        theirs = as_role(role)
        assert preview(theirs, days=30) == 1
        with pytest.raises(StoreRefused):
            remove(theirs, days=30)
    assert remove(as_role("service"), days=30) == 1


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in several portions, also where there are few rows."""
    monkeypatch.setattr("pipeline_gui.store.retention.COUNTED_AT_ONCE", 2)
