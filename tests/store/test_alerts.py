"""What a rule tells of is written in the transaction of the change, whoever made it; and once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pipeline_gui.alerts.checks import checked_alert
from pipeline_gui.pipeline.alert import Alert
from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.schedule import Outcome
from pipeline_gui.schedules.checks import checked_schedule
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, BEN, new_run

Execute = Callable[..., list[tuple[Any, ...]]]
HOURLY = {"name": "hourly", "configuration": "flights", "every_minutes": 60}


def add(store: PostgresStore, condition: str, **values: Any) -> Alert:
    checked = checked_alert({"name": f"on {condition}", "condition": condition, "receiver": "ops", **values})
    return store.alerts.create(checked, ANA)


def run_once(store: PostgresStore, run_id: str, status: RunStatus, error: str | None = None) -> None:
    store.insert(new_run(run_id), ANA)
    ending = Ending(status, gone=True, error_message=error, ended_ago=0)
    assert store.settle(run_id, None, ending, BEN) is not None
    store.mark_gone(run_id, ANA, {})


def told(store: PostgresStore) -> list[tuple[str, str | None]]:
    return [(message.condition, message.run_id) for message in reversed(store.alerts.messages(None, 100))]


def test_a_failure_is_told_with_what_was_known_then(store: PostgresStore, execute: Execute) -> None:
    add(store, "failed")
    add(store, "recovered")
    run_once(store, "r1", RunStatus.FAILED, "no such column: dep")
    execute("DELETE FROM pipeline_runs")
    [message] = store.alerts.messages(None, 10)
    assert (message.run_id, message.receiver, message.state, message.attempts) == ("r1", "ops", "waiting", 0)
    facts = message.facts
    assert (facts["pipeline"], facts["status"], facts["error_message"]) == ("flights", "failed", "no such column: dep")
    assert facts["duration"] >= 0
    assert facts["end_time"] >= facts["start_time"]


def test_each_rule_tells_of_its_own(store: PostgresStore) -> None:
    add(store, "failed")
    add(store, "ended")
    add(store, "recovered")
    run_once(store, "r1", RunStatus.COMPLETED)
    run_once(store, "r2", RunStatus.FAILED)
    run_once(store, "r3", RunStatus.STOPPED)
    run_once(store, "r4", RunStatus.COMPLETED)
    run_once(store, "r5", RunStatus.COMPLETED)
    assert told(store) == [
        ("ended", "r1"), ("ended", "r2"), ("failed", "r2"), ("ended", "r3"),
        ("ended", "r4"), ("recovered", "r4"), ("ended", "r5"),
    ]  # fmt: skip


def test_a_rule_for_one_pipeline_and_one_that_is_paused(store: PostgresStore) -> None:
    add(store, "failed", pipeline="FLIGHTS")
    add(store, "ended", pipeline="other")
    add(store, "ended", name="paused", is_enabled=False)
    run_once(store, "r1", RunStatus.FAILED)
    assert told(store) == [("failed", "r1")]


def test_another_programs_update_tells_too_and_only_once_a_run(store: PostgresStore, execute: Execute) -> None:
    add(store, "ended")
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'Running ')")
    execute("UPDATE pipeline_runs SET metadata = '[1]'")
    assert told(store) == []
    execute("UPDATE pipeline_runs SET status = 'COMPLETED', duration = 'NaN', end_time = 'infinity'")
    execute("UPDATE pipeline_runs SET status = 'running'")
    execute("UPDATE pipeline_runs SET status = 'failed'")
    [message] = store.alerts.messages(None, 10)
    assert message.facts == {"pipeline": "theirs", "status": "completed"}


def test_no_change_and_no_message_without_the_other(database: str, store: PostgresStore) -> None:
    add(store, "ended")
    store.insert(new_run("r1"), ANA)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE pipeline_runs SET status = 'failed'")
        connection.rollback()
    assert told(store) == []


def test_missed_times_are_told_once_an_hour_with_their_number(store: PostgresStore, execute: Execute) -> None:
    add(store, "missed")
    add(store, "missed", name="other", pipeline="other")
    schedule = store.schedules.create(checked_schedule(HOURLY), ANA)
    times = schedule.upcoming(schedule.since, 9)
    store.schedules.decide(schedule, times[:1], Outcome.SKIPPED, "Something ran.", ANA)
    assert told(store) == []
    store.schedules.decide(schedule, times[1:4], Outcome.MISSED, "Nobody was there.", ANA)
    store.schedules.decide(schedule, times[4:5], Outcome.MISSED, "Nobody was there.", ANA)
    [message] = store.alerts.messages(None, 10)
    facts = message.facts
    assert (facts["schedule"], facts["times"], facts["sentence"]) == ("hourly", 3, "Nobody was there.")
    assert message.run_id is None
    execute("UPDATE pipeline_alert_messages SET made_at = made_at - interval '61 minutes'")
    store.schedules.decide(schedule, times[5:6], Outcome.WAITING, "Something runs.", ANA)
    assert len(told(store)) == 1
    store.schedules.decide(schedule, times[5:6], Outcome.REFUSED, "There is no configuration.", ANA)
    assert store.alerts.messages(None, 1)[0].facts["outcome"] == "refused"
    assert len(told(store)) == 2


def give_up(store: PostgresStore) -> None:
    claimed = store.outbox.claim(["ops"], "claim", ANA)
    assert claimed is not None
    store.outbox.give_up(claimed, "550 No such mailbox.", ANA)


def test_what_was_kept_back_by_a_message_that_nobody_took_is_told_when_it_is_given_up(store: PostgresStore) -> None:
    add(store, "missed")
    schedule = store.schedules.create(checked_schedule(HOURLY), ANA)
    times = schedule.upcoming(schedule.since, 5)
    for each in times[:4]:
        store.schedules.decide(schedule, [each], Outcome.MISSED, f"Nothing started at {each:%H}.", ANA)
    assert len(told(store)) == 1
    give_up(store)
    second, first = store.alerts.messages(None, 10)
    assert (first.state, second.state) == ("undelivered", "waiting")
    assert (first.facts["times"], second.facts["times"]) == (1, 3)
    assert second.facts["sentence"] == f"Nothing started at {times[3]:%H}."
    give_up(store)
    assert len(told(store)) == 2  # nothing was missed since
    store.schedules.decide(schedule, times[4:], Outcome.MISSED, "Nobody was there.", ANA)
    assert len(told(store)) == 3  # nobody was told within the hour


def test_what_was_kept_back_by_a_message_that_arrived_is_not_told(store: PostgresStore) -> None:
    add(store, "missed")
    schedule = store.schedules.create(checked_schedule(HOURLY), ANA)
    for each in schedule.upcoming(schedule.since, 3):
        store.schedules.decide(schedule, [each], Outcome.MISSED, "Nobody was there.", ANA)
    claimed = store.outbox.claim(["ops"], "claim", ANA)
    assert claimed is not None
    store.outbox.sent(claimed, "250 OK", ANA)
    assert len(told(store)) == 1


def test_a_rule_that_is_paused_tells_nothing_of_what_was_kept_back(store: PostgresStore, execute: Execute) -> None:
    add(store, "missed")
    schedule = store.schedules.create(checked_schedule(HOURLY), ANA)
    for each in schedule.upcoming(schedule.since, 2):
        store.schedules.decide(schedule, [each], Outcome.MISSED, "Nobody was there.", ANA)
    execute("UPDATE pipeline_alerts SET is_enabled = false")
    give_up(store)
    assert len(told(store)) == 1


def test_a_rule_tells_of_a_running_run_once_and_only_as_it_was_read(store: PostgresStore) -> None:
    rule = add(store, "limit", minutes=1)
    assert store.alerts.state().running is None
    store.insert(new_run("r1"), ANA)
    state = store.alerts.state()
    assert [each.name for each in state.rules] == ["on limit"]
    assert state.running is not None
    store.alerts.tell(rule, "r1", {"limit_seconds": 60}, ANA)
    store.alerts.tell(rule, "r1", {"limit_seconds": 60}, BEN)
    assert told(store) == [("limit", "r1")]
    [message] = store.alerts.messages(rule.alert_id, 10)
    assert (message.facts["limit_seconds"], message.facts["pipeline"]) == (60, "flights")
    assert list(store.alerts.state().rules) == []
    changed = checked_alert({"name": "on limit", "condition": "limit", "receiver": "ops", "minutes": 5})
    assert store.alerts.replace(rule.alert_id, 1, changed, ANA) is not None
    other = add(store, "slow")
    store.alerts.tell(rule, "r2", {}, ANA)
    assert store.settle("r1", None, Ending(RunStatus.COMPLETED, gone=True), ANA) is not None
    store.alerts.tell(other, "r1", {}, ANA)
    assert told(store) == [("limit", "r1")]


def test_rules_are_shared_named_once_and_changed_by_revision(store: PostgresStore) -> None:
    rule = add(store, "failed")
    assert (rule.revision, rule.changed_by) == (1, str(ANA))
    with pytest.raises(ConfigurationInvalid, match="of this name already"):
        add(store, "failed", name="ON FAILED")
    values = checked_alert({"name": "x", "condition": "ended", "receiver": "chat"})
    changed = store.alerts.replace(rule.alert_id, 1, values, BEN)
    assert changed is not None
    assert (changed.revision, changed.name, changed.changed_by) == (2, "x", str(BEN))
    assert store.alerts.replace(rule.alert_id, 1, values, ANA) is None
    assert not store.alerts.delete(rule.alert_id, 1, ANA)
    assert store.alerts.delete(rule.alert_id, 2, ANA)
    assert store.alerts.all() == []


def test_what_was_to_be_told_survives_its_rule(store: PostgresStore) -> None:
    rule = add(store, "failed")
    run_once(store, "r1", RunStatus.FAILED)
    assert store.alerts.delete(rule.alert_id, 1, ANA)
    assert told(store) == [("failed", "r1")]


def test_the_success_before_is_found_among_many(store: PostgresStore, execute: Execute) -> None:
    """Backwards along the index: the end of a run waits for this."""
    add(store, "recovered")
    execute(
        "INSERT INTO pipeline_runs (run_id, status, start_time, end_time, metadata) "
        "SELECT 'old-' || n, 'completed', now() - n * interval '1 second', now() - n * interval '1 second', "
        """'{"configuration": {"name": "other"}}' FROM generate_series(1, 25000) AS n"""
    )
    execute("UPDATE pipeline_runs SET status = 'failed' WHERE run_id = 'old-100'")
    execute("""UPDATE pipeline_runs SET metadata = '{"configuration": {"name": "flights"}}' WHERE run_id = 'old-100'""")
    began = time.monotonic()
    run_once(store, "r1", RunStatus.COMPLETED)
    assert time.monotonic() - began < 2
    assert told(store) == [("recovered", "r1")]
