"""What `alerts` takes."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

CONDITIONS = ("failed", "ended", "recovered", "slow", "limit", "missed", "lost_contact")


def add_alerts(parser: argparse.ArgumentParser, common: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the actions; common makes the options that may stand behind every one."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions (default: list)")

    def add(name: str, help_text: str) -> argparse.ArgumentParser:
        return actions.add_parser(
            name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".", allow_abbrev=False,
            parents=[common()],
        )  # fmt: skip

    add("list", "list them, and whether a service is there to deliver")
    add("receivers", "list whom the services can tell")
    for name, help_text in (
        ("show", "show one, and what it told"),
        ("pause", "tell nothing by it until it is resumed"),
        ("resume", "tell again, of what comes from now on"),
        ("test", "have a service send a test, and say what the receiver answered"),
    ):
        add(name, help_text).add_argument("name", metavar="NAME")
    messages = add("messages", "list what was told, what waits, and what could not be delivered")
    messages.add_argument("name", nargs="?", metavar="NAME", help="of one alert (default: of all)")
    messages.add_argument("--limit", type=_number, default=50, metavar="N", help="the last ones (default: %(default)s)")
    new = add("add", "tell somebody of something")
    new.add_argument("name", metavar="NAME")
    _add_values(new, is_new=True)
    change = add("change", "change what is given, and leave the rest")
    change.add_argument("name", metavar="NAME")
    _add_values(change, is_new=False)
    delete = add("delete", "delete one; what it told stays")
    delete.add_argument("name", metavar="NAME")
    for action in (change, delete):
        action.add_argument("--revision", type=_number, metavar="N", help="only if it is still at this revision")


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


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1")
    return int(text)
