"""The operator's sentences for errors of the operating system."""

from __future__ import annotations

import errno
import os

import pytest

from pipeline_gui.embedded.errors import sentence_for


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EACCES, "name another one in PIPELINE_GUI_HOME"),
        (errno.EROFS, "name another one in PIPELINE_GUI_HOME"),
        (errno.EIO, "Keeping the pair failed (/home/x): Input/output error."),
    ],
)
def test_each_says_what_happened_and_where(number: int, words: str) -> None:
    said = str(sentence_for(OSError(number, os.strerror(number), "/home/x"), "keeping the pair"))
    assert words in said
    assert "/home/x" in said


def test_an_error_without_a_file_is_a_sentence_too() -> None:
    assert str(sentence_for(OSError("odd"), "keeping the pair")) == "Keeping the pair failed: odd."
