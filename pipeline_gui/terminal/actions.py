"""Commands, and the actions of those that have some: what each is called, and what several of them take."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable


class Actions:
    """The actions of one command. common makes the options that may stand behind every one."""

    def __init__(
        self,
        parser: argparse.ArgumentParser,
        common: Callable[[], argparse.ArgumentParser],
        dest: str = "action",
        title: str = "actions (default: list)",
    ) -> None:
        self._common = common
        self.parsers = parser.add_subparsers(dest=dest, metavar=dest.upper(), title=title)

    def add(self, name: str, help_text: str) -> argparse.ArgumentParser:
        """Add one."""
        return self.parsers.add_parser(
            name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".", allow_abbrev=False,
            parents=[self._common()],
        )  # fmt: skip

    def add_named(self, name: str, help_text: str) -> argparse.ArgumentParser:
        """Add one that is about the one of a NAME."""
        action = self.add(name, help_text)
        action.add_argument("name", metavar="NAME")
        return action


def add_revision(action: argparse.ArgumentParser, help_text: str = "only if it is still at this revision") -> None:
    """Let it be said which revision was seen."""
    action.add_argument("--revision", type=whole_number, metavar="N", help=help_text)


def whole_number(text: str) -> int:
    """A number to count with. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[1-9]\d{0,17}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1")
    return int(text)
