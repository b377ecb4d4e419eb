"""Runs as JSON: of a history that is asked for again and again, most rows are as they were, and so are their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from pipeline_gui.pipeline.answers import run_answer
from pipeline_gui.pipeline.run import Run


class EncodedRuns:
    """Encodes pages one after the other; a run that is the same object as in the last page is not encoded again."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Run, bytes, bytes]] = {}

    def page(self, runs: Sequence[Run], cursor: str | None) -> tuple[bytes, bytes]:
        """The body of a page, and what lasts of it, as a tag. Thread-safe."""
        before = self._kept
        now: dict[str, tuple[Run, bytes, bytes]] = {}
        rows, tags = [], []
        for run in runs:
            known = before.get(run.run_id)
            if known is None or known[0] is not run:
                known = run, msgspec.json.encode(run_answer(run)), _lasting(run)
            now[run.run_id] = known
            rows.append(known[1])
            tags.append(known[2])
        self._kept = now
        end = msgspec.json.encode(cursor)
        body = b'{"runs":[' + b",".join(rows) + b'],"next":' + end + b"}"
        return body, hashlib.blake2b(b"".join(tags) + end, digest_size=12).hexdigest().encode()


def _lasting(run: Run) -> bytes:
    """A digest of a run without the duration of what runs, which alone does not make an answer another."""
    lasting = run._replace(duration=None) if run.is_running else run
    return hashlib.blake2b(msgspec.json.encode(run_answer(lasting)), digest_size=16).digest()
