"""A wait shows the log and says once what is away; it ends with the run."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence

import pytest

from pipeline_gui.pipeline.answers import RunAnswer, StatusAnswer
from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable, StoreUnavailable
from pipeline_gui.terminal import guard, waiting
from pipeline_gui.terminal.waiting import RunWait
from tests.terminal.stand_ins import RUN_ID, StandInController, run_answer, status_answer, unknown_answer


class Recorded:
    """A display that keeps what it is given."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.notes: list[str] = []
        self.states: list[StatusAnswer] = []

    def lines(self, lines: Sequence[str]) -> None:
        self.shown += lines

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, status: StatusAnswer) -> None:
        self.states.append(status)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.0)


def wait(controller: StandInController, display: Recorded) -> RunAnswer | None:
    return RunWait(controller, RUN_ID, display, with_log=True, is_log_kept_whole=lambda: True).until_ended()


def test_the_log_is_shown_whole_and_harmless_until_the_end() -> None:
    idle = status_answer(is_running=False, run_id=None, status=None)
    controller = StandInController([status_answer(), status_answer(), idle], [run_answer()])
    numbers = iter(range(100))
    controller.before_status = lambda: controller.log.append(f"\x1b[31mline {next(numbers)}\x1b]0;title\x07\x9b2J")
    display = Recorded()
    run = wait(controller, display)
    assert run is not None
    assert run["status"] == "completed"
    assert display.shown == ["line 0", "line 1", "line 2"]
    assert [state["run_id"] for state in display.states] == [RUN_ID, RUN_ID]
    assert display.notes == []


def test_what_is_away_is_said_once_and_the_wait_goes_on() -> None:
    idle = status_answer(is_running=False, run_id=None, status=None)
    controller = StandInController(
        [unknown_answer(), unknown_answer(), status_answer(), idle, idle],
        [StoreUnavailable("The connection was lost."), run_answer(status="failed", error_message="no such column")],
    )
    away = SparkUnavailable("Spark does not answer.")
    controller.log_errors = [away, away, None, None]
    display = Recorded()
    run = wait(controller, display)
    assert run is not None
    assert run["error_message"] == "no such column"
    assert [note.split(".")[0] for note in display.notes] == [
        "Can't reach PostgreSQL", "Spark does not answer", "The database answers again", "Spark answers again",
        "The connection was lost", "The database answers again",
    ]  # fmt: skip


def test_another_run_that_began_meanwhile_is_not_waited_for() -> None:
    controller = StandInController([status_answer(run_id="next-1")], [run_answer(status="stopped")])
    run = wait(controller, Recorded())
    assert run is not None
    assert run["status"] == "stopped"


def test_a_row_that_was_deleted_ends_the_wait() -> None:
    controller = StandInController([status_answer(is_running=False, run_id=None)], [None])
    assert wait(controller, Recorded()) is None


def test_a_log_that_is_not_there_yet_is_nothing_to_tell() -> None:
    idle = status_answer(is_running=False, run_id=None)
    controller = StandInController([status_answer(), status_answer(), idle], [run_answer()], ["up"])
    controller.log_errors = [SparkRefused("Spark has no log.", status_code=404)]
    display = Recorded()
    wait(controller, display)
    assert (display.shown, display.notes) == (["up"], [])


@pytest.fixture
def ends_on_sigterm() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    guard.exit_on_termination()
    yield
    for name, handler in before.items():
        signal.signal(name, handler)
    guard._ended_by.clear()


def test_an_end_that_was_swallowed_ends_the_wait_all_the_same(ends_on_sigterm: None) -> None:
    controller = StandInController([status_answer()] * 9, [run_answer()])

    def swallow() -> None:
        with contextlib.suppress(SystemExit):  # as Python does where a finalizer runs
            os.kill(os.getpid(), signal.SIGTERM)

    controller.before_status = swallow
    with pytest.raises(SystemExit) as ended:
        wait(controller, Recorded())
    assert ended.value.code == 143
