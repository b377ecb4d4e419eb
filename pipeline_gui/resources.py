"""Where the files that are data and not code lie."""

from __future__ import annotations

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent / "resources"


def resource(*parts: str) -> Path:
    """The path of a file or folder of ``resources/``, in a checkout or installed. Raises FileNotFoundError."""
    path = _CHECKOUT.joinpath(*parts)
    if path.exists():
        return path
    import sysconfig

    path = Path(sysconfig.get_path("data")).joinpath("share", "pipeline-gui", *parts)
    if path.exists():
        return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from the installed program; install it again.")
