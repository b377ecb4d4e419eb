"""`schedules`: when pipelines start by themselves."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pipeline_gui.pipeline.schedule import Schedule, Service
from pipeline_gui.schedules.answers import detail_answer, schedule_answer, utc_texts
from pipeline_gui.schedules.owner import Schedules, Seen
from pipeline_gui.terminal.exit_codes import DONE
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import clean, clean_line, cut, full_time

HEADINGS = ("Name", "Configuration", "Times", "Next", "When busy")
SHOWN = 10
MOST_SERVICES = 5
_LONGEST = 60
_VALUES = (
    "configuration", "cron", "every_minutes", "zone", "starts_at", "ends_at", "when_busy", "catch_up_seconds",
    "retries", "retry_delay_seconds",
)  # fmt: skip

Action = Callable[[Schedules, argparse.Namespace, Output], None]


def schedules(arguments: argparse.Namespace, output: Output) -> int:
    """Carry out one action."""
    actions: dict[str, Action] = {
        "list": _list, "show": _show, "add": _add, "change": _change, "pause": _pause, "resume": _resume,
        "delete": _delete,
    }  # fmt: skip
    with open_session(arguments, output) as backend:
        actions[arguments.action or "list"](backend.schedules, arguments, output)
    return DONE


def _list(owner: Schedules, _arguments: argparse.Namespace, output: Output) -> None:
    found, now = owner.all(), owner.now()
    if output.as_json:
        output.write_json([schedule_answer(schedule, now) for schedule in found])
        return
    if not found:
        output.say("There is no schedule yet; “schedules add” makes one.")
        return
    output.say_table([HEADINGS, *(_line(schedule, now) for schedule in found)])
    output.say(services_text(owner.services()))


def services_text(services: Sequence[Service]) -> str:
    """Who is there to start what is due."""
    if not services:
        return (
            "No always-on service is there: what is due starts only while a window, or the keeper of this computer's "
            "servers, is open. “pipeline-gui serve” is always on."
        )
    there = ", ".join(f"{clean(one.host)} (since {full_time(one.since)})" for one in services[:MOST_SERVICES])
    return f"An always-on service is there to start what is due: {there}."


def _line(schedule: Schedule, now: datetime) -> tuple[str, ...]:
    following = schedule.upcoming(now, 1)
    return (
        cut(clean(schedule.name), _LONGEST),
        cut(clean(schedule.configuration), _LONGEST),
        times_text(schedule),
        (full_time(following[0]) if following else "never again") if schedule.is_enabled else "paused",
        schedule.when_busy.value,
    )


def times_text(schedule: Schedule) -> str:
    """The times of a schedule in a few words."""
    plan = schedule.plan
    if plan.cron is not None:
        return f"{plan.cron} ({plan.zone})"
    return "every minute" if plan.every_minutes == 1 else f"every {plan.every_minutes} minutes"


def _show(owner: Schedules, arguments: argparse.Namespace, output: Output) -> None:
    schedule, now = owner.show(arguments.name), owner.now()
    decided = owner.decided(arguments.name, SHOWN)
    if output.as_json:
        output.write_json(detail_answer(schedule, now, decided, owner.services()))
        return
    output.say(f"“{clean(schedule.name)}” starts “{clean(schedule.configuration)}”: {times_text(schedule)}.")
    output.say(f"While a pipeline runs: {schedule.when_busy.value}. Missed times are {_caught_up(schedule)}.")
    output.say(f"A run that fails is {_tried_again(schedule)}.")
    output.say(f"Revision {schedule.revision}, by {clean(schedule.changed_by)} {full_time(schedule.changed_at)}.")
    if schedule.is_enabled:
        _say_times(schedule.upcoming(now), output)
        output.say(services_text(owner.services()))
    else:
        output.say("It is paused.")
    for one in decided:
        detail = one.run_id if one.run_id else clean_line(one.sentence or "")
        again = f"attempt {one.attempt}: " if one.is_retry else ""
        output.say(f"{full_time(one.due)}  {one.outcome.value.replace('_', ' '):8}  {again}{detail}")


def _caught_up(schedule: Schedule) -> str:
    seconds = schedule.catch_up_seconds
    return f"made up for within {seconds:,.0f} s" if seconds else "left out"


def _tried_again(schedule: Schedule) -> str:
    if not schedule.retries:
        return "not started again"
    often = "once" if schedule.retries == 1 else f"up to {schedule.retries} times"
    return f"started again {often}, {schedule.retry_delay_seconds:,.0f} s after its end"


def _add(owner: Schedules, arguments: argparse.Namespace, output: Output) -> None:
    values = {"name": arguments.name, **_given(arguments)}
    if arguments.dry_run:
        times = owner.preview(values)
        if output.as_json:
            output.write_json({"next": utc_texts(times)})
        else:
            _say_times(times, output)
        return
    _say_saved(owner, owner.create(values), "Saved", output)


def _change(owner: Schedules, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner, owner.change(arguments.name, _given(arguments), _seen(owner, arguments)), "Changed", output)


def _pause(owner: Schedules, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner, owner.change(arguments.name, {"is_enabled": False}), "Paused", output)


def _resume(owner: Schedules, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner, owner.change(arguments.name, {"is_enabled": True}), "Resumed", output)


def _delete(owner: Schedules, arguments: argparse.Namespace, output: Output) -> None:
    owner.delete(arguments.name, _seen(owner, arguments))
    output.say_done(f"Deleted “{arguments.name}”.")


def _seen(owner: Schedules, arguments: argparse.Namespace) -> Seen | None:
    if arguments.revision is None:
        return None
    return Seen(owner.show(arguments.name).schedule_id, arguments.revision)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    return {key: getattr(arguments, key) for key in _VALUES if getattr(arguments, key) is not None}


def _say_saved(owner: Schedules, schedule: Schedule, word: str, output: Output) -> None:
    now = owner.now()
    if output.as_json:
        output.write_json(schedule_answer(schedule, now))
        return
    output.say(f"{word} “{clean(schedule.name)}”, revision {schedule.revision}.")
    if schedule.is_enabled:
        _say_times(schedule.upcoming(now), output)
        output.say(services_text(owner.services()))


def _say_times(times: list[datetime], output: Output) -> None:
    if not times:
        output.say("It is never due again.")
    for time in times:
        output.say(f"next: {full_time(time)}")
