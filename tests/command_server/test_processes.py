"""A pid is never trusted alone: its start time says whether it is still the process that was meant."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline_gui.command_server import processes
from tests.waiting import wait_until

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
VARIABLE = processes.BATCH_VARIABLE


@contextmanager
def sleeper(marker: str = "") -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | ({VARIABLE: marker} if marker else {})
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env=environment, stdin=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def seen(marker: str) -> list[processes.Process]:
    return processes.survivors(lambda value: value == marker)


def test_a_process_of_another_start_time_is_left_alone() -> None:
    with sleeper("g/1/a-test") as process:
        ((pid, start),) = seen("g/1/a-test")
        assert pid == process.pid
        assert not processes.send((pid, start - 1), signal.SIGKILL)
        assert processes.send_all([(pid, start + 1)], signal.SIGKILL) == 0
        assert process.poll() is None
        assert processes.send((pid, start), signal.SIGKILL)
        assert process.wait(5) == -signal.SIGKILL


def test_a_pid_that_was_reused_is_left_alone() -> None:
    with sleeper("g/2/a-test") as process:
        ((pid, start),) = seen("g/2/a-test")
    assert process.returncode is not None
    ticks = os.sysconf("SC_CLK_TCK")
    wait_until(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) * ticks > start + 2, what="another tick of the clock")
    for _ in range(50):  # others take pids meanwhile
        try:
            LAST_PID.write_text(str(pid - 1))
        except OSError:
            pytest.skip("only root may choose the next pid")
        with sleeper() as stranger:
            if stranger.pid == pid:
                assert not processes.send((pid, start), signal.SIGKILL)
                assert stranger.poll() is None
                return
    pytest.skip("the pid was never free")
