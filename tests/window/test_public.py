"""What docs/api.md promises is there, under the names that it says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline import answers
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.service.dashboard import PipelineDashboard
from pipeline_gui.store import queries
from pipeline_gui.window.main_window import MainWindow
from tests.window.conftest import OpenWindow
from tests.window.stand_in import StandInBackend

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")


NAMED = sorted(set(re.findall(r"`(pipeline_gui(?:\.\w+)+)", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_each_module_and_class_that_is_named_is_there(name: str) -> None:
    module, _, last = name.rpartition(".")
    if last[0].isupper():
        assert isinstance(getattr(importlib.import_module(module), last), type)
    else:
        importlib.import_module(name)


def test_what_other_programs_import_is_named() -> None:
    """A page that is worded anew must not pass for want of names."""
    assert {open_backend.__module__, PipelineError.__module__, answers.__name__} < set(NAMED)
    for public in (PipelineController, PipelineDashboard, MainWindow):
        assert f"{public.__module__}.{public.__qualname__}" in NAMED


def test_the_six_of_the_controller_and_the_backends_are_there() -> None:
    (line,) = re.findall(r"PipelineController`: (.+?), and the keys", PAGE, re.DOTALL)
    named = re.findall(r"`(\w+)`", line)
    assert len(named) == 6
    assert all(callable(getattr(PipelineController, name)) for name in named)
    assert callable(Backend.close)
    assert callable(PipelineDashboard.generate_html)
    columns = re.findall(r"`pipeline_runs` \((.+?)\)", PAGE)[0].split(", ")
    assert all(f".{column}" in queries.run_columns("run") for column in columns)


def test_the_windows_parts_have_their_names(open_window: OpenWindow, backend: StandInBackend) -> None:
    window: MainWindow = open_window(backend)
    (line,) = re.findall(r"the object names (.+?)\.\n", PAGE, re.DOTALL)
    names = re.findall(r"`(\w+)`", line)
    assert len(names) == 8
    for name in names:
        assert window.findChild(QObject, name) is not None, name
