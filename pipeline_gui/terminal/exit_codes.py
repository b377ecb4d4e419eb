"""The exit codes of every command."""

from __future__ import annotations

from pipeline_gui.pipeline.errors import Reason

DONE = 0
REFUSED = 1
"""Refused or failed, with the reason on stderr; after a wait: the run did not complete."""
USAGE = 2
UNREACHABLE = 3
INTERRUPTED = 130
BROKEN_PIPE = 141
"""As a program that SIGPIPE ended."""


def exit_code_of(reason: Reason | None) -> int:
    """The exit code for a failed answer."""
    return UNREACHABLE if reason == "unreachable" else REFUSED
