"""Run ids as parts of addresses. Other programs' ids may hold anything; the path is matched as it came, undecoded."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Depends, Path

from pipeline_gui.service.problems import Problem


def run_path(run_id: str) -> str:
    """The address of a run."""
    return f"/api/pipeline/runs/{quote(run_id, safe='')}"


def _decoded(
    run_id: Annotated[str, Path(description="the id of a run, percent-encoded", examples=["flights-1f3a5c"])],
) -> str:
    try:
        decoded = unquote(run_id, errors="strict")
    except UnicodeDecodeError:
        raise Problem(404, "not-found", "There is no such run: its id is not UTF-8 text.") from None
    return decoded


RunId = Annotated[str, Depends(_decoded)]
"""The id in a path."""
