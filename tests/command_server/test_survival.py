"""Whoever dies, the truth about a batch comes out and nothing of it lives on unseen."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from pipeline_gui.command_server import processes
from tests.command_server.harness import SLEEP, STUBBORN, CommandServer, command_server, is_alive
from tests.waiting import wait_until

UNTIL_GO = """
import os, time
print("up", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
raise SystemExit(5)
"""
ESCAPEES = """
import os, subprocess, sys, time
forever = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
subprocess.Popen(forever, start_new_session=True)
subprocess.Popen(forever, env={})
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        subprocess.Popen(forever, env={}).wait()
    os._exit(0)
os.wait()
print("up", flush=True)
"""


def test_a_killed_server_comes_back_to_its_batches(own_server: CommandServer) -> None:
    own_server.submit(UNTIL_GO, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    generation = own_server.generation
    before = own_server.pids("i.r1")

    own_server.restart()

    assert own_server.generation == generation
    assert own_server.batch("i.r1")["state"] == "running"
    assert own_server.pids("i.r1") == before
    assert own_server.post({"file": str(own_server.app("")), "name": "i.r2"}).status_code == 400
    (own_server.state / "batches" / "0" / "work" / "go").touch()
    ended = own_server.wait_for_state("i.r1", "dead")
    assert (ended["exitCode"], ended["signalled"]) == (5, False)


def test_a_batch_that_ends_while_no_server_runs_has_its_true_end(own_server: CommandServer) -> None:
    own_server.submit("import time; time.sleep(0.5); raise SystemExit(6)", name="i.r1")
    supervisor = own_server.supervisor_pid("i.r1")
    own_server.kill()
    wait_until(lambda: not is_alive(supervisor), 15)

    own_server.start()

    ended = own_server.batch("i.r1")
    assert (ended["state"], ended["exitCode"]) == ("dead", 6)
    next_batch = own_server.submit(name="i.r2")
    assert next_batch["id"] == 1


def test_a_stop_is_carried_out_when_the_server_dies_in_the_middle(own_server: CommandServer) -> None:
    own_server.submit(STUBBORN, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    supervisor = own_server.supervisor_pid("i.r1")
    assert own_server.delete("/batches/i.r1?fence=true&grace=1.5").status_code == 202

    own_server.kill()

    wait_until(lambda: not is_alive(supervisor), 10)
    own_server.start()
    ended = own_server.batch("i.r1")
    assert (ended["state"], ended["signalled"], ended["signal"]) == ("killed", True, None)


def test_sigterm_ends_the_server_and_not_its_batches(own_server: CommandServer) -> None:
    own_server.submit(SLEEP, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = own_server.pids("i.r1")
    assert own_server.process is not None
    process = own_server.process

    own_server.stop()

    assert process.returncode == 0
    assert not (own_server.state / "address").exists()
    assert all(map(is_alive, pids))
    own_server.start()
    assert own_server.batch("i.r1")["state"] == "running"


def test_a_killed_supervisor_takes_its_batch_along(own_server: CommandServer) -> None:
    own_server.submit(SLEEP, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = own_server.pids("i.r1")
    assert len(pids) == 2

    os.kill(own_server.supervisor_pid("i.r1"), signal.SIGKILL)

    ended = own_server.wait_for_state("i.r1", "dead", timeout=10)
    assert "supervisor died" in ended["reason"]
    assert (ended["exitCode"], ended["signalled"]) == (None, False)
    assert not any(map(is_alive, pids))
    assert own_server.submit(name="i.r2")["state"] in ("starting", "running")
    own_server.restart()
    assert own_server.batch("i.r1")["reason"] == ended["reason"]


def test_server_and_supervisor_killed_together_leave_nothing_behind(own_server: CommandServer) -> None:
    own_server.submit(SLEEP, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = own_server.pids("i.r1")
    supervisor = own_server.supervisor_pid("i.r1")
    own_server.kill()
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not is_alive(min(pids)), 5, "the driver's end with its supervisor")

    own_server.start()

    assert own_server.batch("i.r1")["state"] == "dead"
    assert not any(map(is_alive, pids))


def test_a_supervisor_that_hangs_does_not_keep_its_batch_from_being_killed(own_server: CommandServer) -> None:
    own_server.submit(SLEEP, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = [*own_server.pids("i.r1"), own_server.supervisor_pid("i.r1")]
    os.kill(pids[-1], signal.SIGSTOP)

    assert own_server.delete("/batches/i.r1?fence=true&grace=0").status_code == 202

    ended = own_server.wait_for_state("i.r1", "killed", timeout=12)
    assert ended["signalled"] is True
    assert not any(map(is_alive, pids))


def test_a_killed_driver_is_dead_with_its_signal_and_its_python_child_too(server: CommandServer) -> None:
    server.submit(SLEEP, name="driver-killed")
    server.wait_for_output("driver-killed", "up")
    pids = server.pids("driver-killed")
    driver = min(pids)

    os.kill(driver, signal.SIGKILL)

    ended = server.wait_for_state("driver-killed", "dead", timeout=10)
    assert (ended["signal"], ended["exitCode"], ended["signalled"]) == (9, None, False)
    assert "signal 9 (SIGKILL)" in ended["reason"]
    assert not any(map(is_alive, pids))


def test_a_killed_python_child_ends_its_driver(server: CommandServer) -> None:
    server.submit(SLEEP, name="child-killed")
    server.wait_for_output("child-killed", "up")

    os.kill(max(server.pids("child-killed")), signal.SIGKILL)

    ended = server.wait_for_state("child-killed", "dead", timeout=10)
    assert ended["exitCode"] == 1


@pytest.mark.parametrize("how", ["exit", "fence", "supervisor"])
def test_children_that_left_session_tree_and_environment_are_found(server: CommandServer, how: str) -> None:
    name = f"escape-{how}"
    # After the supervisor's death only the marker and the tree are left to find them by.
    source = ESCAPEES if how != "supervisor" else ESCAPEES.replace(", env={}", "")
    server.submit(source + ("" if how == "exit" else SLEEP), name=name)
    wanted = 3 if how == "exit" else 5
    server.wait_for_output(name, "up")
    supervisor = server.supervisor_pid(name)
    wait_until(lambda: len(below(server, name, supervisor)) >= wanted or server.batch(name)["endedAgo"] is not None, 10)
    pids = [pid for pid, _ in below(server, name, supervisor)]

    if how == "fence":
        assert server.delete(f"/batches/{name}?fence=true&grace=1").status_code in (200, 202)
    elif how == "supervisor":
        os.kill(supervisor, signal.SIGKILL)

    ended = server.wait_for_state(name, "success", "dead", "killed", timeout=15)
    assert ended["state"] == {"exit": "success", "fence": "killed", "supervisor": "dead"}[how]
    assert not any(map(is_alive, pids))
    if how == "exit":
        assert "left processes behind" in ended["reason"]


def below(server: CommandServer, name: str, supervisor: int) -> list[processes.Process]:
    """Every process of a batch, also those that only the tree shows."""
    marker = server.marker(name)
    return processes.survivors(lambda value: value == marker, root=supervisor)


def test_a_vanished_batch_folder_ends_its_batch(own_server: CommandServer) -> None:
    own_server.submit(SLEEP, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = own_server.pids("i.r1")

    shutil.rmtree(own_server.state / "batches" / "0")

    wait_until(lambda: not any(map(is_alive, pids)), 10)
    assert own_server.wait_for_state("i.r1", "dead", timeout=10)["reason"].startswith("Its folder")
    assert own_server.delete("/batches/i.r1?fence=true").json()["state"] == "dead"


def test_a_supervisor_ends_its_batch_when_the_state_vanishes_and_no_server_runs(own_server: CommandServer) -> None:
    own_server.submit(STUBBORN, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = [*own_server.pids("i.r1"), own_server.supervisor_pid("i.r1")]
    own_server.kill()

    own_server.lose_state()

    wait_until(lambda: not any(map(is_alive, pids)), 10)


def test_a_server_whose_state_vanishes_ends_with_the_reason(own_server: CommandServer) -> None:
    assert own_server.process is not None

    own_server.lose_state()

    assert own_server.process.wait(10) == 1
    assert "was removed" in own_server.log
    own_server.process = None


def test_a_new_state_at_the_same_path_has_a_new_generation_and_nothing_of_the_old(own_server: CommandServer) -> None:
    own_server.submit(SLEEP, name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    generation = own_server.generation
    supervisor = own_server.supervisor_pid("i.r1")
    pids = [*own_server.pids("i.r1"), supervisor]
    own_server.kill()
    os.kill(supervisor, signal.SIGSTOP)  # it can't carry out its own part
    own_server.lose_state()

    own_server.start()

    assert own_server.generation != generation
    assert not any(map(is_alive, pids))
    assert own_server.get("/batches/i.r1").status_code == 404


def test_a_second_server_on_the_state_is_refused_and_a_stale_lock_is_not(own_server: CommandServer) -> None:
    with pytest.raises(AssertionError, match="Another command server uses the state directory"):
        start_beside(own_server)
    own_server.kill()
    assert (own_server.state / "lock").exists()
    assert (own_server.state / "address").exists()

    own_server.start()

    assert own_server.get("/version").status_code == 200


def start_beside(server: CommandServer) -> None:
    """Start a second server on the state directory of a running one."""
    second = CommandServer(server.folder / "second", state=server.state)
    try:
        second.start()
    finally:
        if second.process is not None and second.process.poll() is None:
            second.kill()


def test_batches_of_other_state_directories_are_left_alone(
    server: CommandServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server.submit(SLEEP, name="neighbour")
    server.wait_for_output("neighbour", "up")
    pids = server.pids("neighbour")

    with command_server(tmp_path_factory.mktemp("other")) as other:
        other.lose_state()

    assert all(map(is_alive, pids))
    assert server.delete("/batches/neighbour?grace=0").status_code == 200
