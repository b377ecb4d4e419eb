"""What `alerts` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from pipeline_gui.terminal.actions import Actions, add_revision, whole_number

CONDITIONS = ("failed", "ended", "recovered", "slow", "limit", "missed", "lost_contact")


def add_alerts(parser: argparse.ArgumentParser, common: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the actions; common makes the options that may stand behind every one."""
    actions = Actions(parser, common)
    actions.add("list", "list them, and whether a service is there to deliver")
    actions.add("receivers", "list whom the services can tell")
    for name, help_text in (
        ("show", "show one, and what it told"),
        ("pause", "tell nothing by it until it is resumed"),
        ("resume", "tell again, of what comes from now on"),
        ("test", "have a service send a test, and say what the receiver answered"),
    ):
        actions.add_named(name, help_text)
    messages = actions.add("messages", "list what was told, what waits, and what could not be delivered")
    messages.add_argument("name", nargs="?", metavar="NAME", help="of one alert (default: of all)")
    messages.add_argument(
        "--limit", type=whole_number, default=50, metavar="N", help="the last ones (default: %(default)s)"
    )
    _add_values(actions.add_named("add", "tell somebody of something"), is_new=True)
    change = actions.add_named("change", "change what is given, and leave the rest")
    _add_values(change, is_new=False)
    add_revision(change)
    add_revision(actions.add_named("delete", "delete one; what it told stays"))


def _add_values(parser: argparse.ArgumentParser, *, is_new: bool) -> None:
    parser.add_argument(
        "--on", dest="condition", required=is_new, choices=CONDITIONS,
        help="failed; ended: however it ends; recovered: completed after a failure; slow: longer than its own past "
        "lets expect; limit: longer than --minutes; missed: a time of a schedule started nothing; lost_contact: Spark "
        "is silent for --minutes",
    )  # fmt: skip
    parser.add_argument("--to", dest="receiver", required=is_new, metavar="RECEIVER", help="its name in receivers.toml")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--pipeline", metavar="NAME", help="only of this pipeline (default: of each)")
    if not is_new:
        which.add_argument("--every-pipeline", action="store_true", help="of each pipeline")
    parser.add_argument("--minutes", type=float, metavar="N", help="for limit and lost_contact")
