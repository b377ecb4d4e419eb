"""The soak's own checks can fail: what is planted in the tables and among the processes is seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.soak.onlooker import Onlooker
from tests.chaos.soak.programs import TERMINAL, Programs
from tests.command_server.harness import command_server
from tests.pipeline.conftest import World
from tests.waiting import wait_until


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    """One operator, on a command server of his own."""
    with command_server(tmp_path / "command-server") as server:
        world = World(database, server)
        yield world
        world.close()


@pytest.fixture
def onlooker(world: World) -> Onlooker:
    """Somebody who asks neither the program nor the command server."""
    return Onlooker(world.database, world.server.state, world.plain_store.installation().installation_id)


def test_a_good_run_is_seen_and_nothing_is_wrong(world: World, onlooker: Onlooker) -> None:
    run_id = world.start()
    sight = onlooker.look()
    assert sight is not None
    assert set(sight.alive) == {run_id}
    assert onlooker.is_at_rest(sight)
    world.server.kill()  # it is not asked
    assert onlooker.look() is not None
    world.server.start()
    world.controller.stop_run(run_id, grace_seconds=0)
    onlooker.look()
    onlooker.judge_events()
    assert onlooker.violations == []


@pytest.mark.parametrize(
    ("tampering", "number"),
    [
        ("DROP INDEX pipeline_runs_one_running; INSERT INTO pipeline_runs (run_id, status) VALUES ('x', 'running')", 1),
        ("UPDATE pipeline_runs SET error_message = 'other' WHERE status = 'completed'", 4),
        ("UPDATE pipeline_runs SET status = 'stopped' WHERE status = 'running'", 6),
        ("INSERT INTO pipeline_runs (run_id, status) VALUES ('y', 'failed')", 7),
    ],
)
def test_what_is_wrong_is_seen(world: World, onlooker: Onlooker, tampering: str, number: int) -> None:
    world.settle_until_ended(world.start("print('done')"))
    world.start()
    onlooker.look()
    world.execute(tampering)
    onlooker.look()
    onlooker.judge_events()
    assert any(violation.startswith(f"{number}:") for violation in onlooker.violations)


def test_two_batches_at_once_are_seen(world: World, onlooker: Onlooker) -> None:
    run_id = world.start()
    with_two_names = {str(number): world.batch_name(name) for number, name in enumerate([run_id, "other"])}
    onlooker._names = lambda: with_two_names  # type: ignore[method-assign]
    other = world.server.submit("import time; time.sleep(60)", name="unguarded")
    wait_until(lambda: world.server.pids(other["id"]), what="the second batch")
    onlooker.look()
    assert any(violation.startswith("2:") for violation in onlooker.violations)


def test_a_program_that_is_suspended_goes_on_when_its_time_has_come(tmp_path: Path) -> None:
    programs = Programs(tmp_path, "postgresql://127.0.0.1:1/x", "http://127.0.0.1:1", "x" * 20)
    try:
        program = programs.open(TERMINAL, "status")
        program.suspend(0.5)
        assert programs.awake() == []
        wait_until(lambda: programs.of(TERMINAL) == [], 20, "the end of the command")
        assert programs.complaints == []
        assert program.process.returncode == 3
    finally:
        programs.close()
