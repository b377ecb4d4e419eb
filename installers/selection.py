"""Which of the files that PyInstaller collects go into the bundle. Used by build.spec."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from installers.build_paths import neutral
from installers.small_icu import NotUnderstood, shrink

Entry = tuple[str, str, str]
"""What PyInstaller collects: the name in the bundle, the source file, the kind."""

_PLUGINS = {
    "platforms": ("qxcb", "qwayland", "qoffscreen", "qwindows", "qcocoa"),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platformthemes": ("qxdgdesktopportal",),
    "styles": ("qmodernwindowsstyle", "qmacstyle"),
    "wayland-decoration-client": ("adwaita", "bradient"),
    "wayland-shell-integration": ("xdg-shell",),
}
"""The plugins of Qt that a window of widgets needs. Not libqgtk3, which brings all of GTK; nothing of OpenGL."""
_UNUSED_QT = (
    "Qml", "Quick", "Pdf", "VirtualKeyboard", "OpenGL", "EglF", "EglFs", "WlShellIntegration", "Network",
)  # fmt: skip
_OF_PYTHON = ("libpython", "libcrypto", "libssl", "libffi", "libbz2", "liblzma", "libexpat", "libuuid", "libreadline")
"""Libraries of the system that belong to Python and come along. All others are the system's own: they must fit its
display server, its fonts and its graphics driver, and the package declares them."""


def is_used(entry: Entry) -> bool:
    """Whether a file goes into the bundle."""
    name, source = entry[0].replace("\\", "/"), entry[1].replace("\\", "/")
    if "/Qt/plugins/" in name or name.startswith("PySide6/plugins/"):
        kind, plugin = name.split("/plugins/", 1)[1].split("/")[0], Path(name).name.split(".")[0]
        return plugin.removeprefix("lib") in _PLUGINS.get(kind, ())
    if "translations/" in name:
        return False
    file = Path(name).name
    if file.startswith("libQt6"):
        return not file.removeprefix("libQt6").startswith(_UNUSED_QT)
    if _is_of_the_system(source):
        return file.startswith(_OF_PYTHON)
    return True


def _is_of_the_system(source: str) -> bool:
    if not sys.platform.startswith("linux") or "/site-packages/" in source or "/python3" in source:
        return False
    return source.startswith(("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")) and ".so" in Path(source).name


def made_smaller(entries: Iterable[Entry], folder: Path) -> list[Entry]:
    """The same files, some of them as smaller copies in the folder: without symbols and without the paths of the Python
    that builds, and ICU without its locales.

    Other libraries out of wheels stay as they are: some were patched so that strip breaks them.
    """
    if not sys.platform.startswith("linux"):
        return list(entries)
    return [(name, _smaller(name, source, folder / "smaller" / name), kind) for name, source, kind in entries]


def _smaller(name: str, source: str, target: Path) -> str:
    file = Path(name).name
    if file.startswith("libicudata"):
        try:
            shrink(Path(source), target)
        except NotUnderstood as trouble:
            print(f"ICU stays as it is: {trouble}.")
            return source
        return str(target)
    if file.startswith("libpython") or "lib-dynload" in name or file == "_rust.abi3.so":
        target.parent.mkdir(parents=True, exist_ok=True)
        strip = shutil.which("strip")
        if strip is None:
            shutil.copyfile(source, target)
        else:
            subprocess.run([strip, "--strip-unneeded", "-o", str(target), source], check=True)
        target.write_bytes(neutral(target.read_bytes()))
        return str(target)
    return source
