"""Where a wait shows what it sees: a progress bar below the log on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pipeline_gui.pipeline.answers import StatusAnswer
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.text import clean, cut

if TYPE_CHECKING:
    from rich.progress import Progress

LONGEST_NAME = 30


class Display(Protocol):
    """What a wait shows."""

    def lines(self, lines: Sequence[str]) -> None:
        """Lines of the log, made harmless."""

    def note(self, text: str) -> None:
        """What happens beside the run."""

    def progress(self, status: StatusAnswer) -> None:
        """Where the run stands."""


class PlainDisplay:
    """Lines of the log on stdout and notes on stderr; no progress."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of the log."""
        self._output.say("\n".join(lines))

    def note(self, text: str) -> None:
        """Write a note."""
        self._output.note(text)

    def progress(self, status: StatusAnswer) -> None:
        """Nothing: a file or a pipe needs no bar."""


class TerminalDisplay:
    """The log scrolls above a bar that shows the tasks of the current job, or the rates of a stream."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, detail="")

    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of the log above the bar."""
        from rich.text import Text

        # As text and not as markup: a log line may hold square brackets.
        self._progress.console.print(Text("\n".join(lines)), soft_wrap=True, highlight=False)

    def note(self, text: str) -> None:
        """Write a note above the bar."""
        from rich.text import Text

        self._progress.console.print(Text(text, style="yellow"), soft_wrap=True, highlight=False)

    def progress(self, status: StatusAnswer) -> None:
        """Move the bar."""
        known = status["progress"]
        total = known.get("tasks_total") if known else None
        detail = known["text"] if known and known.get("text") else clean(status["phase"] or "")
        self._progress.update(
            self._task,
            description=cut(clean(status["pipeline"] or ""), LONGEST_NAME),
            completed=known.get("tasks_completed", 0) if known else 0,
            total=total or None,
            detail=cut(clean(detail.replace("_", " ") if not known else detail), 60),
        )


@contextmanager
def open_display(output: Output) -> Iterator[Display]:
    """The display that fits where the output goes."""
    if not output.is_terminal:
        yield PlainDisplay(output)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(file=output.out, no_color=not output.has_color, emoji=False, markup=False, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as progress:
        yield TerminalDisplay(progress)
