"""What shiboken6 would compile anew at each start, compiled beforehand: 15 ms less. Used by build.spec.

Its support modules lie inside its library as a zip of sources. Where a folder ``files.dir`` lies beside the library, it
takes them from there, as its own switch has it (the environment's SBK_EMBED=0 unpacks them so).
"""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from installers.selection import Entry

_PACKAGE = "shibokensupport"


def compiled_support(folder: Path) -> list[Entry]:
    """The modules, compiled into a folder, as files of the bundle; none where this shiboken has no such zip."""
    import PySide6.QtCore  # noqa: F401 - it loads them

    loader: Any = getattr(sys.modules.get(_PACKAGE), "__loader__", None)
    archive = getattr(loader, "zfile", None)
    if archive is None:
        return []
    entries = []
    for name in sorted(archive.namelist()):
        if not name.startswith(f"{_PACKAGE}/") or not name.endswith(".py"):
            continue
        source = folder / "files.dir" / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(archive.read(name))
        compiled = source.with_suffix(".pyc")
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # there is no source to compare it with
        py_compile.compile(str(source), str(compiled), dfile=name, doraise=True, invalidation_mode=mode)
        place = Path("shiboken6", "files.dir", name).with_suffix(".pyc")
        entries.append((str(place), str(compiled), "DATA"))
    return entries
