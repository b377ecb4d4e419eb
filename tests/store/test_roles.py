"""The roles of resources/sql: each can do its work, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.alerts.checks import checked_alert
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import FiredBefore, StoreRefused
from pipeline_gui.pipeline.ports import Change, EngineChange
from pipeline_gui.pipeline.run import Phase, RunStatus
from pipeline_gui.pipeline.schedule import Attempt, Firing, Outcome
from pipeline_gui.schedules.checks import checked_schedule
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.store import PostgresStore, open_store
from tests.store.conftest import ANA, new_run
from tests.waiting import wait_until

Execute = Callable[..., list[tuple[Any, ...]]]
HOURLY = {"name": "hourly", "configuration": "flights", "every_minutes": 60, "retries": 1}
ROLES = Path(__file__).parents[2] / "resources" / "sql" / "roles.sql"


@pytest.fixture
def login(database: str, execute: Execute) -> Iterator[Callable[[str], str]]:
    """Makes a login of a role and gives its URL."""
    execute(ROLES.read_text())
    execute(ROLES.read_text())  # a second time, after a later migration, is no error
    made: list[str] = []

    def make(role: str) -> str:
        name = f"{role}_{str(conninfo_to_dict(database)['dbname'])[-12:]}"
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x' IN ROLE {}")
        execute(create.format(sql.Identifier(name), sql.Identifier(f"pipeline_gui_{role}")).as_string())
        made.append(name)
        return make_conninfo(database, user=name, password="x")

    yield make
    for name in made:
        execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)).as_string())


@pytest.fixture
def as_role(login: Callable[[str], str]) -> Iterator[Callable[[str], PostgresStore]]:
    """Opens a store as a role."""
    opened: list[PostgresStore] = []

    def open_as(role: str) -> PostgresStore:
        opened.append(open_store(login(role), application_name="tests", max_connections=2))
        return opened[-1]

    yield open_as
    for store in opened:
        store.close()


@pytest.mark.parametrize("role", ["operator", "service"])
def test_an_operator_does_all_of_the_work(as_role: Callable[[str], PostgresStore], execute: Execute, role: str) -> None:
    store = as_role(role)

    store.insert(new_run("r1"), ANA)
    assert store.change("r1", 1, EngineChange(phase=Phase.RUNNING, batch_id=1, generation="g"), ANA) == 2
    assert store.request_stop("r1", 1.0, ANA) is not None
    assert store.settle("r1", None, Ending(RunStatus.STOPPED, gone=False, exit_code=143), ANA) is not None
    store.mark_gone("r1", ANA, {})
    store.add_event("r1", "note", ANA, {})
    assert store.take_lease("me", ANA)
    store.release_lease("me")
    store.announce_service("me", ANA)
    store.announce_service("me", ANA)
    assert [service.host for service in store.schedules.services()] == [ANA.host]
    store.withdraw_service("me")
    saved = store.configurations.create({"name": "n", "file": "/a.py"}, "n", ANA, "w1")
    assert store.configurations.replace(saved.configuration_id, 1, {"name": "n", "file": "/b.py"}, "n", ANA, "w2")
    assert store.configurations.delete(saved.configuration_id, 2, ANA, "w3")
    assert len(store.configurations.history(saved.configuration_id, 1)) == 3
    schedule = store.schedules.create(checked_schedule(HOURLY), ANA)
    first, second = schedule.upcoming(schedule.since, 2)
    firing = Firing(schedule.schedule_id, schedule.revision, first, schedule.name)
    store.insert(new_run("r2", firing=firing), ANA)
    assert store.settle("r2", None, Ending(RunStatus.FAILED, gone=True), ANA) is not None
    with pytest.raises(FiredBefore):
        store.insert(new_run("r3", firing=firing), ANA)
    again = replace(firing, number=2, retry_of="r2")
    with pytest.raises(FiredBefore):
        store.insert(new_run("r3", firing=replace(again, retry_of="r1")), ANA)
    store.insert(new_run("r3", firing=again), ANA)
    with pytest.raises(FiredBefore):
        store.insert(new_run("r4", firing=again), ANA)
    assert store.settle("r3", None, Ending(RunStatus.FAILED, gone=False, abandoned=True), ANA) is not None
    [awaited] = store.schedules.state().standings[0].awaited
    assert (awaited.attempt, awaited.record.run.run_id) == (Attempt(first, 2, "r2"), "r3")
    assert awaited.record.engine is not None
    assert awaited.record.engine.abandoned
    store.schedules.decide_retry(schedule, Attempt(first, 3, "r3"), Outcome.GAVE_UP, "It failed 2 times.", ANA)
    store.schedules.finish(schedule, awaited.attempt, ANA)
    store.schedules.decide(schedule, [second], Outcome.WAITING, "Something runs.", ANA)
    store.schedules.decide(schedule, [second], Outcome.SKIPPED, "It was paused.", ANA)
    outcomes = [(decided.outcome.value, decided.run_id) for decided in store.schedules.decided(schedule.schedule_id, 9)]
    assert outcomes == [("skipped", None), ("gave_up", None), ("started", "r3"), ("started", "r2")]
    paused = store.schedules.replace(schedule.schedule_id, 1, checked_schedule({**HOURLY, "is_enabled": False}), ANA)
    assert paused is not None
    with pytest.raises(FiredBefore):
        store.insert(new_run("r5", firing=replace(firing, revision=2, due=second)), ANA)
    assert store.schedules.delete(schedule.schedule_id, 2, ANA)
    rule = store.alerts.create(checked_alert({"name": "a", "condition": "ended", "receiver": "ops"}), ANA)
    slow = store.alerts.create(checked_alert({"name": "b", "condition": "slow", "receiver": "ops"}), ANA)
    store.alerts.ask_for_test(rule, ANA)
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    store.alerts.tell(slow, "theirs", {}, ANA)
    assert store.release_foreign("theirs", ANA)
    assert [message.condition for message in store.alerts.messages(None, 9)] == ["ended", "slow", "test"]
    assert store.alerts.delete(rule.alert_id, 1, ANA)
    if role == "service":
        store.outbox.note_presence("s", [], None, ANA)
        claimed = store.outbox.claim(["ops"], "c", ANA)
        assert claimed is not None
        store.outbox.sent(claimed, "yes", ANA)
        store.outbox.tidy(ANA)
        store.outbox.withdraw("s", ANA)
    else:
        with pytest.raises(StoreRefused):
            store.outbox.claim(["ops"], "c", ANA)
    assert [event.kind for event in store.events("r1")] == [
        "recorded", "stop requested", "status changed", "gone", "note",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["operator", "service"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM pipeline_runs",
        "TRUNCATE pipeline_runs",
        "UPDATE pipeline_runs SET run_id = 'x'",
        "UPDATE pipeline_runs SET start_time = now()",
        "DELETE FROM pipeline_run_engine",
        "UPDATE pipeline_run_engine SET batch_name = 'x'",
        "DELETE FROM pipeline_run_events",
        "UPDATE pipeline_run_events SET actor = 'x'",
        "INSERT INTO pipeline_run_events (run_id, kind, at) VALUES ('r', 'forged', '2020-01-01')",
        "INSERT INTO pipeline_run_events (run_id, kind, database_user) VALUES ('r', 'forged', 'someone')",
        "UPDATE pipeline_configurations SET revision = 7",
        "UPDATE pipeline_configurations SET changed_by = 'x'",
        "INSERT INTO pipeline_configuration_changes SELECT * FROM pipeline_configuration_changes",
        "DELETE FROM pipeline_configuration_changes",
        "TRUNCATE pipeline_configurations",
        "INSERT INTO pipeline_services (service_id, actor, host, since) VALUES ('x', 'x', 'x', '2020-01-01')",
        "UPDATE pipeline_schedule_firings SET due = now()",
        "UPDATE pipeline_installation SET installation_id = 'x'",
        "UPDATE pipeline_migrations SET number = 99",
        "UPDATE pipeline_alerts SET revision = 7",
        "INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, state) "
        "VALUES (1, 'x', 'x', 'x', 'x', 'sent')",
        "UPDATE pipeline_alert_messages SET facts = '{}'",
        "CREATE TABLE mine (a int)",
        "DROP TRIGGER pipeline_gui_events_insert ON pipeline_runs",
        "ALTER TABLE pipeline_runs DISABLE TRIGGER ALL",
    ],
)
def test_nobody_but_the_owner_may(login: Callable[[str], str], role: str, statement: str) -> None:
    with psycopg.connect(login(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_only_the_service_forgets_events(login: Callable[[str], str]) -> None:
    with psycopg.connect(login("service")) as connection:
        assert connection.execute("SELECT pipeline_gui_forget_events(30)").fetchone() == (0,)
    for role in ("operator", "viewer"):
        with psycopg.connect(login(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pipeline_gui_forget_events(30)")


def test_a_viewer_sees_all_and_changes_nothing(
    as_role: Callable[[str], PostgresStore], store: PostgresStore, execute: Execute
) -> None:
    viewer = as_role("viewer")
    heard: list[Change] = []
    subscription = viewer.subscribe(heard.append)
    wait_until(lambda: heard)

    store.insert(new_run("r1"), ANA)
    wait_until(lambda: Change("r1", "running") in heard)
    subscription.close()
    saved = store.configurations.create({"name": "n", "file": "/a.py"}, "n", ANA, "w1")
    assert viewer.configurations.find("n") == saved
    assert [found.name for found in viewer.configurations.all()] == ["n"]
    assert viewer.configurations.history(saved.configuration_id, 1) == [saved]

    assert viewer.installation() == store.installation()
    assert viewer.running() is not None
    assert viewer.find("r1") is not None
    assert [run.run_id for run in viewer.recent(2)] == ["r1"]
    assert viewer.not_gone() == []
    assert len(viewer.events("r1")) == 1
    before = execute("SELECT * FROM pipeline_runs, pipeline_run_engine, pipeline_watcher")
    for attempt in (
        lambda: viewer.insert(new_run("r2"), ANA),
        lambda: viewer.change("r1", 1, EngineChange(phase=Phase.RUNNING), ANA),
        lambda: viewer.request_stop("r1", None, ANA),
        lambda: viewer.settle("r1", None, Ending(RunStatus.FAILED, gone=True), ANA),
        lambda: viewer.take_lease("me", ANA),
        lambda: viewer.announce_service("me", ANA),
        lambda: viewer.add_event("r1", "note", ANA, {}),
        lambda: viewer.configurations.create({"name": "m", "file": "/a.py"}, "m", ANA, "w2"),
        lambda: viewer.configurations.replace(saved.configuration_id, 1, saved.values, "n", ANA, "w2"),
        lambda: viewer.configurations.delete(saved.configuration_id, 1, ANA, "w2"),
        lambda: viewer.alerts.create(checked_alert({"name": "a", "condition": "ended", "receiver": "ops"}), ANA),
    ):
        with pytest.raises(StoreRefused, match="may look"):
            attempt()
    assert execute("SELECT * FROM pipeline_runs, pipeline_run_engine, pipeline_watcher") == before
    assert viewer.contact().reachable


def test_a_viewer_cannot_migrate(login: Callable[[str], str], execute: Execute) -> None:
    execute("DELETE FROM pipeline_migrations WHERE number = 7")

    with pytest.raises(StoreRefused, match="may not prepare the database"):
        migrate(login("viewer"), actor=ANA)
