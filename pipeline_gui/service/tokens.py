"""Tokens in private files: read, or made once."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from pipeline_gui.service.options import OptionsInvalid

_TOKEN = re.compile(r"[!-~]{16,1024}")


def read_token(path: Path, *, make: bool) -> str:
    """The token that a file holds; make: one that is not there is made, with a random token. Raises OptionsInvalid."""
    try:
        if make:
            _make(path)
        if path.stat().st_mode & 0o077:
            raise OptionsInvalid(f"Others may read the token file {path}; make it private: chmod 600 {path}")
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise OptionsInvalid(f"The token file {path} can't be read: {reason}.") from error
    if not _TOKEN.fullmatch(token):
        raise OptionsInvalid(f"{path}: a token has 16 to 1024 printable ASCII characters and no space.")
    return token


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{secrets.token_urlsafe(32)}\n")
