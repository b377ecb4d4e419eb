"""A few points × faults on real parts in each test run; `make chaos` tries them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.hooks import hook
from tests.chaos.real import schedule_scenarios
from tests.chaos.real.alerts import OF_EACH_END, alert_violations, settle_alerts
from tests.chaos.real.crossing import FAULTS, Outcome, cross, ended_rows, faults_at, violations
from tests.chaos.real.ground import Ground
from tests.chaos.real.network import Trouble
from tests.chaos.real.plain import plain_ground
from tests.chaos.real.scenarios import SCENARIOS, SUBMIT
from tests.chaos.real.victim import KILLED_AFTER, KILLED_BEFORE
from tests.command_server.harness import command_server
from tests.postgres import PostgresServer

INSERT, REQUEST = "Starter.start store.insert", "Stopper.stop store.request_stop"
SEND = "Deliverer.deliver receiver.send"
FIRE, RETRY = "Starter.start store.insert of a time", "Starter.start store.insert of a retry"
SETTLE, FENCE = "Settler._end store.settle", "Settler._fence spark.fence"


@pytest.fixture(scope="module")
def ground(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The servers for this module's crossings."""
    with command_server(tmp_path_factory.mktemp("command-server")) as server:
        yield Ground(postgres_server, server)


@pytest.mark.parametrize(
    ("scenario", "point", "fault"),
    [
        ("start", INSERT, KILLED_AFTER),
        ("start", INSERT, str(Trouble.LATE)),
        ("start", SUBMIT, KILLED_BEFORE),
        ("start", SUBMIT, KILLED_AFTER),
        ("start", SUBMIT, str(Trouble.ANSWER_LOST)),
        ("start", SUBMIT, str(Trouble.TWICE)),
        ("start", SUBMIT, str(Trouble.LATE)),
        ("stop", REQUEST, KILLED_AFTER),
        ("stop", FENCE, str(Trouble.CUT)),
        ("look at what completed", SETTLE, str(Trouble.ANSWER_LOST)),
        ("look at what completed", SETTLE, KILLED_AFTER),
        ("look at what lasts too long", "Alarm._attend alerts.tell", KILLED_AFTER),
        ("look at what lasts too long", "Alarm._attend alerts.tell", str(Trouble.LATE)),
        ("deliver", "Deliverer.take outbox.claim", KILLED_AFTER),
        ("deliver", "Deliverer.take outbox.claim", str(Trouble.LATE)),
        ("deliver", SEND, KILLED_BEFORE),
        ("deliver", SEND, KILLED_AFTER),
        ("deliver", SEND, str(Trouble.ANSWER_LOST)),
        ("deliver", SEND, str(Trouble.LATE)),
        ("deliver", "Deliverer._mark_sent outbox.sent", KILLED_BEFORE),
        ("deliver", "Deliverer._mark_sent outbox.sent", str(Trouble.ANSWER_LOST)),
        ("deliver in vain", "Deliverer._not_delivered outbox.put_off", KILLED_BEFORE),
        ("deliver a test in vain", "Deliverer._not_delivered outbox.give_up", str(Trouble.CUT)),
        ("fire", FIRE, KILLED_BEFORE),
        ("fire", FIRE, KILLED_AFTER),
        ("fire", FIRE, str(Trouble.LATE)),
        ("fire, and wait", "Firer.decide schedules.decide that waits", KILLED_AFTER),
        ("fire what waits", FIRE, str(Trouble.ANSWER_LOST)),
        ("start again what failed", RETRY, KILLED_BEFORE),
        ("start again what failed", RETRY, KILLED_AFTER),
        ("start again what failed", RETRY, str(Trouble.LATE)),
    ],
)
def test_the_record_is_true_whatever_befalls(ground: Ground, scenario: str, point: str, fault: str) -> None:
    outcome = cross(ground, scenario, point, fault)
    assert outcome.sprung
    assert outcome.violations == []


