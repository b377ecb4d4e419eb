"""Writes a file of any size, piece by piece in the pool, with progress; it can be given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.translation import tr


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what is written."""

    data: bytes
    next: int | None
    """What the next piece is asked for by; None: this is the last one."""
    told: str
    """How far it is; of the last piece, what was written."""


NextPiece = Callable[[int], Piece]
"""Asked in the pool, first with 0."""


class FileSaver(QObject):
    """One save at a time. What is not whole stands under another name, and is removed when it is given up."""

    told = Signal(str)
    """How far it is, or what became of it, in words."""
    busy_changed = Signal(bool)

    def __init__(self, gateway: Gateway, what: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._what = what
        """As in “The log was not saved.”"""
        self._save = 0
        """Counts the saves, so that a piece of one that was cancelled is known as such."""
        self._target: Path | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a save is under way."""
        return self._target is not None

    def save(self, target: Path, next_piece: NextPiece) -> None:
        """Write all pieces to a file."""
        self._save += 1
        self._target = target
        self.busy_changed.emit(True)
        self.told.emit(tr("Saving…"))
        self._next(self._save, next_piece, 0)

    def cancel(self) -> None:
        """Give it up."""
        if self._target is not None:
            unfinished = _part_file(self._target, self._save)
            self._finish(tr("{0} was not saved.").format(self._what))
            self._gateway.run(
                lambda: unfinished.unlink(missing_ok=True), lambda _: None, lambda _: None, self, Lane.VIEWS
            )

    def _next(self, save: int, next_piece: NextPiece, at: int) -> None:
        target = self._target
        if target is None or save != self._save:
            return

        def work() -> Piece:
            piece = next_piece(at)
            unfinished = _part_file(target, save)
            with unfinished.open("wb" if at == 0 else "ab") as file:
                file.write(piece.data)
            if save != self._save:  # given up meanwhile, and perhaps removed before this was written
                unfinished.unlink(missing_ok=True)
            elif piece.next is None:
                unfinished.replace(target)
            return piece

        def done(piece: Piece) -> None:
            if save != self._save or self._target is None:
                return
            if piece.next is None:
                self._finish(tr("Saved to {0}: {1}").format(target, piece.told).strip())
                return
            self.told.emit(tr("Saving… {0}").format(piece.told))
            self._next(save, next_piece, piece.next)

        def failed(error: Exception) -> None:
            if save == self._save and self._target is not None:
                self.cancel()
                self.told.emit(tr("{0} was not saved: {1}").format(self._what, error))

        self._gateway.run(work, done, failed, self, Lane.VIEWS)

    def _finish(self, text: str) -> None:
        self._target = None
        self._save += 1
        self.busy_changed.emit(False)
        self.told.emit(text)


def _part_file(target: Path, save: int) -> Path:
    return target.with_name(f"{target.name}.{save}.part")
