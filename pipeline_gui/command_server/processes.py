"""Finding and signalling the processes of a batch by the marker in their environment: standard library only.

Neither the process tree nor the group says what is left of a batch: a ``setsid`` child leaves the group, an orphan
leaves the tree. The marker stays. A pid is never trusted alone: start time is checked again behind a pidfd.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False  # typing is slow to import, and a supervisor must be up at once
if TYPE_CHECKING:
    from collections.abc import Callable

BATCH_VARIABLE = "PIPELINE_GUI_BATCH"
"""Carried by every process of a batch: ``GENERATION/ID/STATE``."""
SUPERVISOR_VARIABLE = "PIPELINE_GUI_SUPERVISOR"
"""Carried by the supervisor of a batch, with the same value; never by the batch."""

Process = tuple[int, int]
"""A process: its pid and its start time in clock ticks since the boot."""


def marker(state_key: str, generation: str, batch_id: int) -> str:
    """The marker of one batch."""
    return f"{generation}/{batch_id}/{state_key}"


def _stat(pid: int) -> tuple[int, int, str] | None:
    """Parent, start time and state of a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[1]), int(fields[19]), fields[0].decode()
    except (OSError, IndexError, ValueError):
        return None


def value_of(pid: int, variable: str) -> str | None:
    """The value of a variable in a process's environment; None without it, or when it can't be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = b"\0" + file.read()
    except OSError:
        return None
    start = environment.find(b"\0" + variable.encode() + b"=")
    if start < 0:
        return None
    return environment[start + len(variable) + 2 :].partition(b"\0")[0].decode("utf-8", "replace")


def values(variable: str) -> set[str]:
    """Every value that a variable has in some process's environment."""
    found = (value_of(int(entry), variable) for entry in os.listdir("/proc") if entry.isdigit())
    return {value for value in found if value is not None}


def survivors(
    belongs: Callable[[str], bool], *, variable: str = BATCH_VARIABLE, root: int | None = None
) -> list[Process]:
    """The living processes whose marker belongs, their descendants, and those of root (not root itself).

    Descendants count too: a program may start a child with an empty environment.
    """
    parents: dict[int, int] = {}
    started: dict[int, int] = {}
    chosen: set[int] = set()
    own = os.getpid()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        pid = int(entry)
        stat = _stat(pid)
        if stat is None or pid in (own, root):
            continue
        parent, start_time, state = stat
        if state in "ZX":
            continue
        parents[pid], started[pid] = parent, start_time
        value = value_of(pid, variable)
        if value is not None and belongs(value):
            chosen.add(pid)
    roots = set(chosen) if root is None else chosen | {root}
    growing = bool(roots)
    while growing:
        more = {pid for pid, parent in parents.items() if parent in roots and pid not in roots}
        roots |= more
        chosen |= more
        growing = bool(more)
    return [(pid, started[pid]) for pid in sorted(chosen)]


def send(process: Process, number: int) -> bool:
    """Signal a process unless its pid belongs to another by now; False when it did not get it."""
    pid, start_time = process
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        stat = _stat(pid)
        if stat is None or stat[1] != start_time:
            return False
        signal.pidfd_send_signal(fd, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(fd)
    return True


def send_all(processes: list[Process], number: int) -> int:
    """Signal each; the number of those that got it."""
    return sum(send(process, number) for process in processes)
