"""A whole output in pieces, for a file."""

from __future__ import annotations

from pipeline_gui.pipeline.output import Stream
from pipeline_gui.window.file_saver import NextPiece, Piece
from pipeline_gui.window.run_panel.log_reader import size_text
from pipeline_gui.window.run_panel.outputs import Outputs

PIECE = 1024 * 1024
"""Bytes read at once."""


def log_pieces(outputs: Outputs, run_id: str, stream: Stream) -> NextPiece:
    """The output, as long as it is when its end is reached."""

    def next_piece(offset: int) -> Piece:
        part = outputs.read(run_id, stream, offset, PIECE)
        if part.end >= part.total or part.note:
            return Piece(part.data, None, f"{size_text(part.end)}. {part.note}".strip())
        return Piece(part.data, part.end, f"{size_text(part.end)} of {size_text(part.total)}")

    return next_piece
