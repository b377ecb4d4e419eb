"""Modules that are imported at once and run when something in them is asked for."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline_gui.late_modules import UNUSED_AT_FIRST, LateModule, run_at_once, run_later

NAME = "a_module_of_the_tests"
RUNS = "import builtins\nbuiltins.runs_of_the_test.append(__name__)\n"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the modules that ran; one that can be found is to run later."""
    ran: list[str] = []
    monkeypatch.setattr("builtins.runs_of_the_test", ran, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    run_later({NAME})
    yield ran
    run_at_once()
    sys.modules.pop(NAME, None)


def written(tmp_path: Path, source: str) -> Any:
    """The module, imported."""
    (tmp_path / f"{NAME}.py").write_text(RUNS + source)
    return importlib.import_module(NAME)


def test_it_runs_when_something_in_it_is_asked_for_and_once(tmp_path: Path, runs: list[str]) -> None:
    module = written(tmp_path, "answer = 42\n")
    assert importlib.import_module(NAME) is module
    assert runs == []
    assert (module.answer, module.answer) == (42, 42)
    assert runs == [NAME]
    with pytest.raises(AttributeError, match=f"module '{NAME}' has no attribute 'question'"):
        _ = module.question
    assert runs == [NAME]


def test_names_can_be_imported_from_it(tmp_path: Path, runs: list[str]) -> None:
    written(tmp_path, "__all__ = ['answer']\nanswer = 42\nother = 1\n")
    names: dict[str, Any] = {}
    exec(f"from {NAME} import *", names)
    assert (names["answer"], "other" in names, runs) == (42, False, [NAME])


def test_who_asks_for_its_loader_finds_the_one_that_is_meant(tmp_path: Path, runs: list[str]) -> None:
    module = written(tmp_path, "answer = 42\n")
    assert module.__spec__.loader.get_source(NAME).endswith("answer = 42\n")
    assert module.__loader__ is module.__spec__.loader
    assert runs == []
    assert importlib.reload(module).answer == 42


def test_threads_that_ask_at_once_wait_until_it_has_run(tmp_path: Path, runs: list[str]) -> None:
    module = written(tmp_path, "import time\ntime.sleep(0.2)\nanswer = 42\n")
    barrier, found = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait(20)
        found.append(module.answer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (found, runs) == ([42] * 8, [NAME])


def test_what_goes_wrong_in_it_is_told_and_tried_again(tmp_path: Path, runs: list[str]) -> None:
    module = written(
        tmp_path, "if len(builtins.runs_of_the_test) < 2:\n    raise OSError('no file left')\nanswer = 42\n"
    )
    with pytest.raises(OSError, match="no file left"):
        _ = module.answer
    assert module.answer == 42
    assert runs == [NAME, NAME]


def test_an_error_is_told_where_no_file_can_be_opened() -> None:
    code = (
        "import os, resource\nfrom pipeline_gui.late_modules import run_later, run_what_tells_of_errors\nrun_later()\n"
        "import logging, traceback\nrun_what_tells_of_errors()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))\n"
        "try:\n    while True:\n        os.open('/dev/null', os.O_RDONLY)\n"
        "except OSError:\n    logging.exception('it happened')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "OSError: [Errno 24] Too many open files" in done.stderr


def test_others_run_as_ever(tmp_path: Path, runs: list[str]) -> None:
    run_at_once()
    assert type(written(tmp_path, "answer = 42\n")) is ModuleType
    assert runs == [NAME]


def test_a_start_leaves_them_and_a_traceback_is_printed_all_the_same() -> None:
    code = (
        "import sys\nfrom pipeline_gui.late_modules import LateModule, run_later\nrun_later()\n"
        "import logging, traceback, tempfile, psycopg\n"
        "print([n for n, m in sorted(sys.modules.items()) if isinstance(m, LateModule) and m._run is not None])\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('it happened')\n"
        "print(tempfile.gettempdir())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    late, folder = done.stdout.splitlines()
    assert set(eval(late)) >= UNUSED_AT_FIRST - {"traceback"}  # psycopg asks something of it
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert Path(folder).is_dir()


def test_it_is_a_module_like_others(tmp_path: Path, runs: list[str]) -> None:
    module = written(tmp_path, "")
    assert isinstance(module, LateModule)
    assert (module.__name__, Path(module.__file__ or "").name) == (NAME, f"{NAME}.py")
    assert repr(module).startswith(f"<module '{NAME}' from ")
