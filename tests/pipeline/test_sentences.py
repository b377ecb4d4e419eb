"""What is said to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.failure import failure_sentence
from pipeline_gui.pipeline.ports import Actor, Batch, BatchState, Contact, NewRun
from pipeline_gui.pipeline.redaction import REDACTED, redact_arguments, redact_text
from pipeline_gui.pipeline.sentences import duration_text, running_sentence
from pipeline_gui.pipeline.starting import new_run_id
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.time import VirtualTime


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (8.6, "9 s"),
        (-3, "0 s"),
        (59.6, "1 min 0 s"),
        (764, "12 min 44 s"),
        (3 * 3600 + 130, "3 h 2 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def _dead(exit_code: int | None = 1, signal: int | None = None) -> Batch:
    return Batch(7, "x.y", BatchState.DEAD, None, None, (), "g", exit_code, signal, False, 1.0, None)


def test_a_failure_names_the_error_that_the_log_ends_with() -> None:
    lines = [
        "26/11/23 14:00:01 INFO SparkContext: Running",
        "Traceback (most recent call last):",
        '  File "/x/broken.py", line 3, in <module>',
        "ValueError: an earlier one",
        "During handling of the above exception, another exception occurred:",
        "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN] no such column: dep_dely",
        "26/11/23 14:00:02 INFO ShutdownHookManager: Shutdown hook called",
    ]
    assert (
        failure_sentence(_dead(), lines)
        == "AnalysisException: [UNRESOLVED_COLUMN] no such column: dep_dely (exit code 1)"
    )


def test_a_killed_driver_is_said_to_be_killed() -> None:
    assert failure_sentence(_dead(exit_code=None, signal=9), []) == "the driver was killed by SIGKILL"


def test_a_failure_without_any_reason_says_so() -> None:
    assert "no reason" in failure_sentence(_dead(exit_code=None), [])


def test_a_failure_shows_no_secret_no_escape_sequence_and_has_an_end() -> None:
    sentence = failure_sentence(_dead(), ["x.SomeError: \x1b[31mtoken=abc123\x1b[0m " + "y" * 5000])
    assert "abc123" not in sentence
    assert "\x1b" not in sentence
    assert len(sentence) <= 2000


def test_secrets_are_replaced_in_text_and_arguments() -> None:
    assert redact_text("postgresql://ana:pw@db/x?sslmode=on") == f"postgresql://ana:{REDACTED}@db/x?sslmode=on"
    assert redact_text("Authorization: Bearer abcdef123456") == f"Authorization: Bearer {REDACTED}"
    assert redact_arguments(["--api-key", "k", "--verbose", "--in", "f"]) == [
        "--api-key",
        REDACTED,
        "--verbose",
        "--in",
        "f",
    ]


def test_progress_is_said_in_the_words_of_its_kind() -> None:
    assert Progress(job_id=3, tasks_completed=124, tasks_total=200).sentence() == "job 3 · 124 of 200 tasks"
    stream = Progress(batch_number=8, input_rows_per_second=1234.4, processed_rows_per_second=99.0, batch_seconds=2.345)
    assert stream.sentence() == "stream batch 8 · 1,234 rows/s in · 99 rows/s processed · 2.3 s a batch"


@pytest.mark.parametrize(
    ("silent", "words"), [(40.4, "Spark has not answered for 40 s (no route)."), (1, "can't be asked (no route).")]
)
def test_a_spark_that_does_not_answer_is_said_with_how_long_and_what_becomes_of_the_stop(
    silent: float, words: str
) -> None:
    database = Database(VirtualTime())
    store = MemoryStore(database)
    ana = Actor("ana", "ops-3", "terminal")
    store.insert(NewRun("r-1", "i.r-1", "spark-submit x", {}, "http://spark", "g1", 10.0), ana)
    contact = Contact(False, datetime.now(UTC) - timedelta(seconds=silent), "no route")
    record = store.find("r-1")
    assert record is not None
    assert words in running_sentence(record, contact)
    assert "may still be going on" in running_sentence(record, contact)
    assert "The stop" not in running_sentence(record, contact)
    stopping = store.request_stop("r-1", 0, ana)
    assert stopping is not None
    assert running_sentence(stopping, contact).endswith("will be carried out when it answers.")


@pytest.mark.parametrize("name", ["flights", "Nightly Load (EU)", "12345", "日本", "x" * 200])
def test_a_run_id_is_never_all_digits_and_has_no_dot(name: str) -> None:
    run_id = new_run_id(name)
    assert not run_id.replace("-", "").isdigit()
    assert "." not in run_id
    assert run_id.isascii()
    assert len(run_id) < 80
    assert run_id != new_run_id(name)
