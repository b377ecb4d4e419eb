"""Two writers at once, truly interleaved: one has changed and not committed, the other waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.errors import RunBusy, StoreUnavailable
from pipeline_gui.pipeline.ports import EngineChange
from pipeline_gui.pipeline.run import Phase, RunStatus
from pipeline_gui.store import writing
from pipeline_gui.store.session import Timeouts
from pipeline_gui.store.store import PostgresStore, open_store
from tests.store.conftest import ANA, BEN, new_run
from tests.waiting import wait_until

Execute = Callable[..., list[tuple[Any, ...]]]

CHANGE: dict[str, Any] = {
    "run_id": "r1", "rev": 1, "phase": None, "generation": None, "batch_id": 7, "application_id": None, "unclear": None,
    "contact_lost": None, "progress": None, "summary": '{"by": "first"}',
}  # fmt: skip
STOP: dict[str, Any] = {
    "reason": None,
    "run_id": "r1",
    "rev": None,
    "grace_seconds": 1.0,
    "who": "ben@ops-1",
    "face": "window",
}
SETTLE: dict[str, Any] = {
    "run_id": "r1", "rev": None, "status": "completed", "ended_ago": 0.0, "error_message": None, "summary": "{}",
    "gone": True, "abandoned": False, "exit_code": 0,
}  # fmt: skip


@pytest.fixture
def first(database: str, store: PostgresStore) -> Iterator[psycopg.Connection]:
    """Another process of ours, within its transaction; the run r1 is recorded at rev 1."""
    store.insert(new_run("r1"), ANA)
    with psycopg.connect(database) as connection:
        yield connection


@pytest.fixture
def second(execute: Execute) -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Begins a call in a thread and returns when it waits for a lock."""
    with ThreadPoolExecutor(1) as pool:

        def begin(call: Callable[[], Any]) -> Future[Any]:
            future = pool.submit(call)
            wait_until(
                lambda: execute(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                ),
                what="the second writer's wait for a lock",
            )
            assert not future.done()
            return future

        yield begin


def test_of_two_changes_from_one_rev_the_second_is_lost(first: Any, second: Any, store: PostgresStore) -> None:
    assert first.execute(writing.CHANGE, CHANGE).fetchall() == [(2,)]
    waiting = second(lambda: store.change("r1", 1, EngineChange(batch_id=8, summary={"by": "second"}), BEN))
    first.commit()

    assert waiting.result(10) is None
    record = store.find("r1")
    assert record is not None
    assert record.engine is not None
    assert (record.engine.rev, record.engine.batch_id) == (2, 7)
    assert (record.run.metadata or {})["by"] == "first"


def test_when_the_first_gives_up_the_second_wins(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute(writing.CHANGE, CHANGE)
    waiting = second(lambda: store.change("r1", 1, EngineChange(batch_id=8), BEN))
    first.rollback()

    assert waiting.result(10) == 2


def test_a_change_that_waited_for_an_end_is_lost(first: Any, second: Any, store: PostgresStore) -> None:
    assert len(first.execute(writing.SETTLE, SETTLE).fetchall()) == 1
    waiting = second(lambda: store.change("r1", 1, EngineChange(phase=Phase.RUNNING), BEN))
    first.commit()

    assert waiting.result(10) is None
    record = store.find("r1")
    assert record is not None
    assert record.run.status == "completed"


def test_of_two_ends_one_is_recorded(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute(writing.SETTLE, SETTLE)
    waiting = second(lambda: store.settle("r1", None, Ending(RunStatus.FAILED, gone=True, error_message="no"), BEN))
    first.commit()

    assert waiting.result(10) is None
    assert [event.new_status for event in store.events("r1")] == ["running", "completed"]


def test_an_end_that_waited_for_a_stop_knows_of_the_stop(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute(writing.REQUEST_STOP, STOP)
    waiting = second(lambda: store.settle("r1", None, Ending(RunStatus.STOPPED, gone=True, ended_ago=0.0), ANA))
    first.commit()

    record = waiting.result(10)
    assert record is not None
    assert record.engine is not None
    assert (record.run.status, record.engine.rev) == ("stopped", 3)
    assert (record.run.metadata or {})["stopped_by"] == "ben@ops-1"
    assert record.engine.stop_requested_by == "ben@ops-1"


def test_a_stop_that_waited_for_an_end_finds_nothing_to_stop(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute(writing.SETTLE, SETTLE)
    waiting = second(lambda: store.request_stop("r1", 0.0, BEN))
    first.commit()

    assert waiting.result(10) is None
    assert "stop requested" not in [event.kind for event in store.events("r1")]


def test_an_end_that_waited_for_another_programs_end_is_lost(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute("UPDATE pipeline_runs SET status = 'stopped'")
    waiting = second(lambda: store.settle("r1", None, Ending(RunStatus.COMPLETED, gone=True), ANA))
    first.commit()

    assert waiting.result(10) is None
    record = store.find("r1")
    assert record is not None
    assert (record.run.status, record.engine and record.engine.rev) == ("stopped", 1)


def test_a_start_that_waited_for_a_start_is_busy(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute("DELETE FROM pipeline_runs")
    first.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('other', 'running')")
    waiting = second(lambda: store.insert(new_run("late"), BEN))
    first.commit()

    with pytest.raises(RunBusy, match="other"):
        waiting.result(10)


def test_a_start_that_waited_for_an_end_gets_the_place(first: Any, second: Any, store: PostgresStore) -> None:
    first.execute(writing.SETTLE, SETTLE)
    waiting = second(lambda: store.insert(new_run("next"), BEN))
    first.commit()

    assert waiting.result(10).record.run.run_id == "next"


def test_a_lock_that_is_never_given_ends_in_a_sentence(first: Any, database: str) -> None:
    first.execute("UPDATE pipeline_runs SET command = 'held by another program'")
    impatient = open_store(database, application_name="tests", max_connections=1, timeouts=Timeouts(lock=0.2))

    with pytest.raises(StoreUnavailable, match=r"holds a lock.*nothing was recorded") as refused:
        impatient.request_stop("r1", None, BEN)

    assert refused.value.reason == "unreachable"
    first.rollback()
    assert impatient.request_stop("r1", None, BEN) is not None
    assert impatient.contact().reachable
    impatient.close()
