"""Clocks that agree between the server, its supervisors and a restart: standard library only, quick to import."""

from __future__ import annotations

import time

Stamp = dict[str, object]
"""A moment as it is recorded: wall clock, and CLOCK_BOOTTIME with the boot it belongs to."""


with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as _file:
    BOOT_ID = _file.read().strip()
"""The identity of this boot of the machine."""


def boottime() -> float:
    """Seconds since the boot, sleep of the machine included; the same for every process."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def stamp() -> Stamp:
    """This moment, to be recorded."""
    return {"wall": time.time(), "boot": boottime(), "bootId": BOOT_ID}


def seconds_since(recorded: object) -> float | None:
    """Seconds since a recorded moment, never negative; None when it isn't one.

    The wall clock may be set back, so it is asked only for a moment before the last boot.
    """
    if not isinstance(recorded, dict):
        return None
    boot, wall = recorded.get("boot"), recorded.get("wall")
    if isinstance(boot, int | float) and recorded.get("bootId") == BOOT_ID:
        return max(0.0, boottime() - boot)
    if isinstance(wall, int | float):
        return max(0.0, time.time() - wall)
    return None
