"""The alerts that all operators share: looked through, made, changed, paused, tried and deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QListWidgetItem, QWidget

from pipeline_gui.alerts.owner import Alerts, Seen, Tried, receivers_of, values_of
from pipeline_gui.pipeline.alert import Alert, Condition, DeliveringService, Message, MessageState
from pipeline_gui.pipeline.alert_texts import sentence_of
from pipeline_gui.pipeline.expectation import Expectation
from pipeline_gui.window.alerts.delivery_note import DeliveryNote
from pipeline_gui.window.alerts.form import AlertForm, condition_titles, form_values, told_fields
from pipeline_gui.window.dialog_parts import plain_button, text_list, wrapping_label
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.rules.dialog import RulesDialog
from pipeline_gui.window.rules.rule import Kind, Named
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

SHOWN = 50


@dataclass(frozen=True, slots=True)
class _Read:
    alerts: list[Alert]
    services: list[DeliveringService]
    pipelines: list[str]
    messages: list[Message]
    """The last ones of all alerts, those that were deleted too."""


@dataclass(frozen=True, slots=True)
class _Told:
    messages: list[Message]
    expected: Expectation | None


class AlertsDialog(RulesDialog[Alert]):
    """Shows whether what an alert tells would reach anybody, what it told, and lets a service send a test."""

    _form: AlertForm

    def __init__(self, gateway: Gateway, owner: Alerts, configurations: Named, parent: QWidget | None = None) -> None:
        kind = Kind(
            "alert",
            tr("Alerts"),
            tr("No alert yet. Fill in the form and save it."),
            tr("What waits to be told by it is told."),
            tuple(told_fields()),
            ("condition", "minutes"),
            form_values,
        )
        super().__init__(gateway, kind, AlertForm(), parent)
        self._owner = owner
        self._configurations = configurations
        self._given_up = threading.Event()
        """A test that is waited for must not keep a thread of a window that is gone."""
        self._delivery = DeliveryNote()
        self._expected = wrapping_label("alertExpected")
        self._messages = text_list("alertMessages", tr("Messages of this alert"))
        self._test = plain_button(
            "testAlertButton",
            tr("&Test"),
            self._try,
            tr("Have a service send a test, and show what the receiver answered"),
        )
        self.resize(900, 560)
        self.finished.connect(lambda _result: self._given_up.set())
        self.destroyed.connect(self._given_up.set)
        self._begin(self._delivery, self._expected, self._messages, self._test)

    # --- reading ------------------------------------------------------------------------------------------------

    def _read_work(self) -> Callable[[], _Read]:
        return lambda: _Read(
            self._owner.all(),
            self._owner.services(),
            self._configurations.names(),
            self._owner.messages(limit=SHOWN),
        )

    def _show_all(self, read: _Read) -> None:
        self._form.offer(read.pipelines, [one.name for one in receivers_of(read.services)])
        self._delivery.show_read(read.services, read.messages)
        self._show_receiver()
        self._show_list(read.alerts)

    def _show_receiver(self) -> None:
        self._delivery.show_receiver(self._form.values()["receiver"])

    def _title(self, rule: Alert) -> str:
        return f"{one_line(rule.name, 60)} · {condition_titles()[rule.condition]}"

    def _is_same(self, rule: Alert, shown: Alert) -> bool:
        return rule.alert_id == shown.alert_id

    def _show_parts(self, rule: Alert | None, *, is_other: bool) -> None:
        self._show_receiver()
        if is_other:
            self._messages.clear()
            self._messages.show_hint(tr("Nothing yet") if rule is None else "")
            self._show_expected("")
        if rule is not None:
            self._ask_about(
                rule,
                lambda: _Told(self._owner.messages_of(rule, SHOWN), self._owner.expected(rule)),
                lambda told: self._show_told(rule, told),
            )

    def _show_told(self, alert: Alert, told: _Told) -> None:
        self._show_expected(_expected_text(alert, told.expected))
        today = datetime.now().astimezone().date()
        self._messages.clear()
        self._messages.show_hint(tr("Nothing yet"))
        for message in told.messages:
            what = one_line(sentence_of(message), 200)
            if message.state is not MessageState.SENT and message.answer:
                what = f"{what}\n{one_line(message.answer, 300)}"
            item = QListWidgetItem(f"{local_text(message.made_at, today)}  {_state_word(message)}  {what}")
            about = f"{moment_tooltip(message.made_at)}\n{sentence_of(message)}\n{message.answer or ''}"
            item.setToolTip(tooltip(about))
            self._messages.addItem(item)

    def _show_expected(self, text: str) -> None:
        self._expected.show_text(text)
        self._expected.setVisible(bool(text))

    def _edited(self) -> None:
        self._show_receiver()
        self._allow()

    def _is_complete(self) -> bool:
        values = self._form.values()
        return bool(values["name"] and values["receiver"])

    def _allow(self) -> None:
        super()._allow()
        self._test.setEnabled(self._pause.isEnabled())  # both are for what is saved as it is shown

    # --- writing ------------------------------------------------------------------------------------------------

    def _save_values(self, before: Alert | None, values: dict[str, Any]) -> Alert:
        if before is None:
            return self._owner.create(values)
        return self._owner.save(before.name, {**_kept(before), **values}, _seen(before))

    def _change_values(self, before: Alert, values: dict[str, Any]) -> Alert:
        return self._owner.change(before.name, values, _seen(before))

    def _remove(self, before: Alert) -> None:
        self._owner.delete(before.name, _seen(before))

    def _try(self) -> None:
        alert = self._shown
        if alert is None:
            return

        def finished(tried: Tried) -> None:
            text = one_line(tried.message, 500)
            if tried.success:
                self._say(tr("Sent: {0}").format(text), Tone.GOOD)
            else:
                self._say(tr("Not sent: {0}").format(text), Tone.BAD)
            self.read()
            self._allow()

        is_given_up = self._given_up.is_set
        asking = tr("Asking a service to send a test to “{0}”…").format(alert.receiver)
        self._do(asking, lambda: self._owner.test(alert.name, is_given_up), finished)


def _seen(alert: Alert) -> Seen:
    return Seen(alert.alert_id, alert.revision)


def _kept(alert: Alert) -> dict[str, object]:
    """What the form does not show."""
    return {"is_enabled": values_of(alert)["is_enabled"]}


def _state_word(message: Message) -> str:
    words = {
        MessageState.WAITING: tr("waiting"),
        MessageState.SENT: tr("sent"),
        MessageState.UNDELIVERED: tr("undelivered"),
    }
    return words[message.state]


def _expected_text(alert: Alert, expected: Expectation | None) -> str:
    if alert.condition is not Condition.SLOW:
        return ""
    if alert.pipeline is None:
        return tr("What is usual comes from each pipeline's own past.")
    if expected is None:
        return tr("Too few runs of “{0}” have completed to say what is usual.").format(one_line(alert.pipeline, 80))
    return tr("“{0}” takes {1}.").format(one_line(alert.pipeline, 80), expected.sentence())
