"""The alerts that all operators share: looked through, made, changed, paused, tried and deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from pipeline_gui.alerts.owner import Alerts, Tried, delivery_sentence, receivers_of, values_of
from pipeline_gui.pipeline.alert import Alert, Condition, DeliveringService, Message, MessageState
from pipeline_gui.pipeline.alert_texts import sentence_of
from pipeline_gui.pipeline.expectation import Expectation
from pipeline_gui.window.alerts.form import AlertForm, condition_titles
from pipeline_gui.window.dialog_parts import ask_to_delete, ask_to_give_up, plain_button, wrapping_label
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.messages import failure_message
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

AGAIN_MS = 10_000
SHOWN = 50


class Named(Protocol):
    """What knows the names of configurations."""

    def names(self) -> list[str]:
        """Every name that can be asked for."""


@dataclass(frozen=True, slots=True)
class _Read:
    alerts: list[Alert]
    services: list[DeliveringService]
    pipelines: list[str]


@dataclass(frozen=True, slots=True)
class _Told:
    messages: list[Message]
    expected: Expectation | None


class AlertsDialog(QDialog):
    """Not modal: runs are watched meanwhile. Every question to the database is asked in the pool."""

    def __init__(self, gateway: Gateway, owner: Alerts, configurations: Named, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("alertsDialog")
        self.setWindowTitle(tr("Alerts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._gateway = gateway
        self._owner = owner
        self._configurations = configurations
        self._shown: Alert | None = None
        self._services: list[DeliveringService] | None = None
        self._is_busy = False
        self._given_up = threading.Event()
        """A test that is waited for must not keep a thread of a window that is gone."""
        self._list = QListWidget()
        self._list.setObjectName("alertList")
        self._list.setAccessibleName(tr("Alerts"))
        self._form = AlertForm()
        self._delivery = wrapping_label("alertDelivery")
        self._expected = wrapping_label("alertExpected")
        self._messages = QListWidget()
        self._messages.setObjectName("alertMessages")
        self._messages.setAccessibleName(tr("What was told"))
        self._messages.setWordWrap(True)
        self._messages.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._said = wrapping_label("alertMessage")
        self._new = plain_button("newAlertButton", tr("&New"), self._start_new)
        self._delete = plain_button("deleteAlertButton", tr("De&lete…"), self._ask_to_delete)
        self._pause = plain_button("pauseAlertButton", tr("&Pause"), self._pause_or_resume)
        self._test = plain_button("testAlertButton", tr("&Test"), self._try)
        self._test.setToolTip(tr("Have a service send a test, and show what the receiver answered"))
        self._revert = plain_button("revertAlertButton", tr("&Revert"), lambda: self._show_alert(self._shown))
        self._save = plain_button("saveAlertButton", tr("&Save"), self._save_edited)
        self._save.setDefault(True)
        self._lay_out()
        self._form.edited.connect(self._edited)
        self._list.currentItemChanged.connect(self._choose)
        again = QTimer(self, interval=AGAIN_MS)
        again.timeout.connect(self._read_again)
        again.start()
        self.resize(820, 560)
        self.finished.connect(lambda _result: self._given_up.set())
        self.destroyed.connect(self._given_up.set)
        self._show_alert(None)
        self.read()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.addWidget(self._form)
        right.addWidget(self._expected)
        right.addWidget(self._messages, 1)
        right.addWidget(self._said)
        row = QHBoxLayout()
        row.addWidget(self._delete)
        row.addWidget(self._pause)
        row.addWidget(self._test)
        row.addStretch(1)
        row.addWidget(self._revert)
        row.addWidget(self._save)
        right.addLayout(row)
        whole = QGridLayout(self)
        whole.addWidget(self._delivery, 0, 0, 1, 2)
        whole.addWidget(self._list, 1, 0)
        whole.addWidget(self._new, 2, 0)
        whole.addLayout(right, 1, 1, 2, 1)
        whole.setColumnStretch(0, 1)
        whole.setColumnStretch(1, 2)

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, choose: str | None = None) -> None:
        """Read the list anew, since somebody may have changed it, and choose one by its name."""

        def work() -> _Read:
            return _Read(self._owner.all(), self._owner.services(), self._configurations.names())

        self._gateway.run(work, lambda read: self._show_all(read, choose), self._fail, self, Lane.VIEWS)

    def _read_again(self) -> None:
        if self.isVisible() and not self._is_busy and not self._form.is_edited:
            self.read()

    def _show_all(self, read: _Read, choose: str | None) -> None:
        self._services = read.services
        self._form.offer(read.pipelines, [one.name for one in receivers_of(read.services)])
        self._show_delivery()
        if self._form.is_edited and choose is None:
            return  # what is typed stays; the list is read again when it is saved or given up
        wanted = choose if choose is not None else self._shown.name if self._shown else None
        with QSignalBlocker(self._list):
            self._list.clear()
            for alert in read.alerts:
                item = QListWidgetItem(_title(alert))
                item.setData(Qt.ItemDataRole.UserRole, alert)
                item.setToolTip(tooltip(tr("changed by {0}").format(alert.changed_by)))
                self._list.addItem(item)
                if alert.name == wanted:
                    self._list.setCurrentItem(item)
        current = self._list.currentItem()
        self._show_alert(current.data(Qt.ItemDataRole.UserRole) if current else None)

    def _show_delivery(self) -> None:
        """Whether what is shown would reach anybody."""
        if self._services is None:
            return
        receiver = self._form.values()["receiver"]
        if not receiver and self._services:
            known = ", ".join(one.name for one in receivers_of(self._services))
            self._delivery.show_text(tr("The service can tell: {0}").format(known) if known else "")
            return
        sentence = delivery_sentence(receiver, self._services)
        self._delivery.show_text(one_line(sentence, 500) if sentence else tr("A service is there to deliver."))

    def _choose(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        if item is None:
            return

        def stay() -> None:
            with QSignalBlocker(self._list):
                self._list.setCurrentRow(self._list.row(before) if before else -1)

        self._if_given_up(lambda: self._show_chosen(item.data(Qt.ItemDataRole.UserRole)), stay)

    def _show_chosen(self, alert: Alert) -> None:
        self._said.show_text("")
        self._show_alert(alert)

    def _show_alert(self, alert: Alert | None) -> None:
        is_other = alert is None or self._shown is None or alert.alert_id != self._shown.alert_id
        self._shown = alert
        self._form.show_alert(alert)
        self._show_delivery()
        if is_other:
            self._messages.clear()
            self._expected.show_text("")
        if alert is not None:

            def work() -> _Told:
                return _Told(self._owner.messages_of(alert, SHOWN), self._owner.expected(alert))

            self._gateway.run(work, lambda told: self._show_told(alert, told), self._fail, self, Lane.VIEWS)
        self._allow()

    def _show_told(self, alert: Alert, told: _Told) -> None:
        if self._shown is not alert:
            return  # another was chosen meanwhile
        self._expected.show_text(_expected_text(alert, told.expected))
        today = datetime.now().astimezone().date()
        self._messages.clear()
        for message in told.messages:
            what = one_line(sentence_of(message), 200)
            if message.state is not MessageState.SENT and message.answer:
                what = f"{what}\n{one_line(message.answer, 300)}"
            item = QListWidgetItem(f"{local_text(message.made_at, today)}  {_state_word(message)}  {what}")
            about = f"{moment_tooltip(message.made_at)}\n{sentence_of(message)}\n{message.answer or ''}"
            item.setToolTip(tooltip(about))
            self._messages.addItem(item)

    def _edited(self) -> None:
        self._show_delivery()
        self._allow()

    def _allow(self) -> None:
        free, edited = not self._is_busy, self._form.is_edited
        values = self._form.values()
        self._save.setEnabled(free and edited and bool(values["name"] and values["receiver"]))
        self._revert.setEnabled(free and edited)
        self._delete.setEnabled(free and self._shown is not None)
        self._pause.setEnabled(free and self._shown is not None and not edited)
        self._test.setEnabled(free and self._shown is not None and not edited)
        is_paused = self._shown is not None and not self._shown.is_enabled
        self._pause.setText(tr("&Resume") if is_paused else tr("&Pause"))

    # --- writing ------------------------------------------------------------------------------------------------

    def _start_new(self) -> None:
        def begin() -> None:
            with QSignalBlocker(self._list):
                self._list.setCurrentRow(-1)
            self._said.show_text("")
            self._show_alert(None)
            self._form.focus_first()

        self._if_given_up(begin)

    def _save_edited(self) -> None:
        values, before = self._form.values(), self._shown

        def save() -> Alert:
            if before is None:
                return self._owner.create(values)
            return self._owner.save(before.name, {**_kept(before), **values}, before.revision)

        self._write(save, tr("Saved “{0}” for all operators."))

    def _pause_or_resume(self) -> None:
        before = self._shown
        if before is not None:
            values = {"is_enabled": not before.is_enabled}
            said = tr("Paused “{0}”.") if before.is_enabled else tr("Resumed “{0}”.")
            self._write(lambda: self._owner.change(before.name, values, before.revision), said)

    def _ask_to_delete(self) -> None:
        before = self._shown
        if before is None:
            return

        def delete() -> Alert:
            self._owner.delete(before.name, before.revision)
            return before

        ask_to_delete(
            self, "deleteAlertQuestion", before.name, tr("What waits to be told by it is told."),
            lambda: self._write(delete, tr("Deleted “{0}”.")),
        )  # fmt: skip

    def _write(self, work: Callable[[], Alert], said: str) -> None:
        self._begin(tr("Saving…"))

        def finished(alert: Alert) -> None:
            self._is_busy = False
            self._said.show_text(said.format(one_line(alert.name, 80)))
            self.read(alert.name)

        self._gateway.run(work, finished, self._failed, self)

    def _try(self) -> None:
        alert = self._shown
        if alert is None:
            return
        self._begin(tr("Asking a service to send a test to “{0}”…").format(alert.receiver))

        def finished(tried: Tried) -> None:
            self._is_busy = False
            text = one_line(tried.message, 500)
            self._said.show_text(tr("Sent: {0}").format(text) if tried.success else tr("Not sent: {0}").format(text))
            self.read()
            self._allow()

        is_given_up = self._given_up.is_set
        self._gateway.run(lambda: self._owner.test(alert.name, is_given_up), finished, self._failed, self)

    def _begin(self, said: str) -> None:
        self._is_busy = True
        self._said.show_text(said)
        self._allow()

    def _failed(self, error: Exception) -> None:
        self._is_busy = False
        self._fail(error)
        self._allow()

    # --- words --------------------------------------------------------------------------------------------------

    def _fail(self, error: Exception) -> None:
        self._said.show_text(failure_message(error).text)

    def _if_given_up(self, go_on: Callable[[], None], stay: Callable[[], None] = lambda: None) -> None:
        if not self._form.is_edited:
            go_on()
            return
        ask_to_give_up(self, "alertEditsQuestion", go_on, stay)


def _kept(alert: Alert) -> dict[str, object]:
    """What the form does not show."""
    return {"is_enabled": values_of(alert)["is_enabled"]}


def _title(alert: Alert) -> str:
    title = f"{one_line(alert.name, 60)} · {condition_titles()[alert.condition]}"
    return title if alert.is_enabled else tr("{0} (paused)").format(title)


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
