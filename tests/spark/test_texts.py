"""Texts of servers, made fit to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.spark.texts import LONGEST_LINE, bounded_line, clean, page_title


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07said", "said"),
        ("\x1b]8;;http://evil\x1b\\link", "link"),
        ("\x1b]0;never ended", ""),
        ("a\x00b\r\nc\td", "a b c d"),
        ("pay \u202eevil", "pay evil"),
        ("\ud800", ""),
        ("postgresql://ana:hunter2@db/x", "postgresql://ana:*********(redacted)@db/x"),
    ],
)
def test_control_characters_sequences_and_secrets_go(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_given_secrets_go_also_where_the_cut_would_halve_them() -> None:
    secret = "s3cr3t-t0k3n"
    assert "s3cr3t" not in clean("x" * 45 + secret + "y" * 100, 50, [secret])


@given(st.text())
def test_whatever_comes_one_short_printable_line_goes(text: str) -> None:
    cleaned = clean(text * 3, 60)
    assert len(cleaned) <= 60
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in cleaned)
    cleaned.encode()


def test_a_hostile_text_of_megabytes_is_quick() -> None:
    assert len(clean("token" * 1_000_000)) <= 400
    assert len(clean("\x1b[" * 1_000_000)) <= 400


def test_lines_of_logs_are_bounded_and_otherwise_left() -> None:
    assert bounded_line("\x1b[1mbold") == "\x1b[1mbold"
    assert len(bounded_line("x" * 1_000_000)) == LONGEST_LINE


def test_titles_of_pages() -> None:
    assert page_title(b"<html><title lang=en>502 Bad\n Gateway &amp; more</title>") == "502 Bad Gateway & more"
    assert page_title(b"<html><title>\x1b[1m</title>") is None
    assert page_title(b"<title>" * 100_000) is None
