"""Which server answers, whether it answers, and what it can promise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.ports import BatchState, Contact
from pipeline_gui.spark.factory import connect_spark
from pipeline_gui.spark.livy import LivyServer
from tests.spark.conftest import CONFIGURATION, NAME
from tests.spark.fault_server import Behaviour, FaultServer, answer, close, html_answer, in_turn, json_answer
from tests.spark.plain_livy import PlainLivy

EMPTY_LIST = {"from": 0, "total": 0, "sessions": []}


def version(generation: str = "g1", header: str | None = "same") -> Behaviour:
    """The answer of our own server."""
    headers = {} if header is None else {"X-Pipeline-Generation": generation if header == "same" else header}
    body = {"version": "0.1.0", "generation": generation, "kind": "pipeline-gui", "spark": "4.3.0", "master": "local"}
    return json_answer(body, headers=headers)


def fence(status: int = 200, header: str | None = "g1", **other: Any) -> Behaviour:
    """An answer to a fence, of a batch that never started."""
    body = {
        "name": NAME, "generation": "g1", "state": None, "started": False, "signalled": False, "exitCode": None,
        "endedAgo": None, **other,
    }  # fmt: skip
    return json_answer(body, status, {} if header is None else {"X-Pipeline-Generation": header})


# --- identity -------------------------------------------------------------------------------------------------------


def test_our_server_is_asked_once(faulty: FaultServer) -> None:
    faulty.behaviour = version()
    server = LivyServer(faulty.url)
    first, again = server.identity(), server.identity()
    assert first == again
    assert (first.url, first.generation, first.version, first.can_fence) == (faulty.url, "g1", "0.1.0", True)
    assert [request.path for request in faulty.requests] == ["/version"]


def test_a_plain_livy_has_no_generation(livy: PlainLivy) -> None:
    identity = LivyServer(livy.url).identity()
    assert (identity.generation, identity.version, identity.can_fence) == (None, "0.9.0-incubating", False)


@pytest.mark.parametrize("page", [html_answer(404), json_answer({"msg": "no"}, 404), html_answer(200), json_answer([])])
def test_a_livy_without_a_version_shows_itself_by_its_list(faulty: FaultServer, page: Behaviour) -> None:
    faulty.behaviour = in_turn(page, json_answer(EMPTY_LIST))
    assert LivyServer(faulty.url).identity().generation is None


@pytest.mark.parametrize(
    "behaviour",
    [
        html_answer(404),
        html_answer(200, "Welcome"),
        html_answer(401),
        json_answer({"msg": "no"}, 403),
        html_answer(503),
        json_answer({"sessions": []}),
        json_answer({"version": "1", "kind": "pipeline-gui"}),
        json_answer({"version": "1", "kind": "pipeline-gui", "generation": "\x00"}),
        answer(302, headers={"Location": "/login"}),
        close,
    ],
)
def test_what_is_no_livy_has_no_identity(faulty: FaultServer, behaviour: Behaviour) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnavailable):
        LivyServer(faulty.url).identity()


def test_every_later_answer_says_which_server_it_is(faulty: FaultServer) -> None:
    faulty.behaviour = version()
    server = LivyServer(faulty.url)
    server.identity()
    faulty.behaviour = json_answer({"msg": f"Session '{NAME}' not found."}, 404, {"X-Pipeline-Generation": "g2"})
    assert server.find(NAME) is None
    assert server.identity().generation == "g2"
    faulty.behaviour = json_answer({"msg": "x"}, 500, {"X-Pipeline-Generation": "g3"})
    with pytest.raises(SparkUnavailable):
        server.find(NAME)
    assert server.identity().generation == "g3"
    assert sum(request.path == "/version" for request in faulty.requests) == 1


def test_a_proxys_page_does_not_change_the_identity(faulty: FaultServer) -> None:
    faulty.behaviour = in_turn(version(), html_answer(502))
    server = LivyServer(faulty.url)
    server.identity()
    with pytest.raises(SparkUnavailable):
        server.find(NAME)
    assert server.identity().generation == "g1"
    assert faulty.connections == 2


def test_another_server_at_the_same_address_is_asked_again(faulty: FaultServer) -> None:
    faulty.behaviour = in_turn(version(), json_answer(EMPTY_LIST), json_answer({"version": "0.9.0"}))
    server = LivyServer(faulty.url)
    server.identity()
    assert server.alive("x") == []
    assert server.identity().generation is None


def test_asking_afresh_asks(faulty: FaultServer) -> None:
    faulty.behaviour = in_turn(version(), version("g2"))
    server = LivyServer(faulty.url)
    assert server.identity().generation == "g1"
    assert server.identity(fresh=True).generation == "g2"
    faulty.behaviour = close
    with pytest.raises(SparkUnavailable):
        server.identity(fresh=True)


# --- fence ----------------------------------------------------------------------------------------------------------


def fencing(faulty: FaultServer, behaviour: Behaviour) -> LivyServer:
    faulty.behaviour = in_turn(version(), behaviour)
    return LivyServer(faulty.url)


def test_a_name_that_never_started(faulty: FaultServer) -> None:
    fenced = fencing(faulty, fence()).fence(NAME, 2.5)
    assert (fenced.name, fenced.generation, fenced.done, fenced.started) == (NAME, "g1", True, False)
    assert (faulty.requests[1].method, faulty.requests[1].path) == ("DELETE", f"/batches/{NAME}?fence=true&grace=2.5")


def test_a_fence_in_progress(faulty: FaultServer) -> None:
    fenced = fencing(faulty, fence(202, started=True, state="running", signalled=True)).fence(NAME, 0)
    assert (fenced.done, fenced.started, fenced.state, fenced.signalled) == (False, True, BatchState.RUNNING, True)
    assert faulty.requests[1].path.endswith("grace=0")


def test_an_ended_batch(faulty: FaultServer) -> None:
    ended = fence(started=True, state="success", exitCode=0, endedAgo=3.5)
    fenced = fencing(faulty, ended).fence(NAME, 0)
    assert (fenced.done, fenced.state, fenced.exit_code, fenced.ended_ago) == (True, BatchState.SUCCESS, 0, 3.5)


@pytest.mark.parametrize(
    "behaviour",
    [
        fence(name="another"),
        fence(started=True, state="running"),
        fence(started=True, state=None),
        fence(started=True, state="dancing"),
        fence(started="yes"),
        fence(generation=None),
        fence(201),
        html_answer(200),
        html_answer(404),
        html_answer(200, headers={"X-Pipeline-Generation": "g1"}),
        json_answer({"msg": "no"}, 401),
        json_answer({"msg": "x"}, 500),
        json_answer({"msg": "deleted"}, 200, {"X-Pipeline-Generation": "g1"}),
        json_answer({"msg": f"Session '{NAME}' not found."}, 404, {"X-Pipeline-Generation": "g1"}),
        close,
    ],
)
def test_nothing_else_is_a_fence(faulty: FaultServer, behaviour: Behaviour) -> None:
    server = fencing(faulty, behaviour)
    with pytest.raises((SparkUnavailable, SparkRefused)):
        server.fence(NAME, 0)


def test_a_plain_livy_is_not_even_asked_to_fence(livy: PlainLivy) -> None:
    server = LivyServer(livy.url)
    server.submit(NAME, CONFIGURATION, 20)
    with pytest.raises(SparkRefused, match="can't promise"):
        server.fence(NAME, 0)
    assert livy.named(NAME).state == "running"


@pytest.mark.parametrize(
    "instead",
    [json_answer({"msg": "deleted"}), json_answer({"msg": f"Session '{NAME}' not found."}, 404)],
    ids=["deleted", "absent"],
)
def test_a_plain_livy_that_took_the_place_of_ours_promises_nothing(faulty: FaultServer, instead: Behaviour) -> None:
    server = fencing(faulty, instead)
    with pytest.raises(SparkRefused, match="can't promise"):
        server.fence(NAME, 0)
    faulty.behaviour = json_answer({"version": "0.9.0"})
    assert server.identity().generation is None


# --- kill -----------------------------------------------------------------------------------------------------------


def test_a_kill_is_livys_delete_by_name(livy: PlainLivy) -> None:
    server = LivyServer(livy.url)
    server.submit(NAME, CONFIGURATION, 20)
    server.kill(NAME)
    assert (livy.requests[-1].method, livy.requests[-1].path) == ("DELETE", f"/batches/{NAME}")
    assert server.find(NAME) is None
    server.kill(NAME)


@pytest.mark.parametrize("behaviour", [html_answer(404), html_answer(502), json_answer({"msg": "no"}, 403), close])
def test_a_kill_that_was_not_taken(faulty: FaultServer, behaviour: Behaviour) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnavailable):
        LivyServer(faulty.url).kill(NAME)


# --- contact --------------------------------------------------------------------------------------------------------


def test_contact_tells_since_when_and_why(faulty: FaultServer) -> None:
    server = LivyServer(faulty.url)
    assert server.contact() == Contact(None, None, None)
    faulty.behaviour = json_answer({"msg": f"Session '{NAME}' not found."}, 404)
    server.find(NAME)
    good = server.contact()
    assert (good.reachable, good.reason) == (True, None)
    server.find(NAME)
    assert server.contact() == good
    faulty.behaviour = close
    for _ in range(2):
        with pytest.raises(SparkUnavailable):
            server.find(NAME)
    lost = server.contact()
    assert lost.reachable is False
    assert "broke before its answer" in str(lost.reason)
    assert good.since is not None
    assert lost.since is not None
    assert lost.since >= good.since
    faulty.behaviour = json_answer({"msg": "Rejected, Reason: R"}, 400)
    with pytest.raises(SparkRefused):
        server.submit(NAME, CONFIGURATION, 20)
    assert server.contact().reachable is True
    faulty.behaviour = json_answer({"msg": "No token."}, 401)
    with pytest.raises(SparkRefused):
        server.submit(NAME, CONFIGURATION, 20)
    assert server.contact().reachable is False


def test_a_name_that_can_not_be_asked_for_says_nothing_of_the_server(livy: PlainLivy) -> None:
    server = LivyServer(livy.url)
    for action in (server.find, server.kill, server.log):
        with pytest.raises(SparkUnavailable):
            action("")
    assert server.contact().reachable is None


def test_threads_share_a_server(livy: PlainLivy) -> None:
    server = LivyServer(livy.url)

    def work(number: int) -> bool:
        name = f"installation.run-{number}"
        server.submit(name, CONFIGURATION, 10)
        for _ in range(10):
            found = server.find(name)
            assert found is not None
            assert found.name == name
            assert server.identity(fresh=True).generation is None
        return True

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(work, range(12)))


# --- factory --------------------------------------------------------------------------------------------------------


def test_kinds_of_servers() -> None:
    assert connect_spark("livy", "http://spark:8998/").url == "http://spark:8998"
    with pytest.raises(ConfigurationInvalid, match="not supported yet") as caught:
        connect_spark("standalone", "http://spark:6066")
    assert caught.value.field == "spark_kind"
    with pytest.raises(ConfigurationInvalid, match="no kind of Spark server 'yarn'"):
        connect_spark("yarn", "http://spark")


def test_nothing_is_asked_by_making_a_client(faulty: FaultServer) -> None:
    connect_spark("livy", "https://no.such.host.example", "token").close()  # it could not even be found
    faulty.behaviour = version()
    server = connect_spark("livy", faulty.url, "token")
    assert server.contact() == Contact(None, None, None)
    server.close()
    LivyServer(faulty.url).identity()  # who asked anything before stands in front of this one
    assert [request.path for request in faulty.requests] == ["/version"]
