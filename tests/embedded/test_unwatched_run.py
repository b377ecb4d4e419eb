"""A run that nobody watches: the pair stays up for it, and its end is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline_gui.backend import open_backend
from pipeline_gui.profile import find_profile
from pipeline_gui.settings import Settings
from tests.embedded.profiles import end_profile, keepers, processes_of
from tests.waiting import wait_until

SPARK_SUBMIT = """#!/bin/sh
until [ -e '{release}' ]; do sleep 0.1; done
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "profile"
    yield folder
    end_profile(folder)


def stays_true(condition: Callable[[], object], seconds: float) -> bool:
    """Whether the condition holds all the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(0.2)
    return True


def test_the_pair_stays_for_a_run_records_its_end_and_then_ends(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "release"
    spark_submit = tmp_path / "spark" / "bin" / "spark-submit"
    spark_submit.parent.mkdir(parents=True)
    spark_submit.write_text(SPARK_SUBMIT.format(release=release))
    spark_submit.chmod(0o755)
    application = tmp_path / "application.py"
    application.write_text("")
    monkeypatch.setenv("SPARK_HOME", str(tmp_path / "spark"))
    settings = Settings(profile=find_profile({"PIPELINE_GUI_HOME": str(home)}))
    with open_backend(settings, face="terminal") as backend:
        answer = backend.controller.start_pipeline({"file": str(application), "name": "unwatched"})
        assert answer["success"], answer

    assert stays_true(lambda: keepers(home), seconds=12.0), "the pair left a run behind"

    release.touch()
    wait_until(lambda: not processes_of(home), timeout=15.0, what="the end of the pair")
    with open_backend(settings, face="terminal") as backend:
        (run,) = [run for run in backend.store.recent(days=1) if run.run_id == answer["run_id"]]
    assert run.status == "completed"
    assert run.duration is not None
    assert 11.0 < run.duration < 20.0, "the end was recorded at the next look, not when it came"
