"""A run in words, and as the text of a ticket."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_gui.pipeline.answers import EventAnswer
from pipeline_gui.pipeline.figures import ComparedFigures, RunFigures
from pipeline_gui.window.run_panel.facts import Fact, RunDetails, facts_of, ticket_text, timeline_of
from tests.window.stand_in import run, running


def event(kind: str, **more: object) -> EventAnswer:
    answer: dict[str, object] = {
        "at": "2026-11-23T16:01:22.000000Z", "kind": kind, "actor": "ana@ops-3", "via": "window",
        "old_status": None, "new_status": None, "detail": {},
    }  # fmt: skip
    return answer | more  # type: ignore[return-value]


def test_where_spark_itself_shows_the_run_is_a_link() -> None:
    details = RunDetails(run("flights-1", "completed", application_id="local-1 7"), (), "http://spark:4040/")
    facts = {fact.label: fact for fact in facts_of(details, None, None, "http://history:18080/")}
    assert facts["Spark UI"].text == "http://spark:4040/"
    assert facts["History server"].text == "http://history:18080/history/local-1%207/jobs/"
    assert facts["History server"].is_link
    assert not facts["Run"].is_link
    plain = {fact.label for fact in facts_of(RunDetails(details.run, ()), None)}
    assert not plain & {"Spark UI", "History server"}


def test_a_run_that_failed() -> None:
    failed = run("broken-1", "failed", duration=9.0, error="AnalysisException: no column\nat line 3")
    facts = {fact.label: fact.text for fact in facts_of(RunDetails(failed, ()), None)}
    assert facts["State"] == "failed after 9 s"
    assert facts["Error"].endswith("at line 3")
    assert facts["Started by"] == "ana@ops-3, from the window"
    assert "UTC" in facts["Started"]
    assert '"name": "broken"' in facts["Configuration"]
    assert "Progress" not in facts


def test_a_run_of_a_schedule_says_which_time_and_after_which_run_it_was_started_again() -> None:
    first = run("etl-1", "failed", schedule="nightly", due="2026-11-23T02:00:00.000000Z")
    facts = {fact.label: fact.text for fact in facts_of(RunDetails(first, ()), None)}
    assert facts["Schedule"].startswith("nightly · due ")
    assert "2026" in facts["Schedule"]
    assert "attempt" not in facts["Schedule"]
    again = run("etl-2", "failed", schedule="nightly", due="odd", attempt=2, retry_of="etl-1")
    facts = {fact.label: fact.text for fact in facts_of(RunDetails(again, ()), None)}
    assert facts["Schedule"].endswith("attempt 2, after etl-1")


def test_the_run_of_now_says_its_sentence_and_progress_and_others_do_not() -> None:
    status = running("flights-1", progress={"text": "job 3 · 124 of 200 tasks"}, application_id="local-1")
    own = run("flights-1", "running", duration=5.0)
    facts = {fact.label: fact.text for fact in facts_of(RunDetails(own, ()), status)}
    assert facts["State"] == "“flights” is running."
    assert facts["Progress"] == "job 3 · 124 of 200 tasks"
    assert facts["Application"] == "local-1"
    other = {fact.label for fact in facts_of(RunDetails(run("flights-0", "completed"), ()), status)}
    assert "Progress" not in other
    assert "Application" not in other


def test_a_row_of_another_program_with_odd_content_is_shown() -> None:
    odd = run("x", None, ago=None, duration=None, by=None)
    odd["metadata"] = None
    odd["command"] = "spark-submit --password hunter2 " + "y" * 1_000_000
    facts = {fact.label: fact.text for fact in facts_of(RunDetails(odd, ()), None)}
    assert facts["Started by"] == "another program"
    assert len(facts["Command"]) <= 20_000


def test_a_ticket_holds_all_of_it_and_no_secret() -> None:
    leaky = run("flights-1", "failed", error="could not reach postgresql://app:hunter2@db/x", token_note="")
    details = RunDetails(
        leaky,
        (
            event("recorded", detail={"evidence": "password=hunter2"}),
            event("status changed", old_status="running", new_status="failed"),
        ),
    )
    text = ticket_text(facts_of(details, None), timeline_of(details.events))
    assert "2026-11-23 16:01:22  recorded  by ana@ops-3 · window" in text
    assert "running → failed" in text
    assert "hunter2" not in text


def test_what_came_with_an_event_is_in_words() -> None:
    said = event("status changed", detail={"gone": True, "exit_code": 0, "abandoned_by": "ana", "old_value": {}})
    [moment] = timeline_of([said])
    assert moment.detail == "nothing of it is left on Spark; exit code: 0; abandoned by: ana; old value: {}"


def test_what_the_work_amounts_to_is_among_the_facts() -> None:
    figures = ComparedFigures(
        "r1", RunFigures(input_bytes=3072, input_records=1), datetime.now(UTC), RunFigures(input_bytes=1024), 3
    )
    facts = facts_of(RunDetails(run("r1", "completed"), (), None, figures), None)
    assert Fact("Read", "1 record, 3.0 KB (3.0 × the usual 1.0 KB)") in facts
    assert "Executors" not in [fact.label for fact in facts]
