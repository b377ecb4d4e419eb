"""Locks that end with their holder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline_gui.embedded.locks import FileLock, is_locked, is_used
from tests.waiting import wait_until

HOLD = """
import sys
from pathlib import Path
from pipeline_gui.embedded.locks import FileLock
lock = FileLock(Path(sys.argv[1]), shared=sys.argv[2] == "shared")
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path, kind: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


@pytest.mark.parametrize("kind", ["shared", "exclusive"])
def test_a_lock_ends_when_its_holder_is_killed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    with holder(path, kind) as process:
        assert is_used(path)
        process.kill()
        wait_until(lambda: not is_used(path))


def test_many_share_a_lock_and_nobody_has_it_alone_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path, "shared"), holder(path, "shared"):
        assert is_used(path)
        assert not is_locked(path)
        assert not FileLock(path).acquire()


def test_an_exclusive_lock_is_held_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path, "exclusive"):
        assert is_locked(path)
        assert not FileLock(path, shared=True).acquire(timeout=0.1)
    assert not is_locked(path)


def test_a_child_does_not_keep_its_parent_s_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    assert lock.acquire()
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        lock.release()
        assert not is_used(path)
        child.kill()
