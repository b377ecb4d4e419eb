"""Where a command writes: words for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from pipeline_gui.pipeline.errors import ConfigurationInvalid, PipelineError
from pipeline_gui.terminal.exit_codes import DONE, exit_code_of
from pipeline_gui.terminal.text import clean

if TYPE_CHECKING:
    from pipeline_gui.pipeline.answers import ActionAnswer

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "dim": "2", "bold": "1"}


class Output:
    """The two streams of a command. In JSON, stdout holds the answer and nothing else; words go to stderr."""

    def __init__(self, *, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    @property
    def is_terminal(self) -> bool:
        """Whether words go to a person's terminal, which can redraw lines."""
        return not self.as_json and _is_terminal(self.out)

    @property
    def has_color(self) -> bool:
        """Whether words may be coloured; NO_COLOR says no."""
        return self.is_terminal and _shows_color(self.out)

    def paint(self, text: str, *styles: str) -> str:
        """Text in a style, where there are colours."""
        return _painted(text, styles) if self.has_color else text

    def say(self, text: str) -> None:
        """Words of the result."""
        print(text, file=self.err if self.as_json else self.out, flush=True)

    def say_table(self, lines: Sequence[tuple[str, ...]]) -> None:
        """Lines of cells, the headings first, in columns as wide as they need."""
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            self.say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def say_done(self, message: str) -> None:
        """What was done, where the answer is nothing else."""
        if self.as_json:
            self.write_json({"success": True, "message": message})
        else:
            self.say(clean(message))

    def note(self, text: str, *styles: str) -> None:
        """Words beside the result: what is waited for, what went wrong."""
        print(_painted(text, styles) if _shows_color(self.err) else text, file=self.err, flush=True)

    def write_json(self, answer: object, *, compact: bool = False) -> None:
        """The answer for programs. In ASCII, so that it is right whatever the locale."""
        indent = None if compact else 2
        print(json.dumps(answer, indent=indent, default=str), file=self.out, flush=True)

    def answered(self, answer: ActionAnswer) -> int:
        """Say what an action answered; the exit code for it."""
        if self.as_json:
            self.write_json(answer)
        if answer["success"]:
            if not self.as_json:
                self.say(clean(answer["message"]))
            return DONE
        self.note(clean(answer["message"]))
        return exit_code_of(answer.get("reason"))

    def failed(self, error: PipelineError) -> int:
        """Say why a command could not be carried out; the exit code for it."""
        answer: ActionAnswer = {"success": False, "run_id": None, "message": str(error), "reason": error.reason}
        if isinstance(error, ConfigurationInvalid) and error.field:
            answer["field"] = error.field
        from pipeline_gui.pipeline.saved import ConfigurationChanged  # loaded when something failed

        if not isinstance(error, ConfigurationChanged):
            return self.answered(answer)
        from pipeline_gui.configurations.answers import changed_answer

        if self.as_json:
            self.write_json({**answer, **changed_answer(error)})
        self.note(clean(answer["message"]))
        return exit_code_of(error.reason)


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def _shows_color(stream: TextIO) -> bool:
    return _is_terminal(stream) and not os.environ.get("NO_COLOR")


def _painted(text: str, styles: Sequence[str]) -> str:
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m" if styles else text
