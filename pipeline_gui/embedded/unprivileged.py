"""Running a program that refuses to be root, without opening the rights of any folder."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from pipeline_gui.embedded.errors import EmbeddedUnavailable

_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}
"""What lets another user pass root's closed folders, the smaller right first. Containers often lack the first."""


def is_root() -> bool:
    """Whether this process is root, as which PostgreSQL refuses to run."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def existing_user() -> tuple[int, int]:
    """The uid and gid of ``nobody``, who exists everywhere: no user is added. Raises EmbeddedUnavailable."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedUnavailable(
            "PostgreSQL refuses to run as root, and this system has no user “nobody” to run it as. "
            "Start the program as an ordinary user."
        ) from error
    return entry.pw_uid, entry.pw_gid


def command_as(uid: int, gid: int, command: list[str]) -> list[str]:
    """The command line that runs a command as another user, who may still pass closed folders.

    Raises EmbeddedUnavailable.
    """
    setpriv = shutil.which("setpriv", path=os.environ.get("PATH", "") + ":/usr/bin:/bin")
    if setpriv is None:
        raise EmbeddedUnavailable(
            "PostgreSQL refuses to run as root, and “setpriv” (of util-linux) is not here to run it as another user. "
            "Install util-linux, or start the program as an ordinary user."
        )
    # The program and its data lie below folders that only root may enter (/root, a virtual environment). Making those
    # readable for others would open them to everyone, so the process gets the right to pass, and no other right.
    capability = _held_capability()
    capabilities = f"-all,+{capability}" if capability else "-all"
    # initdb asks access() for its fellow programs, and access() leaves that right out unless this bit is set.
    securebits = ["--securebits=+no_setuid_fixup"] if capability else []
    return [
        setpriv,
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        f"--inh-caps={capabilities}",
        f"--ambient-caps={capabilities}",
        f"--bounding-set={capabilities}",
        *securebits,
        "--no-new-privs",
        *command,
    ]


def _held_capability() -> str | None:
    held = 0
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            held = int(line.split()[1], 16)
    return next((name for name, bit in _CAPABILITIES.items() if held >> bit & 1), None)
