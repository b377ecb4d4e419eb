"""Which versions are at work, for reports."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import QSysInfo, qVersion

from pipeline_gui import __version__


def versions() -> str:
    """The versions that a report needs, one a line."""
    return "\n".join(
        (
            f"pipeline-gui {__version__}",
            f"Python {platform.python_version()}",
            f"PySide6 {PySide6.__version__}, Qt {qVersion()}",
            f"{QSysInfo.prettyProductName()}, {platform.machine()}",
        )
    )
