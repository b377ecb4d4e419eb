"""What `schedules` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from pipeline_gui.terminal.actions import Actions, add_revision, whole_number


def add_schedules(parser: argparse.ArgumentParser, common: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the actions; common makes the options that may stand behind every one."""
    actions = Actions(parser, common)
    actions.add("list", "list them with the next time of each")
    for name, help_text in (
        ("show", "show one, its next times, and what became of the last ones"),
        ("pause", "start nothing by it until it is resumed"),
        ("resume", "go on with what is due from now"),
    ):
        actions.add_named(name, help_text)
    new = actions.add_named("add", "start a configuration at certain times")
    _add_values(new, is_new=True)
    new.add_argument("--dry-run", action="store_true", help="only show the next times")
    change = actions.add_named("change", "change what is given, and leave the rest")
    _add_values(change, is_new=False)
    add_revision(change)
    add_revision(actions.add_named("delete", "delete one; runs that it started stay"))


def _add_values(parser: argparse.ArgumentParser, *, is_new: bool) -> None:
    parser.add_argument("--configuration", required=is_new, metavar="NAME", help="a saved configuration, or a sample")
    times = parser.add_mutually_exclusive_group(required=is_new)
    times.add_argument("--cron", metavar="FIELDS", help="minute, hour, day, month, day of week, as in '0 2 * * *'")
    times.add_argument(
        "--every", type=whole_number, dest="every_minutes", metavar="MINUTES", help="every so many minutes"
    )
    parser.add_argument("--zone", metavar="ZONE", help="in which cron is read, as Europe/Berlin (default: UTC)")
    parser.add_argument("--from", dest="starts_at", metavar="WHEN", help="a date or a moment, in its zone")
    parser.add_argument("--until", dest="ends_at", metavar="WHEN", help="a date or a moment, in its zone")
    parser.add_argument(
        "--when-busy", choices=("skip", "wait", "replace"),
        help="what to do while a pipeline runs (default: skip); replace stops what runs",
    )  # fmt: skip
    parser.add_argument(
        "--catch-up", type=float, dest="catch_up_seconds", metavar="SECONDS",
        help="make up for a missed time, once, so late at most (default: 0, never)",
    )  # fmt: skip
    parser.add_argument(
        "--retries", type=_count, metavar="N", help="start a run that failed again, so often at most (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--retry-delay", type=float, dest="retry_delay_seconds", metavar="SECONDS",
        help="so long after the end of the run that failed (default: 60)",
    )  # fmt: skip


def _count(text: str) -> int:
    return 0 if text == "0" else whole_number(text)
