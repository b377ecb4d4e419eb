"""Where no window can be opened, one line says so, and Qt is not asked: it would end the process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_gui.window import display_check
from pipeline_gui.window.display_check import missing_display, missing_library


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named so on Linux only")
class TestDisplay:
    """DISPLAY, WAYLAND_DISPLAY and QT_QPA_PLATFORM."""

    def test_none_is_said_in_a_sentence(self) -> None:
        assert "There is no display" in (missing_display({}) or "")

    @pytest.mark.parametrize("environ", [{"QT_QPA_PLATFORM": "offscreen"}, {"WAYLAND_DISPLAY": "wayland-0"}])
    def test_what_was_chosen_is_believed(self, environ: dict[str, str]) -> None:
        assert missing_display(environ) is None

    def test_one_that_does_not_answer_is_said(self) -> None:
        assert "':4711' does not answer" in (missing_display({"DISPLAY": ":4711"}) or "")

    def test_one_that_answers_is_good(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(display_check, "_X11_SOCKETS", str(tmp_path))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "X4712"))
            server.listen()
            assert missing_display({"DISPLAY": ":4712.0"}) is None

    def test_one_on_another_computer_is_left_to_qt(self) -> None:
        assert missing_display({"DISPLAY": "localhost:10.0"}) is None


def test_a_missing_library_is_named_with_its_packages() -> None:
    error = ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
    sentence = missing_library(error) or ""
    assert "libEGL.so.1" in sentence
    assert "apt-get install libegl1" in sentence
    assert "\n" not in sentence


def test_another_import_error_is_none_of_its() -> None:
    assert missing_library(ImportError("No module named 'PySide6'")) is None


def test_without_a_display_the_program_says_one_line_and_ends(tmp_path: Path) -> None:
    environ = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environ.pop("QT_QPA_PLATFORM", None)
    environ["PIPELINE_GUI_HOME"] = str(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline_gui"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    assert "There is no display" in ended.stderr
