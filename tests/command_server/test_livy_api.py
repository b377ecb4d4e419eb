"""Livy's batch API as its clients know it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from livy.batch import LivyBatch
from livy.client import LivyClient
from livy.models import SessionState

from tests.command_server.harness import CommandServer

LIVY_KEYS = {"id", "name", "owner", "proxyUser", "state", "appId", "appInfo", "log"}
OWN_KEYS = {"exitCode", "signal", "signalled", "startedAgo", "endedAgo", "generation", "reason"}


def test_a_batch_has_every_key_and_its_location(server: CommandServer) -> None:
    file = server.app("print('hello')")
    answer = server.post({"file": str(file), "name": "shape", "args": [1, True, "x"], "proxyUser": None})

    assert answer.status_code == 201
    batch = answer.json()
    assert set(batch) == LIVY_KEYS | OWN_KEYS
    assert set(batch["appInfo"]) == {"driverLogUrl", "sparkUiUrl", "executorLogUrls", "driverUiPort", "driverUiHost"}
    assert answer.headers["Location"] == f"/batches/{batch['id']}"
    assert batch["state"] in ("starting", "running")
    ended = server.wait_for_state("shape", "success")
    assert (ended["exitCode"], ended["signal"], ended["signalled"], ended["reason"]) == (0, None, False, None)
    assert 0 <= ended["endedAgo"] <= ended["startedAgo"]


@pytest.mark.parametrize("code", [1, 3, 143])
def test_an_exit_code_makes_a_batch_dead(server: CommandServer, code: int) -> None:
    batch = server.submit(f"raise SystemExit({code})")

    ended = server.wait_for_state(batch["id"], "dead", "success")

    assert (ended["state"], ended["exitCode"], ended["signalled"]) == ("dead", code, False)
    assert str(code) in ended["reason"]


def test_a_program_that_is_not_there_makes_a_batch_dead(own_server: CommandServer) -> None:
    submit = own_server.folder / "stand-in-spark" / "bin" / "spark-submit"
    submit.write_text("#!/no/such/interpreter\n")

    batch = own_server.submit()

    ended = own_server.wait_for_state(batch["id"], "dead")
    assert "could not be started" in ended["reason"]
    assert ended["exitCode"] is None


def test_arguments_reach_the_application_as_they_are(server: CommandServer) -> None:
    arguments = ["-x", "--master", "@/etc/passwd", "$(id); `id` | & > <", "a b", "", "*", "ü", "'\"\\", "line\nbreak"]
    batch = server.submit("import sys, json; print(json.dumps(sys.argv[1:]))", args=arguments)

    server.wait_for_state(batch["id"], "success")

    assert json.loads(server.get(f"/batches/{batch['id']}/output/stdout").text) == arguments


def test_scalars_are_coerced(server: CommandServer) -> None:
    numbers: dict[str, Any] = {"driverCores": "4", "numExecutors": 2.0, "conf": {"spark.x": 3}}
    batch = server.submit("import sys; print(sys.argv[1:])", args=[1, 2.5, True], **numbers)

    assert "['1', '2.5', 'true']" in server.wait_for_output(batch["id"], "]")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"file": "/x", "unknownKey": 1}',
        b'{"file": ["/x"]}',
        b'{"file": "/x", "args": "not a list"}',
        b'{"file": "/x", "args": [null]}',
        b'{"file": "/x", "args": [{"a": 1}]}',
        b'{"file": "/x", "driverCores": "many"}',
        b'{"file": "/x", "driverCores": true}',
        b'{"file": "/x", "conf": []}',
        b'{"file": "/x", "conf": {"a": ["b"]}}',
        b'{"file": "/x", "name": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_body_is_answered_with_a_bare_string(server: CommandServer, body: bytes) -> None:
    answer = server.request("POST", "/batches", data=body)

    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


@pytest.mark.parametrize("name", ["12", "", " ", ".", "..", "a/b", "a\nb", "a\x00b", "x" * 513])
def test_names_that_could_not_be_asked_for_are_refused(server: CommandServer, name: str) -> None:
    answer = server.post({"file": str(server.app("")), "name": name})

    assert answer.status_code == 400
    assert answer.json()["msg"].startswith("Rejected, Reason: Invalid session name: ")


def test_a_missing_file_key_is_refused_in_livys_words(server: CommandServer) -> None:
    answer = server.post({"name": "no-file"})

    assert answer.status_code == 400
    assert answer.json() == {"msg": "Rejected, Reason: requirement failed: File is required."}


def test_a_name_is_never_free_again(server: CommandServer) -> None:
    batch = server.submit(name="once")
    server.wait_for_state("once", "success")
    assert server.delete("/batches/once").status_code == 200

    again = server.post({"file": str(server.app("")), "name": "once"})

    assert again.status_code == 400
    reason = f"Rejected, Reason: Duplicate session name: Some(once) for session {batch['id']}"
    assert again.json() == {"msg": reason}


def test_a_batch_is_found_by_id_and_by_name(server: CommandServer) -> None:
    batch = server.submit(name="find me.ü 1")

    assert server.batch(batch["id"])["name"] == "find me.ü 1"
    assert server.batch("find me.ü 1")["id"] == batch["id"]
    state = server.get("/batches/find me.ü 1/state").json()
    assert set(state) == {"id", "state"}
    assert state["id"] == batch["id"]


@pytest.mark.parametrize("session", ["99999", "no-such-name", "99999999999999999999999999", "²"])
@pytest.mark.parametrize("rest", ["", "/state", "/log", "/output/stdout", "/ui/"])
def test_an_unknown_batch_is_absent_in_livys_words(server: CommandServer, session: str, rest: str) -> None:
    answer = server.get(f"/batches/{session}{rest}")

    assert answer.status_code == 404
    assert answer.json() == {"msg": f"Session '{session}' not found."}


def test_deleting_an_unknown_batch_is_absent_too(server: CommandServer) -> None:
    answer = server.delete("/batches/nobody")

    assert (answer.status_code, answer.json()) == (404, {"msg": "Session 'nobody' not found."})


def test_delete_kills_and_the_batch_keeps_answering(server: CommandServer) -> None:
    batch = server.submit("import time; print('up', flush=True); time.sleep(600)")
    server.wait_for_output(batch["id"], "up")

    answer = server.delete(f"/batches/{batch['id']}")

    assert (answer.status_code, answer.json()) == (200, {"msg": "deleted"})
    ended = server.batch(batch["id"])
    assert (ended["state"], ended["signalled"], ended["exitCode"]) == ("killed", True, 143)
    assert server.pids(batch["id"]) == []
    assert server.delete(f"/batches/{batch['id']}").json() == {"msg": "deleted"}
    assert server.batch(batch["id"])["state"] == "killed"


def test_the_list_is_paged_oldest_first(own_server: CommandServer) -> None:
    for number in range(5):
        own_server.submit(name=f"n{number}")

    def page(query: str) -> tuple[int, int, list[int]]:
        body = own_server.get(f"/batches{query}").json()
        return body["from"], body["total"], [batch["id"] for batch in body["sessions"]]

    assert page("") == (0, 5, [0, 1, 2, 3, 4])
    assert page("?from=1&size=2") == (1, 5, [1, 2])
    assert page("?from=7") == (7, 5, [])
    assert page("?from=-2&size=4") == (-2, 5, [0, 1])
    assert page("?size=-1") == (0, 5, [])


def test_the_list_can_be_of_the_living_only(own_server: CommandServer) -> None:
    own_server.submit(name="short")
    own_server.submit("import time; time.sleep(600)", name="long")
    own_server.wait_for_state("short", "success")

    body = own_server.get("/batches?alive=true").json()

    assert [batch["name"] for batch in body["sessions"]] == ["long"]
    assert body["total"] == 1


@pytest.mark.parametrize("query", ["from=x", "size=1.5", "from=", "alive=maybe"])
def test_a_wrong_parameter_is_named(server: CommandServer, query: str) -> None:
    answer = server.get(f"/batches?{query}")

    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["msg"]


def test_the_log_has_livys_headings_and_pages(server: CommandServer) -> None:
    batch = server.submit("import sys; print('a\\nb'); print('c', file=sys.stderr); raise SystemExit(0)")
    server.wait_for_state(batch["id"], "success")
    submitted = server.get(f"/batches/{batch['id']}/output/stderr").text.split("\n")[0]
    whole = ["stdout: ", "a", "b", "\nstderr: ", submitted, "c"]

    def log(query: str) -> tuple[int, int, list[str]]:
        body = server.get(f"/batches/{batch['id']}/log{query}").json()
        assert body["id"] == batch["id"]
        return body["from"], body["total"], body["log"]

    assert log("") == (0, 6, whole)
    assert log("?size=-1") == (0, 6, whole)
    assert log("?size=2") == (4, 6, whole[4:])
    assert log("?from=-1&size=3") == (3, 6, whole[3:])
    assert log("?from=0&size=0") == (0, 6, [])
    assert log("?from=6") == (6, 6, [])
    for first in range(6):
        for size in range(1, 7):
            assert log(f"?from={first}&size={size}") == (first, 6, whole[first : first + size])
    assert server.batch(batch["id"])["log"] == whole


def test_version_names_the_server(server: CommandServer) -> None:
    body = server.get("/version").json()

    assert set(body) == {"version", "generation", "kind", "spark", "master"}
    assert (body["kind"], body["spark"], body["master"]) == ("pipeline-gui", "0.0.0", "local[2]")


def test_pylivy_drives_the_server(server: CommandServer) -> None:
    session = requests.Session()
    session.headers.update(server.headers)
    with session:
        client = LivyClient(server.url, requests_session=session)
        batch = client.create_batch(
            file=str(server.app("print('from pylivy')")), args=["1"], name="pylivy", num_executors=2
        )
        ended = LivyBatch(server.url, batch.batch_id, requests_session=session)
        ended.wait()

        assert ended.state is SessionState.SUCCESS
        assert "from pylivy" in client.get_batch_log(batch.batch_id).lines
        assert batch.batch_id in [each.batch_id for each in client.list_batches()]
        client.delete_batch(batch.batch_id)
        assert client.get_batch(123_456) is None
