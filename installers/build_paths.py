"""What names the computer that builds: where its Python lies, and where that was made.

It stands in Python's own libraries, also as a place where they look for others: on another computer that folder may be
anybody's. In its place stands /usr, drawn out to the same length, so that nothing in a file moves. The last part of a
path stays: linkers let a shorter text be the end of a longer one, and “3.11.7” may be both a folder and a version.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path, PurePosixPath


def build_paths() -> list[bytes]:
    """What is overwritten: the folders above, the longest first; none of the system's own."""
    said = (sys.prefix, sys.base_prefix, sys.exec_prefix, *map(_variable, ("abs_srcdir", "abs_builddir", "prefix")))
    folders = {str(PurePosixPath(path).parent) for path in said}
    telling = {folder.encode() for folder in folders if folder.count("/") > 1}
    return sorted(telling, key=lambda path: (-len(path), path))


def neutral(content: bytes) -> bytes:
    """The same content, as long as before, without them."""
    for path in build_paths():
        content = content.replace(path, b"/usr".ljust(len(path), b"/"))
    return content


def neutral_configuration(source: Path, target: Path) -> None:
    """A copy of Python's record of how it was made (_sysconfigdata) without them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(neutral(source.read_bytes()))


def _variable(name: str) -> str:
    return str(sysconfig.get_config_var(name) or "")
