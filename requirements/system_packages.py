"""Sees to what Qt and `make package` need from the system and no wheel brings, with nothing but the standard library.

With --tests, also to the browser in which the dashboard is tried. Quick and silent when all are there, so that it can
run at each installation. Where some are missing it installs Debian's packages if it may (as root, or by sudo without a
question), else it prints the one command to copy. It never fails: only the window, the bundle and the tests need them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
TOOLS = {"objcopy": "binutils"}
"""What PyInstaller runs."""
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""What the tests of the dashboard click in."""


def missing_packages(*, for_tests: bool) -> list[str]:
    """Debian's names of the libraries that can't be loaded and the tools that are not there."""
    tools = TOOLS | BROWSER if for_tests else TOOLS
    missing = [package for tool, package in tools.items() if shutil.which(tool) is None]
    if os.path.realpath(sys.executable).startswith("/usr/bin/"):
        # Debian's own Python is linked without its shared library, which a bundle needs.
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        LIBRARIES[f"libpython{version}.so.1.0"] = f"libpython{version}"
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def main(*, for_tests: bool) -> None:
    """Install what is missing, or say how."""
    packages = missing_packages(for_tests=for_tests) if sys.platform.startswith("linux") else []
    if not packages:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if shutil.which("apt-get") is None:
        print(f"The window, the bundle and the tests need what is missing here (Debian calls it {' '.join(packages)}).")
        return
    if not as_root or _sudo_asks_nothing():
        print(
            f"Installing what the window, the bundle and the tests need from the system: {' '.join(packages)}",
            flush=True,
        )
        apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            done = subprocess.run([*apt, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode:
                print((done.stderr.strip().splitlines() or ["apt-get failed"])[-1])
        packages = missing_packages(for_tests=for_tests)
    if packages:
        print("The window, the bundle and the tests need what is missing here; install it with")
        print(f"  sudo apt-get install -y {' '.join(packages)}")


def _sudo_asks_nothing() -> bool:
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main(for_tests="--tests" in sys.argv[1:])
