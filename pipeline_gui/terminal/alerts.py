"""`alerts`: of what somebody is told."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from pipeline_gui.alerts.answers import alert_answer, detail_answer, message_answer, receiver_answers
from pipeline_gui.alerts.owner import Alerts, Seen, delivery_sentence, receivers_of
from pipeline_gui.pipeline.alert import Alert, Message, MessageState
from pipeline_gui.pipeline.alert_texts import condition_text, rule_text, sentence_of
from pipeline_gui.terminal.exit_codes import DONE, REFUSED
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import clean, clean_line, cut, full_time

HEADINGS = ("Name", "Of", "When", "To")
SHOWN = 10
_LONGEST = 60
_VALUES = ("condition", "pipeline", "minutes", "receiver")

Action = Callable[[Alerts, argparse.Namespace, Output], int | None]


def alerts(arguments: argparse.Namespace, output: Output) -> int:
    """Carry out one action."""
    actions: dict[str, Action] = {
        "list": _list, "show": _show, "add": _add, "change": _change, "pause": _pause, "resume": _resume,
        "delete": _delete, "test": _test, "messages": _messages, "receivers": _receivers,
    }  # fmt: skip
    with open_session(arguments, output) as backend:
        code = actions[arguments.action or "list"](backend.alerts, arguments, output)
    return DONE if code is None else code


def _list(owner: Alerts, _arguments: argparse.Namespace, output: Output) -> None:
    found, services = owner.all(), owner.services()
    if output.as_json:
        output.write_json([alert_answer(alert, services) for alert in found])
        return
    if not found:
        output.say("There is no alert yet; “alerts add” makes one.")
        return
    output.say_table([HEADINGS, *(_line(alert) for alert in found)])
    for sentence in dict.fromkeys(delivery_sentence(alert.receiver, services) for alert in found if alert.is_enabled):
        if sentence is not None:
            output.say(clean_line(sentence))


def _line(alert: Alert) -> tuple[str, ...]:
    when = condition_text(alert.condition, alert.minutes)
    return (
        cut(clean(alert.name), _LONGEST),
        cut(clean(alert.pipeline), _LONGEST) if alert.pipeline else "each pipeline",
        when if alert.is_enabled else f"paused ({when})",
        clean(alert.receiver),
    )


def _show(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    alert, services = owner.show(arguments.name), owner.services()
    expected, messages = owner.expected(alert), owner.messages(alert.name, SHOWN)
    if output.as_json:
        output.write_json(detail_answer(alert, services, expected, messages))
        return
    output.say(f"“{clean(alert.name)}”: {clean(rule_text(alert))}")
    output.say(f"Revision {alert.revision}, by {clean(alert.changed_by)} {full_time(alert.changed_at)}.")
    if expected is not None:
        output.say(f"“{clean(alert.pipeline or '')}” takes {expected.sentence()}.")
    elif alert.condition == "slow" and alert.pipeline:
        output.say("Too few of its runs have completed to say what is usual.")
    if not alert.is_enabled:
        output.say("It is paused.")
    sentence = delivery_sentence(alert.receiver, services)
    if sentence is not None:
        output.say(clean_line(sentence))
    _say_messages(messages, output)


def _say_messages(messages: list[Message], output: Output) -> None:
    for message in messages:
        output.say(f"{full_time(message.made_at)}  {message.state.value:11}  {clean_line(sentence_of(message))}")
        if message.answer and message.state is not MessageState.SENT:
            attempts = "1 attempt" if message.attempts == 1 else f"{message.attempts} attempts"
            output.say(f"    after {attempts}: {clean_line(message.answer)}")


def _messages(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    messages = owner.messages(arguments.name, arguments.limit)
    if output.as_json:
        output.write_json([message_answer(message) for message in messages])
    elif messages:
        _say_messages(messages, output)
    else:
        output.say("Nothing was told yet.")


def _receivers(owner: Alerts, _arguments: argparse.Namespace, output: Output) -> None:
    services = owner.services()
    receivers = receivers_of(services)
    if output.as_json:
        output.write_json(receiver_answers(receivers))
        return
    if receivers:
        output.say_table([("Name", "Kind"), *((clean(one.name), clean(one.kind)) for one in receivers)])
        return
    output.say(clean_line(delivery_sentence("", services) or ""))


def _test(owner: Alerts, arguments: argparse.Namespace, output: Output) -> int:
    tried = owner.test(arguments.name)
    if output.as_json:
        output.write_json({"success": tried.success, "message": tried.message})
    else:
        output.say(f"{'Sent' if tried.success else 'Not sent'}. {clean_line(tried.message)}")
    return DONE if tried.success else REFUSED


def _add(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner, owner.create({"name": arguments.name, **_given(arguments)}), "Saved", output)


def _change(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    values = _given(arguments)
    if arguments.every_pipeline:
        values["pipeline"] = None
    _say_saved(owner, owner.change(arguments.name, values, _seen(owner, arguments)), "Changed", output)


def _pause(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner, owner.change(arguments.name, {"is_enabled": False}), "Paused", output)


def _resume(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner, owner.change(arguments.name, {"is_enabled": True}), "Resumed", output)


def _delete(owner: Alerts, arguments: argparse.Namespace, output: Output) -> None:
    owner.delete(arguments.name, _seen(owner, arguments))
    output.say_done(f"Deleted “{arguments.name}”.")


def _seen(owner: Alerts, arguments: argparse.Namespace) -> Seen | None:
    if arguments.revision is None:
        return None
    return Seen(owner.show(arguments.name).alert_id, arguments.revision)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    return {key: getattr(arguments, key) for key in _VALUES if getattr(arguments, key) is not None}


def _say_saved(owner: Alerts, alert: Alert, word: str, output: Output) -> None:
    services = owner.services()
    if output.as_json:
        output.write_json(alert_answer(alert, services))
        return
    output.say(f"{word} “{clean(alert.name)}”, revision {alert.revision}. {clean(rule_text(alert))}")
    sentence = delivery_sentence(alert.receiver, services)
    if sentence is not None:
        output.say(clean_line(sentence))
