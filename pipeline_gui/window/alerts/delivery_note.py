"""What stands above all alerts: whether what is told would reach anybody, and what reached nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtWidgets import QVBoxLayout, QWidget

from pipeline_gui.alerts.owner import delivery_sentence, receivers_of
from pipeline_gui.pipeline.alert import DeliveringService, Message, MessageState
from pipeline_gui.window.dialog_parts import wrapping_label
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.times import local_text
from pipeline_gui.window.translation import tr

MOST_LOST = 10


class DeliveryNote(QWidget):
    """Knows the services that deliver, as they were read last."""

    def __init__(self) -> None:
        super().__init__()
        self._services: list[DeliveringService] | None = None
        self._would_reach = wrapping_label("alertDelivery")
        self._undelivered = wrapping_label("alertUndelivered")
        self._undelivered.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._would_reach)
        column.addWidget(self._undelivered)

    def show_read(self, services: list[DeliveringService], messages: Sequence[Message]) -> None:
        """Go by these services, and tell which of the last messages of all alerts were lost."""
        self._services = services
        lost = [message for message in messages if message.state is MessageState.UNDELIVERED]
        self._undelivered.setVisible(bool(lost))
        if lost:
            # Of whichever alert: also of one that is not selected, or that was deleted.
            text = tr("Messages of all alerts that reached nobody: {0}. The last one: {1}")
            self._undelivered.show_text(text.format(len(lost), _lost_text(lost[0])), Tone.BAD)
            self._undelivered.setToolTip(tooltip("\n".join(_lost_text(message) for message in lost[:MOST_LOST])))

    def show_receiver(self, receiver: str) -> None:
        """Say whether what is told to this one would reach anybody; empty: whom it could be told to."""
        if self._services is None:
            return
        if not receiver and self._services:
            known = ", ".join(one.name for one in receivers_of(self._services))
            self._would_reach.show_text(tr("The service can tell: {0}").format(known) if known else "")
            return
        sentence = delivery_sentence(receiver, self._services)
        if sentence:
            self._would_reach.show_text(one_line(sentence, 500), Tone.WARNING)
        else:
            self._would_reach.show_text(tr("A service is there to deliver."))


def _lost_text(message: Message) -> str:
    at = local_text(message.made_at, datetime.now().astimezone().date())
    text = tr("“{0}” to “{1}”, {2}: {3}")
    answer = one_line(message.answer or tr("there was no answer"), 200)
    return text.format(one_line(message.alert_name, 60), one_line(message.receiver, 60), at, answer)
