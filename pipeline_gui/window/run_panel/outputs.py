"""What the log is read from: asked in the pool, never on the GUI thread."""

from __future__ import annotations

from typing import Protocol

from pipeline_gui.pipeline.output import OutputPart, OutputSearch, OutputSearched, Stream


class Outputs(Protocol):
    """What runs printed."""

    def read(self, run_id: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """Part of an output, by bytes. Raises PipelineError."""

    def search(self, run_id: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """A bounded piece of a search in the whole output. Raises SearchNotKnown, PipelineError."""

    def ui_address(self, run_id: str) -> str | None:
        """Where a browser finds Spark's own UI of a running run, if anywhere. Raises PipelineError."""
