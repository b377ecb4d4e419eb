"""What is on follows the record, and what is off says why."""

from __future__ import annotations

import pytest

from pipeline_gui.pipeline.answers import ContactAnswer, StatusAnswer
from pipeline_gui.window.enablement import Kind, permissions
from tests.window.stand_in import REACHED, away, idle, running, unknown

Pressed = frozenset[Kind]
NOTHING: Pressed = frozenset()


def on(status: StatusAnswer | None, pending: Pressed = NOTHING, choice: str | None = "flights") -> set[Kind]:
    return {kind for kind, permission in permissions(status, pending, choice).items() if permission.enabled}


def why(kind: Kind, status: StatusAnswer | None) -> str:
    permission = permissions(status, NOTHING, "flights")[kind]
    assert not permission.enabled
    return permission.sentence


def test_nothing_is_on_before_the_record_is_read() -> None:
    assert on(None) == set()


def test_nothing_is_on_when_nothing_is_known() -> None:
    assert on(unknown()) == set()
    assert "not known" in why(Kind.START, unknown())
    assert "db.example" in why(Kind.STOP, unknown())


def test_nothing_is_on_where_the_record_can_only_be_read() -> None:
    newer: ContactAnswer = {**REACHED, "reason": "Update this program."}
    for status in (idle(database=newer), running(database=newer)):
        assert on(status) == set()
        assert why(Kind.START, status) == "Update this program."


def test_idle_start_is_on() -> None:
    assert on(idle()) == {Kind.START, Kind.CONFIRM_GONE}
    assert why(Kind.STOP, idle()) == "No pipeline is running."


def test_without_a_choice_start_is_off() -> None:
    assert Kind.START not in on(idle(), choice=None)


def test_running_stop_and_force_are_on() -> None:
    assert on(running()) == {Kind.STOP, Kind.FORCE, Kind.CONFIRM_GONE}
    assert "ana@ops-3" in why(Kind.START, running())


def test_a_run_of_another_program_can_only_be_released() -> None:
    foreign = running(ours=False, started_by=None)
    assert on(foreign) == {Kind.RELEASE, Kind.CONFIRM_GONE}
    assert "another program" in why(Kind.STOP, foreign)
    assert "ours" in why(Kind.RELEASE, running())


def test_stopping_says_who_asked_and_leaves_force_and_abandon() -> None:
    stopping = running(phase="stopping", stop_requested_by="ben@ops-1")
    assert on(stopping) == {Kind.FORCE, Kind.ABANDON, Kind.CONFIRM_GONE}
    assert "ben@ops-1" in why(Kind.STOP, stopping)


def test_out_of_reach_a_run_can_be_abandoned() -> None:
    assert Kind.ABANDON in on(running(spark=away("no answer")))
    assert Kind.ABANDON in on(running(phase="lost_contact"))
    assert "Stop it first" in why(Kind.ABANDON, running())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.START, idle()),
        (Kind.STOP, running()),
        (Kind.FORCE, running()),
        (Kind.ABANDON, running(phase="lost_contact")),
        (Kind.RELEASE, running(ours=False)),
        (Kind.CONFIRM_GONE, idle()),
    ],
)
def test_what_was_pressed_is_off_until_the_record_decides(kind: Kind, status: StatusAnswer) -> None:
    assert kind in on(status)
    assert kind not in on(status, frozenset({kind}))


def test_a_forced_stop_turns_the_plain_one_off_too() -> None:
    assert Kind.STOP not in on(running(), frozenset({Kind.FORCE}))
    assert Kind.FORCE in on(running(), frozenset({Kind.STOP}))
