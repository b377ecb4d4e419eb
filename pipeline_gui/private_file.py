"""Files of secrets: read as they are now, and only where nobody else may read them."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

LARGEST_FILE = 1024 * 1024


class NotUsable(Exception):
    """The file can't be used; the text is a sentence that quotes nothing of what is in it."""


def read_private_toml(file: Path, what: str, example: str) -> dict[str, Any]:
    """The file as it is now; what: how it is called in a sentence. Raises FileNotFoundError, NotUsable."""
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except NotADirectoryError as error:
        raise FileNotFoundError(*error.args) from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotUsable(f"the {what} {file} can't be read: {error.strerror}.") from error
    try:
        # Of what was opened, and not of a path that may lead elsewhere by now.
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise NotUsable(f"the {what} {file} is not a regular file.")
        if found.st_mode & 0o077 or found.st_uid not in (0, os.geteuid()):
            raise NotUsable(
                f"others than this server may read or own the {what} {file}, so it is not used; "
                f"make it private: chmod 600 {file}"
            )
        with os.fdopen(fd, "rb", closefd=False) as opened:
            content = opened.read(LARGEST_FILE + 1)
    finally:
        os.close(fd)
    try:
        if len(content) > LARGEST_FILE:
            raise ValueError
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        # Without the parser's words: they might quote what is in it.
        raise NotUsable(f"the {what} {file} is not valid TOML; a line of it is: {example}") from None
