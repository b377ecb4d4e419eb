"""`alerts`: made, shown, changed, paused, tried and deleted by name."""

from __future__ import annotations

import psycopg

from pipeline_gui.pipeline.alert import Condition
from pipeline_gui.terminal.alert_arguments import CONDITIONS
from tests.terminal.conftest import Program


def test_made_shown_changed_paused_and_deleted(program: Program) -> None:
    assert "no alert yet" in program.run("alerts").stdout
    made = program.json("alerts", "add", "night", "--on", "failed", "--to", "ops", "--pipeline", "flights")
    assert (made["revision"], made["condition"], made["pipeline"], made["minutes"]) == (1, "failed", "flights", None)
    assert "No service is there" in made["not_delivered_because"]
    program.call_refused(1, "alerts", "add", "NIGHT", "--on", "ended", "--to", "ops", sentence="of this name already")
    changed = program.json("alerts", "change", "night", "--on", "limit", "--minutes", "90", "--every-pipeline")
    assert (changed["condition"], changed["minutes"], changed["pipeline"]) == ("limit", 90, None)
    program.call_refused(
        1, "alerts", "change", "night", "--to", "x", "--revision", "1", sentence="changed meanwhile by"
    )
    listed = program.run("alerts", "list").stdout
    assert "when it lasts longer than 1 h 30 min" in listed
    assert "No service is there to deliver" in listed
    assert program.json("alerts", "pause", "night")["is_enabled"] is False
    assert "It is paused." in program.run("alerts", "show", "night").stdout
    assert program.json("alerts", "resume", "night")["is_enabled"] is True
    program.call_refused(1, "alerts", "show", "nihgt", sentence="Did you mean “night”?")
    assert "Deleted “night”" in program.run("alerts", "delete", "night").stdout
    assert program.json("alerts", "list") == []


def test_what_was_told_and_how_long_a_pipeline_takes(program: Program) -> None:
    program.json("alerts", "add", "late", "--on", "slow", "--to", "ops", "--pipeline", "flights")
    program.json("alerts", "add", "all", "--on", "ended", "--to", "ops")
    assert "Too few of its runs" in program.run("alerts", "show", "late").stdout
    with psycopg.connect(program.database, autocommit=True) as connection:
        for number in range(5):
            connection.execute(
                "INSERT INTO pipeline_runs (run_id, status, start_time, metadata) VALUES "
                """(%s, 'running', now(), '{"configuration": {"name": "flights"}}')""",
                [f"r{number}"],
            )
            connection.execute(
                "UPDATE pipeline_runs SET status = 'completed', duration = 600, end_time = now() "
                "WHERE status = 'running'"
            )
        connection.execute(
            "UPDATE pipeline_alert_messages SET state = 'undelivered', answer = '550 no', attempts = 9 "
            "WHERE run_id = 'r0'"
        )
    assert "usually 10 min 0 s, unusual from 12 min 30 s on" in program.run("alerts", "show", "late").stdout
    shown = program.json("alerts", "show", "late")
    assert shown["expected"] == {"usual_seconds": 600, "unusual_from_seconds": 750, "runs": 5}
    messages = program.json("alerts", "messages", "--limit", "9")
    assert [(each["run_id"], each["state"]) for each in messages] == [
        *((f"r{n}", "waiting") for n in (4, 3, 2, 1)), ("r0", "undelivered"),
    ]  # fmt: skip
    assert "after 9 attempts: 550 no" in program.run("alerts", "messages", "all").stdout


def test_a_test_without_a_service_says_so(program: Program) -> None:
    program.json("alerts", "add", "night", "--on", "failed", "--to", "ops")
    tried = program.json("alerts", "test", "night", code=1)
    assert tried["success"] is False
    assert "No service is there to deliver" in tried["message"]
    assert "No service is there" in program.run("alerts", "receivers").stdout
    assert program.json("alerts", "receivers") == []


def test_every_condition_can_be_chosen() -> None:
    assert set(CONDITIONS) == set(Condition)


def test_what_is_wrong_is_refused_before_anything_is_recorded(program: Program) -> None:
    add = ("alerts", "add", "x", "--to", "ops", "--on")
    program.call_refused(1, *add, "limit", sentence="For limit, say after how many minutes.")
    program.call_refused(1, *add, "failed", "--minutes", "5", sentence="minutes belong to limit and lost_contact")
    program.call_refused(1, *add, "limit", "--minutes", "0", sentence="a number above 0")
    program.call_refused(
        1, "alerts", "add", "x", "--to", "https://x/s3cret", "--on", "failed", sentence="does not belong here"
    )
    assert program.run(*add, "sometimes").returncode == 2
    assert program.json("alerts") == []
