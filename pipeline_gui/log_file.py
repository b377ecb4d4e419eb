"""The profile's log file: what went wrong, with details that are not for a terminal."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from pipeline_gui import __version__
from pipeline_gui.profile import find_profile

LARGEST_LOG = 2_000_000
"""Bytes above which a new file is begun; one old one is kept."""


def append_to_log(text: str) -> Path | None:
    """Append lines to the log file, in one write, since several processes share it; None where that can't be done."""
    try:
        path = find_profile().log_file
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        # 0600: a traceback may quote what a person typed.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, text.encode("utf-8", "backslashreplace"))
        finally:
            os.close(descriptor)
    except OSError:
        return None
    return path


def log_to_file() -> None:
    """Send the warnings of this process to the log file: by default Python would write them into the terminal."""
    handler = _FileHandler(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)


def stamp() -> str:
    """The beginning of an entry: when, and which program."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    python = sys.version.partition(" ")[0]
    return f"{now} pipeline-gui {__version__} (process {os.getpid()}), Python {python}, {sys.platform}"


class _FileHandler(logging.Handler):
    """Opens the file for each entry: few are written, and most commands write none and so make no file."""

    def emit(self, record: logging.LogRecord) -> None:
        append_to_log(f"{stamp()}\n{self.format(record)}\n")
