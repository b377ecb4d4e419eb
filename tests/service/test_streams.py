"""What changes is told to everybody, once, and nobody misses a thing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest

from tests.command_server.harness import CommandServer, command_server
from tests.service.harness import SLEEPS, Service, Stream, stream
from tests.service.test_api import NOW, RUNS, STOP, code_of

EVENTS = "/api/pipeline/events"


def _hear_of_the_start(heard: Stream, run_id: str) -> None:
    """In whatever order: an event that is recorded while the state is read comes before the state that holds it."""
    missing = {"status", "run", "recorded"}
    while missing:
        name, data = heard.next()
        if data.get("run_id") == run_id:
            assert {"status": data.get("is_running"), "run": data.get("status") == "running"}.get(name, True)
            missing.discard(name)


def test_everybody_hears_at_once_what_anybody_does(service: Service) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(stream(service, EVENTS)) for _ in range(5)]
        for one in streams:
            assert one.until("status")["is_running"] is False
        run_id = service.start_run()
        for one in streams:
            _hear_of_the_start(one, run_id)
        service.post(STOP)
        for one in streams:
            assert one.until("recorded", kind="stop requested")["actor"].endswith("@127.0.0.1")
            assert one.until("recorded", new_status="stopped")["run_id"] == run_id
            assert one.last_id is not None


def test_all_of_them_take_one_connection_for_listening(service: Service) -> None:
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(stream(service, EVENTS)).until("status")
        rows = service.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query = 'LISTEN pipeline_runs'"
        )
    assert rows[0][0] <= 2  # this service, and the one with tokens


def test_what_another_program_does_is_told(service: Service) -> None:
    with stream(service, EVENTS) as heard:
        heard.until("status")
        service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('x', 'running', {NOW})")
        assert heard.until("status", is_running=True)["ours"] is False
        service.execute("DELETE FROM pipeline_runs")
        assert heard.until("deleted")["run_id"] == "x"
        service.execute("TRUNCATE pipeline_runs")
        heard.until("reload")


def test_what_was_missed_comes_first_and_nothing_twice(service: Service) -> None:
    with stream(service, EVENTS) as first:
        first.until("status")
        service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('a', 'running', {NOW})")
        seen = first.until("recorded", run_id="a")["event_id"]
        since = str(first.last_id)
    service.execute("UPDATE pipeline_runs SET status = 'failed' WHERE run_id = 'a'")
    service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('b', 'running', {NOW})")
    with stream(service, EVENTS, **{"Last-Event-ID": since}) as again:
        found = [again.until("recorded") for _ in range(2)]
        assert [(event["run_id"], event["new_status"]) for event in found] == [("a", "failed"), ("b", "running")]
        service.execute("UPDATE pipeline_runs SET status = 'completed' WHERE run_id = 'b'")
        assert again.until("recorded")["new_status"] == "completed"
        assert min(event["event_id"] for event in found) > seen


def test_an_event_that_is_committed_late_is_not_missed(service: Service) -> None:
    """Its id is smaller than one that was told already."""
    add = "INSERT INTO pipeline_run_events (run_id, kind) VALUES (%s, 'note') RETURNING event_id"
    with stream(service, EVENTS) as heard, psycopg.connect(service.database) as slow:
        heard.until("status")
        (early,) = slow.execute(add, ["slow"]).fetchone() or (0,)
        ((late,),) = service.execute(add, "quick")
        service.execute('NOTIFY pipeline_runs, \'{"run_id": null, "status": null}\'')
        assert heard.until("recorded", run_id="quick")["event_id"] == late > early
        gap = str(heard.last_id)
        slow.commit()
        assert heard.until("recorded")["event_id"] == early
    with stream(service, EVENTS, **{"Last-Event-ID": gap}) as resumed:
        assert resumed.until("recorded")["event_id"] == early
    with stream(service, EVENTS, **{"Last-Event-ID": str(heard.last_id)}) as resumed:
        service.execute(add, "next")
        assert resumed.until("recorded")["run_id"] == "next"


def test_who_missed_too_much_reads_anew(service: Service) -> None:
    (newest,) = service.execute("SELECT coalesce(max(event_id), 0) FROM pipeline_run_events")[0]
    with stream(service, EVENTS) as heard:
        service.execute(
            "INSERT INTO pipeline_run_events (run_id, kind) SELECT 'x', 'note' FROM generate_series(1, 1100)"
        )
        service.execute('NOTIFY pipeline_runs, \'{"run_id": null, "status": null}\'')
        while heard.until("recorded")["event_id"] != newest + 1100:
            continue
    with stream(service, EVENTS, **{"Last-Event-ID": str(newest)}) as again:
        assert "more than 1000" in again.until("reload")["reason"]
        assert str(again.last_id) == str(newest + 1100)


def test_an_id_that_is_none_is_refused(service: Service) -> None:
    assert code_of(service.get(EVENTS, headers={"Last-Event-ID": "x"}), 422) == "invalid"
    with stream(service, EVENTS, **{"Last-Event-ID": str(10**17)}) as of_another_database:
        assert "another database" in of_another_database.until("reload")["reason"]


def test_a_spark_that_goes_away_is_told_though_no_row_changes(
    begin: Callable[..., Service], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with command_server(tmp_path_factory.mktemp("own")) as server:
        service = begin(PIPELINE_GUI_SPARK_URL=server.url, PIPELINE_GUI_SPARK_TOKEN=server.token)
        with stream(service, EVENTS) as heard:
            while heard.until("status")["spark"]["reachable"] is not True:
                continue
            server.kill()
            while heard.until("status")["spark"]["reachable"] is not False:
                continue


def test_the_end_of_the_service_ends_the_streams(begin: Callable[..., Service]) -> None:
    service = begin()
    with stream(service, EVENTS) as heard:
        heard.until("status")
        assert service.end(timeout=10) == 0
        assert "ping" not in [kind for kind, _ in heard.rest()]  # it came to its end


# --- logs -------------------------------------------------------------------------------------------------------------

COUNTS = """
import sys, time
for number in range(40):
    print(f"out {number}", flush=True)
    print(f"err {number}", file=sys.stderr, flush=True)
