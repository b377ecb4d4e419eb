"""`schedules`: made, shown, changed, paused and deleted by name."""

from __future__ import annotations

import psycopg

from tests.terminal.conftest import Program


def test_made_shown_changed_paused_and_deleted(program: Program) -> None:
    assert "no schedule yet" in program.run("schedules").stdout
    nightly = ["--configuration", "flights", "--cron", "0 2 * * *", "--zone", "Europe/Berlin"]
    preview = program.json("schedules", "add", "nightly", *nightly, "--dry-run")
    assert len(preview["next"]) == 5
    assert program.json("schedules") == []
    made = program.json("schedules", "add", "nightly", *nightly, "--when-busy", "wait")
    assert (made["revision"], made["when_busy"], made["next"]) == (1, "wait", preview["next"])
    assert made["next"][0].endswith("Z")
    program.call_refused(1, "schedules", "add", "NIGHTLY", *nightly, sentence="of this name already")
    changed = program.json("schedules", "change", "nightly", "--every", "90", "--catch-up", "600")
    assert (changed["cron"], changed["every_minutes"], changed["catch_up_seconds"]) == (None, 90, 600)
    assert changed["when_busy"] == "wait"
    assert (changed["retries"], changed["retry_delay_seconds"]) == (0, 60)
    assert "A run that fails is not started again." in program.run("schedules", "show", "nightly").stdout
    changed = program.json("schedules", "change", "nightly", "--retries", "3", "--retry-delay", "300")
    assert (changed["retries"], changed["retry_delay_seconds"], changed["every_minutes"]) == (3, 300, 90)
    assert "started again up to 3 times, 300 s after its end" in program.run("schedules", "show", "nightly").stdout
    program.call_refused(
        1, "schedules", "change", "nightly", "--every", "5", "--revision", "1", sentence="changed meanwhile by"
    )
    paused = program.json("schedules", "pause", "nightly")
    assert (paused["is_enabled"], paused["next"]) == (False, [])
    assert "paused" in program.run("schedules", "list").stdout
    assert len(program.json("schedules", "resume", "nightly")["next"]) == 5
    shown = program.run("schedules", "show", "nightly").stdout
    assert "“nightly” starts “flights”: every 90 minutes." in shown
    assert shown.count("next: ") == 5
    assert "No always-on service is there" in shown
    assert program.json("schedules", "show", "nightly")["services"] == []
    with psycopg.connect(program.database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO pipeline_services (service_id, actor, host) VALUES ('x', 'pipeline@srv', 'srv')"
        )
    assert "An always-on service is there to start what is due: srv (since 20" in program.run("schedules").stdout
    assert program.json("schedules", "show", "nightly")["services"][0]["host"] == "srv"
    program.call_refused(1, "schedules", "show", "nihgtly", sentence="Did you mean “nightly”?")
    assert "Deleted “nightly”" in program.run("schedules", "delete", "nightly").stdout
    assert program.json("schedules", "list") == []


def test_what_is_wrong_is_refused_before_anything_is_recorded(program: Program) -> None:
    program.call_refused(1, "schedules", "add", "x", "--configuration", "nope", "--every", "5", sentence="nope")
    program.call_refused(
        1, "schedules", "add", "x", "--configuration", "flights", "--cron", "0 0 30 2 *", sentence="day"
    )
    program.call_refused(
        1,
        "schedules",
        "add",
        "x",
        "--configuration",
        "flights",
        "--cron",
        "0 0 * * *",
        "--zone",
        "Moon",
        sentence="zone",
    )
    assert program.run("schedules", "add", "x", "--configuration", "flights").returncode == 2
    program.call_refused(
        1, "schedules", "add", "x", "--configuration", "flights", "--every", "5", "--retries", "101", sentence="100"
    )
    program.call_refused(
        1, "schedules", "add", "x", "--configuration", "flights", "--every", "5", "--retry-delay", "1e9",
        sentence="retry_delay_seconds is a number from 0 to 86,400",
    )  # fmt: skip
    assert program.json("schedules") == []
