"""What the terminal makes of answers: words, signs, times, and foreign text that can do no harm."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkUnavailable
from pipeline_gui.terminal import runs as runs_module
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.runs import row_of
from pipeline_gui.terminal.status import _status_lines
from pipeline_gui.terminal.text import clean, clean_line, clock, cut, full_time, near_time
from tests.terminal.stand_ins import RUN_ID, run_answer, status_answer, unknown_answer


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x9b2Jx", "x"),
        ("a\x00b\x08c\rd", "abcd"),
        ("tab\tstays", "tab\tstays"),
        ("\u202egnp.exe", "gnp.exe"),
        ("half \x1b[", "half "),
        ("\udcffbytes", "bytes"),
    ],
)
def test_foreign_text_is_made_harmless(text: str, shown: str) -> None:
    assert clean_line(text) == shown


def test_text_of_several_lines_becomes_one() -> None:
    assert clean("first\r\n\tsecond\n") == "first second"
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"


def test_durations_and_times() -> None:
    assert clock(764) == "00:12:44"
    assert clock(100_000) == "1 d 03:46:40"
    assert clock(-3) == "00:00:00"
    assert clock(None) == ""
    now = datetime(2026, 11, 23, 18, 0, tzinfo=UTC).astimezone()
    assert near_time(now - timedelta(hours=4), now) == f"{now - timedelta(hours=4):%H:%M:%S}"
    assert near_time(now - timedelta(days=1), now).startswith("yesterday ")
    assert near_time(now - timedelta(days=9), now).startswith("2026-11-14 ")
    assert re.fullmatch(r"2026-11-2\d \d\d:00:00[+-]\d{4}", full_time(now))
    assert near_time(None) == full_time(None) == ""


def test_a_row_holds_what_another_program_wrote_oddly() -> None:
    odd = run_answer(
        status=None, start_time=None, duration=None, metadata={"configuration": "x", "started_by": 7},
        error_message="boom\n\x1b[2J" + "x" * 500,
    )  # fmt: skip
    row = row_of(odd)
    assert (row.pipeline, row.started, row.duration, row.by) == (RUN_ID, None, "", "")
    assert row.outcome.startswith("boom xxx")
    assert len(row.outcome) == 160


def test_rows_of_other_programs_are_in_the_zone_that_the_setting_says() -> None:
    ours, old = run_answer(), run_answer(metadata=None)
    utc = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)
    assert row_of(ours, "Asia/Tokyo").started == utc
    assert row_of(old, "Asia/Tokyo").started == utc - timedelta(hours=9)
    assert row_of(old).started == utc


def test_the_table_has_sign_word_and_colour_and_no_markup() -> None:
    screen = Screen()
    rows = [
        row_of(run_answer(status="failed", error_message="[bold]no such column[/bold]")),
        row_of(run_answer(status="stopped", metadata={"stopped_by": "ben@ops-1"})),
        row_of(run_answer(status="Running ")),
    ]
    runs_module._write_table(rows, Output(out=screen))
    text = screen.getvalue()
    assert "\x1b[31m✖ failed" in text
    assert "[bold]no such column[/bold]" in text
    assert "by ben@ops-1" in text
    assert "● Running" in text


def test_a_narrow_terminal_gets_two_lines_and_the_whole_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    runs_module._write_table([row_of(run_answer(status="failed", error_message="x" * 300))], Output(out=screen))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("✖ failed     flights")
    assert lines[1].startswith(f"  {RUN_ID}  xxx")
    assert max(map(len, lines)) <= 80


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    runs_module._write_table([row_of(run_answer(status="failed"))], Output(out=screen))
    assert "✖ failed" in screen.getvalue()
    assert "\x1b[31m" not in screen.getvalue()


def test_a_pipe_gets_aligned_text_without_colours() -> None:
    pipe = io.StringIO()
    runs_module._write_text([row_of(run_answer()), row_of(run_answer(status="failed"))], Output(out=pipe))
    lines = pipe.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["Status", "completed", "failed"]
    assert len({line.index(word) for line, word in zip(lines, ("Run", RUN_ID, RUN_ID), strict=True)}) == 1
    assert "\x1b" not in pipe.getvalue()


def test_the_state_in_words() -> None:
    output = Output(out=io.StringIO())
    status = status_answer(
        progress={"text": "job 3 · 124 of 200 tasks"}, phase="lost_contact", stop_requested_by="ben@ops-1",
        spark={"reachable": False, "since": None, "reason": "connection refused"},
    )  # fmt: skip
    text = "\n".join(_status_lines(status, output))
    assert "● running “flights” is running." in text
    for words in ("lost contact", "12 s ago, by ana@ops-3", "124 of 200", "ben@ops-1", "not reachable: connection"):
        assert words in text
    assert "? unknown Can't reach PostgreSQL." in "\n".join(_status_lines(unknown_answer(), output))


def test_json_keeps_stdout_for_the_answer() -> None:
    out, err = io.StringIO(), io.StringIO()
    output = Output(as_json=True, out=out, err=err)
    assert output.failed(SparkUnavailable("Spark “x” is away.")) == 3
    answer = json.loads(out.getvalue())
    assert answer == {"success": False, "run_id": None, "message": "Spark “x” is away.", "reason": "unreachable"}
    assert err.getvalue() == "Spark “x” is away.\n"
    assert out.getvalue().isascii()
    assert output.failed(ConfigurationInvalid("conf is wrong.", field="conf")) == 1


def test_words_of_an_answer_go_to_stdout_and_complaints_to_stderr() -> None:
    out, err = io.StringIO(), io.StringIO()
    output = Output(out=out, err=err)
    assert output.answered({"success": True, "run_id": "r", "message": "Stopped."}) == 0
    assert output.answered({"success": False, "run_id": None, "message": "No\x1b[2J.", "reason": "idle"}) == 1
    assert (out.getvalue(), err.getvalue()) == ("Stopped.\n", "No.\n")
