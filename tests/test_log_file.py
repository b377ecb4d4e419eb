"""The log file is the owner's alone, bounded, and takes the warnings that would go to the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_gui import log_file
from pipeline_gui.log_file import append_to_log, log_to_file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log file of a profile of the test's own."""
    monkeypatch.setenv("PIPELINE_GUI_HOME", str(tmp_path))
    return tmp_path / "logs" / "pipeline-gui.log"


@pytest.fixture
def _root_logger() -> Iterator[None]:
    before = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers = before


def test_a_new_file_is_begun_when_the_old_one_is_large(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LARGEST_LOG", 10)
    assert append_to_log("first and long\n") == path
    append_to_log("second \udcff\n")
    append_to_log("third\n")
    assert path.read_text() == "third\n"
    assert path.with_suffix(".log.1").read_text() == "second \\udcff\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("_root_logger")
def test_warnings_go_there_and_lesser_words_nowhere(path: Path) -> None:
    log_to_file()
    logger = logging.getLogger("pipeline_gui.somewhere")
    logger.info("for nobody")
    assert not path.exists()
    try:
        raise ValueError("boom")
    except ValueError:
        logger.exception("unexpected")
    text = path.read_text()
    assert "ERROR pipeline_gui.somewhere: unexpected" in text
    assert "ValueError: boom" in text


def test_a_place_that_can_not_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").touch()
    monkeypatch.setenv("PIPELINE_GUI_HOME", str(tmp_path))
    assert append_to_log("lost\n") is None
