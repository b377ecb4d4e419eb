"""Saves a whole output to a file, piece by piece in the pool, with progress; it can be cancelled."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from pipeline_gui.pipeline.output import OutputPart, Stream
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.run_panel.log_reader import size_text
from pipeline_gui.window.run_panel.outputs import Outputs

PIECE = 1024 * 1024
"""Bytes read at once."""


class LogSaver(QObject):
    """One save at a time. What is not whole stands under another name, and is removed when it is given up."""

    told = Signal(str)
    """How far it is, or what became of it, in words."""
    busy_changed = Signal(bool)

    def __init__(self, gateway: Gateway, outputs: Outputs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._read = outputs.read
        self._save = 0
        """Counts the saves, so that a piece of one that was cancelled is known as such."""
        self._target: Path | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a save is under way."""
        return self._target is not None

    def save(self, run_id: str, stream: Stream, target: Path) -> None:
        """Write the output, as long as it is when its end is reached, to a file."""
        self._save += 1
        self._target = target
        self.busy_changed.emit(True)
        self.told.emit("Saving…")
        self._next(self._save, run_id, stream, 0)

    def cancel(self) -> None:
        """Give it up."""
        if self._target is not None:
            unfinished = _part_file(self._target, self._save)
            self._finish("The log was not saved.")
            self._gateway.run(
                lambda: unfinished.unlink(missing_ok=True), lambda _: None, lambda _: None, self, Lane.VIEWS
            )

    def _next(self, save: int, run_id: str, stream: Stream, offset: int) -> None:
        target, read = self._target, self._read
        if target is None or save != self._save:
            return

        def work() -> OutputPart:
            part = read(run_id, stream, offset, PIECE)
            unfinished = _part_file(target, save)
            with unfinished.open("wb" if offset == 0 else "ab") as file:
                file.write(part.data)
            if save != self._save:  # given up meanwhile, and perhaps removed before this was written
                unfinished.unlink(missing_ok=True)
            elif part.end >= part.total or part.note:
                unfinished.replace(target)
            return part

        def done(part: OutputPart) -> None:
            if save != self._save or self._target is None:
                return
            if part.end >= part.total or part.note:
                self._finish(f"Saved to {target}: {size_text(part.end)}. {part.note}".strip())
                return
            self.told.emit(f"Saving… {size_text(part.end)} of {size_text(part.total)}")
            self._next(save, run_id, stream, part.end)

        def failed(error: Exception) -> None:
            if save == self._save and self._target is not None:
                self.cancel()
                self.told.emit(f"The log was not saved: {error}")

        self._gateway.run(work, done, failed, self, Lane.VIEWS)

    def _finish(self, text: str) -> None:
        self._target = None
        self._save += 1
        self.busy_changed.emit(False)
        self.told.emit(text)


def _part_file(target: Path, save: int) -> Path:
    return target.with_name(f"{target.name}.{save}.part")
