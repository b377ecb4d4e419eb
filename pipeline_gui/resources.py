"""Where the files that are data and not code lie."""

from __future__ import annotations

import sysconfig
from pathlib import Path


def resource(*parts: str) -> Path:
    """The path of a file or folder of ``resources/``, in a checkout or installed. Raises FileNotFoundError."""
    checkout = Path(__file__).resolve().parent.parent / "resources"
    installed = Path(sysconfig.get_path("data")) / "share" / "pipeline-gui"
    for folder in (checkout, installed):
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from the installed program; install it again.")