print('at work', flush=True)
while not __import__('os').path.exists(sys.argv[1]):
    time.sleep(0.05)
for number in range(40, 60):
    print(f"out {number}", flush=True)
"""


@pytest.fixture
def counting(
    service: Service, spark_server: CommandServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """A run that has written its first lines, and the file that lets it write the others and end."""
    go = str(tmp_path_factory.mktemp("go") / "go")
    run_id = service.start_run(COUNTS, args=[go])
    spark_server.wait_for_output(service.batch_name(run_id), "at work")
    return run_id, go


def numbered(lines: list[str], name: str) -> list[int]:
    """The numbers of the lines of one kind, in their order."""
    return [int(line.split()[1]) for line in lines if line.startswith(name)]


def test_a_log_is_followed_to_its_end(service: Service, counting: tuple[str, str]) -> None:
    run_id, go = counting
    lines: list[str] = []
    with stream(service, f"{RUNS}/{run_id}/log") as followed:
        while "at work" not in lines:
            lines += followed.until("lines")["lines"]
        open(go, "w").close()
        for kind, data in followed.rest():
            lines += data["lines"] if kind == "lines" else []
            ended = data
    assert kind == "end"
    assert ended["status"] == "completed"
    assert numbered(lines, "out") == list(range(60))
    assert numbered(lines, "err") == list(range(40))


def test_a_log_goes_on_where_it_broke_off(service: Service, counting: tuple[str, str]) -> None:
    run_id, go = counting
    with stream(service, f"{RUNS}/{run_id}/log") as first:
        lines: list[str] = []
        while len(numbered(lines, "err")) < 40 or "at work" not in lines:
            lines += first.until("lines")["lines"]
    open(go, "w").close()
    service.wait_for_status(run_id, "completed")
    with stream(service, f"{RUNS}/{run_id}/log", **{"Last-Event-ID": str(first.last_id)}) as again:
        more = [line for kind, data in again.rest() if kind == "lines" for line in data["lines"]]
    assert numbered(more, "out") == list(range(40, 60))
    assert numbered(more, "err") in ([], [39])  # its last line may have been unfinished


def test_of_a_long_log_the_end_is_enough(service: Service, counting: tuple[str, str]) -> None:
    run_id, go = counting
    open(go, "w").close()
    service.wait_for_status(run_id, "completed")
    with stream(service, f"{RUNS}/{run_id}/log?tail=5") as tail:
        (kind, data), *others = tail.rest()
        assert (kind, len(data["lines"])) == ("lines", 5)
        assert data["skipped"] > 90
        assert [kind for kind, _ in others] == ["end"]
    with stream(service, f"{RUNS}/{run_id}/log?from=55") as part:
        lines = [line for kind, data in part.rest() if kind == "lines" for line in data["lines"]]
    assert numbered(lines, "out") == [54, 55, 56, 57, 58, 59]  # 40 lines, “at work”, and 14 more
    assert numbered(lines, "err") == list(range(40))


def test_the_log_of_a_run_that_is_not_there_is_no_stream(service: Service) -> None:
    answer = service.get(f"{RUNS}/never/log", headers={"Accept": "text/event-stream"})
    assert code_of(answer, 404) == "not-found"


def test_another_programs_log_has_an_end_at_once(service: Service) -> None:
    service.execute(f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('theirs', 'failed', {NOW})")
    with stream(service, f"{RUNS}/theirs/log") as followed:
        assert [kind for kind, _ in followed.rest()] == ["trouble", "end"]


def test_many_follow_one_log_and_status_stays_quick(service: Service) -> None:
    run_id = service.start_run("for n in range(20000):\n    print('line', n)\n" + SLEEPS)
    found: list[int] = []

    def follow() -> None:
        with stream(service, f"{RUNS}/{run_id}/log") as followed:
            lines: list[str] = []
            while "at work" not in lines:
                lines += followed.until("lines")["lines"]
            found.append(len(numbered(lines, "line")))

    threads = [threading.Thread(target=follow) for _ in range(6)]
    for thread in threads:
        thread.start()
    took = [service.get("/api/pipeline/status").elapsed.total_seconds() for _ in range(10)]
    for thread in threads:
        thread.join(40)
    assert found == [20_000] * 6
    assert sorted(took)[5] < 2