@pytest.mark.parametrize(
    ("scenario", "point", "fault"),
    [
        ("start", SUBMIT, str(Trouble.ANSWER_LOST)),
        ("stop", "Settler._stop_on_plain_livy spark.kill", KILLED_AFTER),
        ("hunt an orphan", "OrphanHunter._judge spark.kill", str(Trouble.CUT)),
    ],
)
def test_on_a_plain_livy_it_is_as_true_as_it_can_be(
    ground: Ground, tmp_path: Path, scenario: str, point: str, fault: str
) -> None:
    with plain_ground(ground, tmp_path / "apps") as plain:
        outcome = cross(plain, scenario, point, fault)
    assert outcome.sprung
    assert outcome.violations == []


def test_every_fault_befalls_some_write() -> None:
    assert set(faults_at(SUBMIT)) == set(FAULTS)


@pytest.mark.parametrize(
    "tampering",
    [
        "INSERT INTO pipeline_runs (run_id, status, metadata) SELECT 'x', 'failed', metadata FROM pipeline_runs",
        "DELETE FROM pipeline_schedule_firings",
        "UPDATE pipeline_schedules SET starts_at = starts_at - interval '1 h'",
        "INSERT INTO pipeline_schedule_firings (schedule_id, due, outcome, run_id) "
        "SELECT schedule_id, now(), 'started', 'x' FROM pipeline_schedules",
        "ALTER TABLE pipeline_run_events DISABLE TRIGGER ALL; DELETE FROM pipeline_run_events",
    ],
)
def test_the_checks_of_schedules_see_what_is_wrong(ground: Ground, tampering: str) -> None:
    with ground.world() as world:
        SCENARIOS["fire"].prepare(world)
        schedule_scenarios.scheduler_of(world).turn()
        assert [*schedule_scenarios.violations(world)] == []
        world.execute(tampering)
        assert [what[:2] for what in schedule_scenarios.violations(world)][:1] == ["9:"]


@pytest.mark.parametrize(
    ("tampering", "number"),
    [
        ("DROP INDEX pipeline_runs_one_running; INSERT INTO pipeline_runs (run_id, status) VALUES ('x', 'running')", 1),
        ("UPDATE pipeline_runs SET status = 'completed' WHERE status = 'running'", 2),
        ("INSERT INTO pipeline_runs SELECT 'y', command, 'failed' FROM pipeline_runs LIMIT 1", 7),
        ("UPDATE pipeline_run_engine SET stop_requested_at = now() WHERE NOT gone", 5),
        ("UPDATE pipeline_runs SET status = 'stopped' WHERE status = 'running'", 6),
        ("UPDATE pipeline_runs SET error_message = 'other' WHERE status = 'completed'", 4),
    ],
)
def test_the_checks_see_what_is_wrong(ground: Ground, tampering: str, number: int) -> None:
    with ground.world() as world:
        done = world.start("print('done')")
        world.settle_until_ended(done)
        run_id, ended = world.start(), ended_rows(world)
        assert [
            *violations(ground, world, SCENARIOS["look at what lives"], run_id, ended, Outcome("", None, None))
        ] == []
        world.execute(tampering)
        seen = [*violations(ground, world, SCENARIOS["look at what lives"], run_id, ended, Outcome("", None, None))]
    assert f"{number}:" in " ".join(seen)


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM pipeline_alert_messages WHERE run_id = (SELECT min(run_id) FROM pipeline_alert_messages)",
        "UPDATE pipeline_alert_messages SET state = 'sent' WHERE state = 'waiting'",
        "UPDATE pipeline_alert_messages SET answer = 'no' WHERE state = 'waiting'",
        "INSERT INTO pipeline_alerts (name, name_key, condition, minutes, receiver) VALUES ('x', 'x', 'limit', 1, 'o')",
    ],
)
def test_the_checks_of_alerts_see_what_is_wrong(ground: Ground, tampering: str) -> None:
    with ground.world() as world, hook() as hooked:
        world.execute(OF_EACH_END)
        world.settle_until_ended(world.start("print('done')"))
        settle_alerts(world, hooked.url)
        assert [*alert_violations(world, hooked, is_undisturbed=True)] == []
        world.settle_until_ended(world.start("print('done')"))
        world.start()
        if "'waiting'" not in tampering:
            settle_alerts(world, hooked.url)
            assert [*alert_violations(world, hooked, is_undisturbed=True)] == []
        world.execute(tampering)
        [seen] = [*alert_violations(world, hooked, is_undisturbed=True)]
    assert seen.startswith("8: ")
