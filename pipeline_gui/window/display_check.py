"""Whether a window can be opened here. Qt ends the whole process when it can't, without a word that helps."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1"
_CONNECT_SECONDS = 2.0
_X11_SOCKETS = "/tmp/.X11-unix"


def missing_display(environ: Mapping[str, str] | None = None) -> str | None:
    """Why no window can be opened, in a sentence; None where one can."""
    environ = os.environ if environ is None else environ
    if not sys.platform.startswith("linux") or environ.get("QT_QPA_PLATFORM"):
        return None
    if environ.get("WAYLAND_DISPLAY"):
        return None
    display = environ.get("DISPLAY")
    if not display:
        return (
            "There is no display for a window (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "`pipeline-gui --help` lists what a terminal can do."
        )
    if not _answers(display):
        return f"The display {display[:60]!r} does not answer, so no window can be opened."
    return None


def _answers(display: str) -> bool:
    """Whether something listens where an X server would; a display that is not understood is left to Qt."""
    match = re.fullmatch(r"(?:unix)?:(\d{1,5})(?:\.\d+)?", display)
    if match is None:
        return True
    import socket

    path = f"{_X11_SOCKETS}/X{match[1]}"
    for address in (path, f"\0{path}"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_CONNECT_SECONDS)
            try:
                probe.connect(address)
            except OSError:
                continue
            return True
    return False


def missing_library(error: ImportError | None = None) -> str | None:
    """Which system library Qt misses, and what to install; None where it misses none."""
    said = str(error) if error is not None else _plugin_trouble()
    match = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", said)
    if match is None:
        return None
    return (
        f"Qt needs {match[1]}, which this computer does not have. On Debian and Ubuntu: sudo apt-get install {PACKAGES}"
    )


def _plugin_trouble() -> str:
    """What the dynamic linker says of the plugin that Qt is about to load for an X display."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] != "xcb":
        return ""
    if os.environ.get("WAYLAND_DISPLAY"):
        return ""
    found = importlib.util.find_spec("PySide6")
    if found is None or found.origin is None:
        return ""
    plugin = Path(found.origin).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists():
        return ""
    import ctypes

    try:
        ctypes.CDLL(str(plugin))
    except OSError as trouble:
        # The bundle's ctypes says something else of its own, and keeps the linker's words as the cause.
        return str(trouble.__cause__ or trouble)
    return ""
