"""What `configurations` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline_gui.terminal.actions import Actions, add_revision

_UNSEEN = "only if it is still at this revision; `show` says it"


def add_configurations(parser: argparse.ArgumentParser, common: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the actions; common makes the options that may stand behind every one."""
    actions = Actions(parser, common)
    actions.add("list", "list the saved ones and the samples")
    actions.add_named("show", "show one, and the spark-submit command that it stands for")
    save = actions.add_named(
        "save", "save what a TOML file holds; to change one that is there, name the revision that was seen"
    )
    save.add_argument("--config", required=True, type=Path, metavar="F.toml", help="a configuration file")
    add_revision(save, "the revision that this changes")
    duplicate = actions.add_named("duplicate", "save a copy of one, or of a sample, under another name")
    duplicate.add_argument("new_name", metavar="NEW_NAME")
    rename = actions.add_named("rename", "give one another name")
    rename.add_argument("new_name", metavar="NEW_NAME")
    add_revision(rename, _UNSEEN)
    delete = actions.add_named("delete", "delete one; runs that were started with it stay")
    add_revision(delete, _UNSEEN)
    actions.add("import", "save what TOML files hold, each under its own name").add_argument(
        "files", nargs="+", type=Path, metavar="F.toml"
    )
    export = actions.add_named("export", "write one as the TOML file that `start --config` takes")
    export.add_argument("file", nargs="?", type=Path, metavar="F.toml", help="default: to the output")
