"""Looking at the processes of a profile, for tests of the pair."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from tests.waiting import wait_until


def processes_of(home: Path, *words: str) -> list[psutil.Process]:
    """The living processes that carry the profile in their environment and these words in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("PIPELINE_GUI_HOME") == str(home)
            command = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if ours and all(word in command for word in words):
            found.append(process)
    return found


def keepers(home: Path) -> list[psutil.Process]:
    """The profile's keepers: one, or none."""
    return processes_of(home, "pipeline_gui.embedded.keeper")


def postgres_servers(home: Path) -> list[psutil.Process]:
    """The profile's PostgreSQL servers, without the processes that they forked for their sessions."""
    return processes_of(home, "-D", str(home / "embedded" / "postgres" / "data"))


def command_servers(home: Path) -> list[psutil.Process]:
    """The profile's command servers."""
    return processes_of(home, "pipeline_gui.command_server")


def end_profile(home: Path) -> None:
    """Stop the pair of a profile and wait until nothing of it is left."""
    for keeper in keepers(home):
        keeper.send_signal(signal.SIGTERM)
    try:
        wait_until(lambda: not processes_of(home), timeout=20.0, what="the end of the profile's processes")
    finally:
        for process in processes_of(home):
            process.kill()
