"""What an alert says."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_gui.pipeline.alert import Condition
from pipeline_gui.pipeline.alert_texts import compose, condition_text, sentence_of
from pipeline_gui.pipeline.expectation import expectation
from pipeline_gui.pipeline.past_runs import PastRun, PastRuns
from pipeline_gui.pipeline.run import RunStatus
from tests.alerts.letters import claimed, message


def past(*seconds: float, status: RunStatus = RunStatus.COMPLETED) -> PastRuns:
    return PastRuns("flights", tuple(PastRun(f"r{n}", status, None, each) for n, each in enumerate(seconds)))


def test_a_failure_has_the_runs_facts_and_a_link() -> None:
    letter = compose(claimed(), "inst", system="production", public_url="https://p.example")
    assert letter.title == "[production] ✖ “flights” failed after 12 min 44 s: no such column: dep"
    assert letter.key == "inst-7"
    assert letter.text == (
        "“flights” failed after 12 min 44 s: no such column: dep\n\n"
        "Pipeline:   flights\nRun:        flights-7\nStarted:    2026-11-24 02:00:00 UTC\n"
        "By:         ana@ops-3 (window)\n"
        "Ended:      2026-11-24 02:12:44 UTC\nLasted:     12 min 44 s\nAlert:      Nightly\n"
        "Noticed:    2026-11-24 02:12:45 UTC\n\nhttps://p.example/#run=flights-7"
    )
    assert letter.link == "https://p.example/#run=flights-7"
    assert letter.body["kind"] == "alert"
    [alert] = letter.body["alerts"]
    assert (alert["run_id"], alert["facts"]["duration"]) == ("flights-7", 764.0)


def test_without_a_public_address_there_is_no_link() -> None:
    letter = compose(claimed(), "inst", system=None, public_url=None)
    assert letter.link is None
    assert "http" not in letter.text


def test_a_digest_says_all_in_order_under_the_firsts_key() -> None:
    letter = compose(claimed(*(message(n) for n in (3, 4, 5, 6))), "inst", system=None, public_url=None)
    assert letter.key == "inst-3"
    assert letter.title.startswith("4 alerts, the last one: ✖ “flights” failed")
    assert [letter.text.index(f"flights-{n}") for n in (3, 4, 5, 6)] == sorted(
        letter.text.index(f"flights-{n}") for n in (3, 4, 5, 6)
    )
    assert letter.body["kind"] == "digest"
    assert [alert["run_id"] for alert in letter.body["alerts"]] == [f"flights-{n}" for n in (3, 4, 5, 6)]


@pytest.mark.parametrize(
    ("condition", "facts", "sentence"),
    [
        ("ended", {"status": "completed"}, "“flights” completed after 12 min 44 s."),
        ("ended", {"status": "stopped", "error_message": ""}, "Stopped “flights” after 12 min 44 s."),
        ("recovered", {"status": "completed"}, "“flights” completed after 12 min 44 s; the run before it had failed."),
        (
            "slow",
            {"usual_seconds": 600, "limit_seconds": 750, "runs": 20},
            "“flights” has been running for 12 min 44 s, longer than usual: 10 min 0 s is its median, and more than "
            "12 min 30 s is unusual, by the last 20 runs that completed.",
        ),
        ("limit", {"limit_seconds": 600}, "“flights” has been running for 12 min 44 s, longer than 10 min."),
        (
            "lost_contact",
            {"silent_seconds": 300},
            "Nobody has had an answer from Spark about “flights” for 5 min 0 s. It may still be going on.",
        ),
        (
            "missed",
            {"schedule": "nightly", "times": 3, "due": "2026-11-24T02:00:00", "outcome": "missed", "sentence": "Why."},
            "3 times of the schedule “nightly” started nothing, the last one at 2026-11-24 02:00:00 UTC (missed): Why.",
        ),
        ("test", {"asked_by": "ana@ops-3"}, "A test of the alert “Nightly”, for ana@ops-3."),
    ],
)
def test_each_condition_in_a_sentence(condition: str, facts: dict[str, Any], sentence: str) -> None:
    assert sentence_of(message(7, condition, **facts)) == sentence


def test_a_secret_in_an_error_is_told_to_nobody_and_a_title_is_one_line() -> None:
    error = "no login: password=hunter22\nat line 7 " + "x" * 500
    letter = compose(claimed(message(error_message=error)), "i", system="a\nb", public_url=None)
    assert "hunter22" not in letter.title + letter.text + str(letter.body)
    assert "\n" not in letter.title
    assert len(letter.title) <= 200
    assert "at line 7" in letter.text


def test_facts_that_are_not_what_they_should_be_break_nothing() -> None:
    odd: dict[str, Any] = {
        "duration": "long",
        "start_time": 7,
        "end_time": "soon",
        "pipeline": None,
        "error_message": ["x"],
    }
    assert compose(claimed(message(**odd)), "i", system=None, public_url=None).text


def test_conditions_in_a_few_words() -> None:
    assert condition_text(Condition.LIMIT, 90) == "when it lasts longer than 1 h 30 min"
    assert {condition_text(each, 5) for each in Condition} == {condition_text(each, 5) for each in list(Condition)}
    assert all(condition_text(each, 5).startswith("when ") for each in Condition)


def test_what_is_unusual_comes_from_the_middle_and_not_from_one_that_took_a_day() -> None:
    expected = expectation(past(590, 600, 610, 600, 86_400, 600))
    assert expected is not None
    assert (expected.middle, expected.longest, expected.runs) == (600, 750, 6)
    assert expected.sentence() == ("usually 10 min 0 s, unusual from 12 min 30 s on (by the last 6 that completed)")
    spread = expectation(past(300, 400, 500, 600, 700))
    assert spread is not None
    assert spread.longest == 500 + 4.5 * 100
    quick = expectation(past(1, 1, 1, 1, 1))
    assert quick is not None
    assert quick.longest == 31


def test_too_few_or_none_that_completed_let_expect_nothing() -> None:
    assert expectation(past(1, 2, 3, 4)) is None
    assert expectation(past(1, 2, 3, 4, 5, 6, status=RunStatus.FAILED)) is None
