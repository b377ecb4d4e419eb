"""A few points × faults on real parts in each test run; `make chaos` tries them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.real.crossing import FAULTS, Outcome, cross, ended_rows, faults_at, violations
from tests.chaos.real.ground import Ground
from tests.chaos.real.network import Trouble
from tests.chaos.real.plain import plain_ground
from tests.chaos.real.scenarios import SCENARIOS, SUBMIT
from tests.chaos.real.victim import KILLED_AFTER, KILLED_BEFORE
from tests.command_server.harness import command_server
from tests.postgres import PostgresServer

INSERT, REQUEST = "Starter.start store.insert", "Stopper.stop store.request_stop"
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
