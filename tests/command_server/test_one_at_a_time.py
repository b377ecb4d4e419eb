"""One living batch per installation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.command_server.harness import SLEEP, STUBBORN, CommandServer


def test_of_24_posts_at_once_one_is_taken(server: CommandServer) -> None:
    file = str(server.app(SLEEP))

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda n: server.post({"file": file, "name": f"one.r{n}"}), range(24)))

    taken = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(taken) == 1
    refusals = {answer.json()["msg"] for answer in answers if answer.status_code != 201}
    assert refusals == {f"Rejected, Reason: batch {taken[0]['name']} of the same installation is alive."}
    assert server.delete(f"/batches/{taken[0]['id']}?grace=0").status_code == 200


def test_of_24_posts_of_one_name_one_is_taken(server: CommandServer) -> None:
    file = str(server.app("pass"))

    with ThreadPoolExecutor(24) as pool:
        codes = list(pool.map(lambda _: server.post({"file": file, "name": "same"}).status_code, range(24)))

    assert sorted(codes) == [201] + [400] * 23


def test_the_next_run_starts_once_the_last_one_ended(server: CommandServer) -> None:
    file = str(server.app(SLEEP))
    assert server.post({"file": file, "name": "next.r1"}).status_code == 201
    assert server.post({"file": file, "name": "next.r2"}).status_code == 400
    assert server.delete("/batches/next.r1?grace=0").status_code == 200

    assert server.post({"file": file, "name": "next.r2"}).status_code == 201


def test_other_installations_and_names_without_a_dot_are_not_guarded(server: CommandServer) -> None:
    file = str(server.app(SLEEP))
    names = ["here.r1", "there.r1", "here.more.r1", "plain", "simple", ".hidden", None]

    answers = [server.post({"file": file, "name": name} if name else {"file": file}) for name in names]

    assert [answer.status_code for answer in answers] == [201] * len(names)
    for answer in answers:
        assert server.delete(f"/batches/{answer.json()['id']}?grace=0").status_code == 200


def test_a_batch_that_ignores_its_stop_still_holds_the_place(server: CommandServer) -> None:
    server.submit(STUBBORN, name="held.r1")
    server.wait_for_output("held.r1", "up")
    assert server.delete("/batches/held.r1?fence=true&grace=600").status_code == 202

    refused = server.post({"file": str(server.app(SLEEP)), "name": "held.r2"})

    assert refused.status_code == 400
    assert "held.r1" in refused.json()["msg"]
    assert server.delete("/batches/held.r1?fence=true&grace=0").status_code == 200
