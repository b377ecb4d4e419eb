"""The fence: nothing of a name lives, and nothing of it ever will."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from tests.command_server.harness import SLEEP, STUBBORN, CommandServer, is_alive
from tests.waiting import wait_until

KEYS = {"name", "generation", "state", "started", "signalled", "exitCode", "endedAgo"}


def test_an_unknown_name_never_starts_even_after_a_restart(own_server: CommandServer) -> None:
    answer = own_server.delete("/batches/i.r1?fence=true")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == KEYS
    assert (body["name"], body["generation"]) == ("i.r1", own_server.generation)
    assert (body["state"], body["started"], body["signalled"]) == (None, False, False)
    assert (body["exitCode"], body["endedAgo"]) == (None, None)
    own_server.restart()
    refused = own_server.post({"file": str(own_server.app("")), "name": "i.r1"})
    assert refused.status_code == 400
    assert refused.json()["msg"].startswith("Rejected, Reason: ")
    assert "fenced" in refused.json()["msg"]
    assert own_server.delete("/batches/i.r1?fence=true").json() == body
    assert own_server.get("/batches/i.r1").status_code == 404


def test_a_living_batch_is_brought_to_its_end(server: CommandServer) -> None:
    server.submit(SLEEP, name="alive")
    server.wait_for_output("alive", "up")

    answer = server.delete("/batches/alive?fence=true&grace=10")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["state"], body["started"], body["signalled"], body["exitCode"]) == ("killed", True, True, 143)
    assert 0 <= body["endedAgo"] < 5
    assert server.pids("alive") == []


@pytest.mark.parametrize(("code", "state"), [(0, "success"), (4, "dead")])
def test_an_ended_batch_keeps_its_true_end(server: CommandServer, code: int, state: str) -> None:
    name = f"ended-{code}"
    server.submit(f"raise SystemExit({code})", name=name)
    server.wait_for_state(name, state)

    first = server.delete(f"/batches/{name}?fence=true&grace=0").json()
    second = server.delete(f"/batches/{name}?fence=true&grace=0").json()

    assert (first["state"], first["signalled"], first["exitCode"]) == (state, False, code)
    assert {key: first[key] for key in KEYS - {"endedAgo"}} == {key: second[key] for key in KEYS - {"endedAgo"}}


def test_a_fence_in_progress_says_so_and_a_smaller_grace_escalates(server: CommandServer) -> None:
    server.submit(STUBBORN, name="stubborn")
    server.wait_for_output("stubborn", "up")

    first = server.delete("/batches/stubborn?fence=true&grace=600")
    later = server.delete("/batches/stubborn?fence=true&grace=600")
    begun = time.monotonic()
    forced = server.delete("/batches/stubborn?fence=true&grace=0")

    assert (first.status_code, later.status_code) == (202, 202)
    assert set(first.json()) == KEYS
    assert (first.json()["started"], first.json()["signalled"], first.json()["endedAgo"]) == (True, True, None)
    assert forced.status_code == 200
    assert time.monotonic() - begun < 2
    assert forced.json()["state"] == "killed"
    assert server.pids("stubborn") == []


def test_after_its_grace_a_stubborn_batch_is_killed_without_being_asked_again(server: CommandServer) -> None:
    server.submit(STUBBORN, name="grace")
    server.wait_for_output("grace", "up")

    server.delete("/batches/grace?fence=true&grace=1.5")

    ended = server.wait_for_state("grace", "killed", timeout=6)
    assert ended["startedAgo"] - ended["endedAgo"] > 1
    assert server.pids("grace") == []


def test_grace_zero_sends_no_sigterm(server: CommandServer) -> None:
    source = "import signal, time, os\nsignal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))\n" + SLEEP
    server.submit(source, name="at-once")
    server.wait_for_output("at-once", "up")

    body = server.delete("/batches/at-once?fence=true&grace=0").json()

    assert (body["state"], body["exitCode"]) == ("killed", None)
    assert server.batch("at-once")["signal"] == 9
    assert "asked" not in server.get("/batches/at-once/output/stdout").text


def test_an_unknown_id_is_no_name_to_fence(server: CommandServer) -> None:
    assert server.delete("/batches/99999?fence=true").status_code == 404


@pytest.mark.parametrize("grace", ["-1", "nan", "inf", "x", "1e99", ""])
def test_a_wrong_grace_is_refused_before_anything_happens(server: CommandServer, grace: str) -> None:
    answer = server.delete(f"/batches/untouched?fence=true&grace={grace}")

    assert answer.status_code == 400
    assert server.post({"file": str(server.app("")), "name": "untouched" + (grace or "empty")}).status_code == 201


def test_a_fence_and_a_post_of_one_name_have_one_winner(server: CommandServer) -> None:
    file = str(server.app("import time; time.sleep(600)", "race.py"))
    outcomes = set()
    for number in range(12):
        name = f"race{number}.r"
        barrier = threading.Barrier(2)
        codes: dict[str, int] = {}

        def post(name: str = name, barrier: threading.Barrier = barrier, codes: dict[str, int] = codes) -> None:
            barrier.wait(10)
            codes["post"] = server.post({"file": file, "name": name}).status_code

        thread = threading.Thread(target=post)
        thread.start()
        barrier.wait(10)
        fence = server.delete(f"/batches/{name}?fence=true&grace=0")
        thread.join(20)

        def finished(name: str = name) -> bool:
            return server.delete(f"/batches/{name}?fence=true&grace=0").status_code == 200

        wait_until(finished, 10)
        started = fence.json()["started"]
        outcomes.add(started)
        assert codes["post"] == (201 if started else 400)
        if started:
            assert server.batch(name)["state"] == "killed"
        assert server.get(f"/batches/{name}").status_code == (200 if started else 404)
    assert outcomes  # which of the two wins is the scheduler's; both are right


def test_an_end_before_the_first_signal_is_its_own(own_server: CommandServer) -> None:
    own_server.submit("import time; print('up', flush=True); time.sleep(1); raise SystemExit(5)", name="i.r1")
    own_server.wait_for_output("i.r1", "up")
    pids = own_server.pids("i.r1")
    supervisor = own_server.supervisor_pid("i.r1")
    os.kill(supervisor, signal.SIGSTOP)  # starved, while the driver ends and the fence comes
    wait_until(lambda: not any(map(is_alive, pids)), 10, "the driver's own end")

    assert own_server.delete("/batches/i.r1?fence=true&grace=9").status_code == 202
    os.kill(supervisor, signal.SIGCONT)

    ended = own_server.wait_for_state("i.r1", "dead")
    assert (ended["exitCode"], ended["signalled"]) == (5, False)


def test_a_launch_for_a_server_of_another_generation_has_no_effect(own_server: CommandServer) -> None:
    """Its fence went with the state directory: only the name of its server keeps it from coming to life."""
    fenced_on = own_server.generation
    assert own_server.delete("/batches/i.r1?fence=true").json()["started"] is False
    own_server.kill()
    own_server.lose_state(keep_token=True)
    own_server.start()
    body = {"file": str(own_server.app(SLEEP)), "name": "i.r1"}

    late = own_server.post(body, headers={"X-Pipeline-Generation": fenced_on})

    assert late.status_code == 412
    assert "another generation" in late.json()["msg"]
    assert own_server.get("/batches").json()["total"] == 0
    assert own_server.post(body, headers={"X-Pipeline-Generation": own_server.generation}).status_code == 201
