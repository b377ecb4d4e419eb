"""What a bundle needs from the system: the libraries that its own ask for and that are not in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from requirements.system_packages import LIBRARIES

_OF_EVERY_SYSTEM = {
    "libc.so.6": "libc6",
    "libm.so.6": "libc6",
    "libdl.so.2": "libc6",
    "libpthread.so.0": "libc6",
    "libresolv.so.2": "libc6",
    "librt.so.1": "libc6",
    "libutil.so.1": "libc6",
    "ld-linux-x86-64.so.2": "libc6",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libxcb.so.1": "libxcb1",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
}
PACKAGES = {**LIBRARIES, **_OF_EVERY_SYSTEM}
"""Debian's package of each library."""
_NEEDED = re.compile(r"\(NEEDED\)\s+Shared library: \[(.+)\]")


class UnknownLibrary(RuntimeError):
    """A library that the bundle needs and of which no package is known here."""


def needed_libraries(bundle: Path) -> set[str]:
    """The libraries that the bundle's files ask the system for. Needs readelf (binutils)."""
    files = [path for path in bundle.rglob("*") if path.is_file() and _is_elf(path)]
    inside = {path.name for path in bundle.rglob("*")}
    said = subprocess.run(["readelf", "-dW", *map(str, files)], capture_output=True, text=True, check=True).stdout
    return set(_NEEDED.findall(said)) - inside


def needed_packages(bundle: Path) -> list[str]:
    """Debian's packages of these, in order. Raises UnknownLibrary."""
    libraries = needed_libraries(bundle)
    unknown = sorted(libraries - PACKAGES.keys())
    if unknown:
        raise UnknownLibrary(f"name the packages of {', '.join(unknown)} in installers/needs.py")
    return sorted({PACKAGES[library] for library in libraries})


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
