"""What `configurations` takes."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

_UNSEEN = "only if it is still at this revision; `show` says it"


def add_configurations(parser: argparse.ArgumentParser, common: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the actions; common makes the options that may stand behind every one."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions (default: list)")

    def add(name: str, help_text: str) -> argparse.ArgumentParser:
        return actions.add_parser(
            name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".", allow_abbrev=False,
            parents=[common()],
        )  # fmt: skip

    add("list", "list the saved ones and the samples")
    add("show", "show one, and the spark-submit command that it stands for").add_argument("name", metavar="NAME")
    save = add("save", "save what a TOML file holds; to change one that is there, name the revision that was seen")
    save.add_argument("name", metavar="NAME")
    save.add_argument("--config", required=True, type=Path, metavar="F.toml", help="a configuration file")
    save.add_argument("--revision", type=_revision, metavar="N", help="the revision that this changes")
    duplicate = add("duplicate", "save a copy of one, or of a sample, under another name")
    duplicate.add_argument("name", metavar="NAME")
    duplicate.add_argument("new_name", metavar="NEW_NAME")
    rename = add("rename", "give one another name")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new_name", metavar="NEW_NAME")
    rename.add_argument("--revision", type=_revision, metavar="N", help=_UNSEEN)
    delete = add("delete", "delete one; runs that were started with it stay")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--revision", type=_revision, metavar="N", help=_UNSEEN)
    add("import", "save what TOML files hold, each under its own name").add_argument(
        "files", nargs="+", type=Path, metavar="F.toml"
    )
    export = add("export", "write one as the TOML file that `start --config` takes")
    export.add_argument("name", metavar="NAME")
    export.add_argument("file", nargs="?", type=Path, metavar="F.toml", help="default: to the output")


def _revision(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,17}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no revision: 1 or greater")
    return int(text)
