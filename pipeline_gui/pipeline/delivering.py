"""Delivery: what waits in the outbox is sent by whoever has the receivers' secrets (docs/adr/0014).

At least once: a message is marked as sent after its receiver took it, and who dies in between leaves it to be sent
again, under the same key.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from enum import StrEnum

from pipeline_gui.pipeline.alert import (
    GIVE_UP_SECONDS,
    REFUSED_SECONDS,
    Claimed,
    Letter,
    NotDelivered,
    Outbox,
    Receivers,
)
from pipeline_gui.pipeline.clock import Clock, seconds_with_sleep
from pipeline_gui.pipeline.errors import PipelineError, StoreUnavailable
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.redaction import redact_text

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds between two attempts; each pause is twice as long as the one before."""
MARK_SECONDS = 60.0
"""So long it is tried to record that something was sent, should the database be away just then."""
MARK_PAUSE = 1.0

log = logging.getLogger(__name__)

Compose = Callable[[Claimed, str], Letter]
"""Puts what was claimed into words, given the installation's id."""


class Fate(StrEnum):
    """What became of messages at one attempt."""

    SENT = "sent"
    PUT_OFF = "put_off"
    UNDELIVERED = "undelivered"


Note = Callable[[Fate, int], None]
"""Told what became of so many messages."""


class Deliverer:
    """Sends one claim after the other; any number of them may, in any number of processes. Thread-safe."""

    def __init__(
        self,
        outbox: Outbox,
        receivers: Receivers,
        compose: Compose,
        actor: Actor,
        *,
        note: Note = lambda _fate, _messages: None,
        clock: Clock = seconds_with_sleep,
    ) -> None:
        self._outbox = outbox
        self._receivers = receivers
        self._compose = compose
        self._actor = actor
        self._note = note
        self._clock = clock
        self._service_id = secrets.token_hex(8)
        self._closing = threading.Event()

    def be_present(self) -> None:
        """Say who is there, and tidy up; to be called again and again. Raises the store's errors."""
        known = self._receivers.all()
        if not self._outbox.installation().may_act:
            return
        names = [receiver.name for receiver in known.values()]
        self._outbox.note_presence(self._service_id, names, self._receivers.trouble, self._actor)
        self._outbox.tidy(self._actor)

    def take(self) -> Claimed | None:
        """The next claim, if something is due. Raises the store's errors."""
        known = self._receivers.all()
        # In a copy of a database everything that waits was the original's to send.
        if not known or not self._outbox.installation().may_act:
            return None
        return self._outbox.claim(sorted(known), secrets.token_hex(8), self._actor)

    def deliver(self, claimed: Claimed) -> bool:
        """Send what was claimed, and record what became of it; whether its receiver took it."""
        try:
            receiver = self._receivers.all().get(claimed.first.receiver)
            if receiver is None:
                raise NotDelivered("This receiver is no more among the service's.")
            letter = self._compose(claimed, self._outbox.installation().installation_id)
            answer = redact_text(receiver.send(letter))
        except NotDelivered as error:
            self._not_delivered(claimed, redact_text(str(error)), is_refusal=error.is_refusal)
            return False
        except PipelineError as error:
            self._not_delivered(claimed, str(error), is_refusal=False)
            return False
        except Exception:
            log.exception("an alert could not be sent")
            self._not_delivered(claimed, "An error that was not foreseen; the service's log has it.", is_refusal=False)
            return False
        log.info("told %s: %s", claimed.first.receiver, letter.title)
        self._note(Fate.SENT, len(claimed.messages))
        self._mark_sent(claimed, answer)
        return True

    def close(self) -> None:
        """Try nothing for long any more, and say that nobody is here."""
        self._closing.set()
        try:
            self._outbox.withdraw(self._service_id, self._actor)
        except PipelineError as error:
            log.info("alerts: %s", error)

    # --- inside -------------------------------------------------------------------------------------------------

    def _mark_sent(self, claimed: Claimed, answer: str) -> None:
        deadline = self._clock() + MARK_SECONDS
        while True:
            try:
                self._outbox.sent(claimed, answer, self._actor)
                return
            except StoreUnavailable as error:
                if self._clock() > deadline or self._closing.wait(MARK_PAUSE):
                    log.warning("an alert was sent, which could not be recorded; it may be sent again: %s", error)
                    return

    def _not_delivered(self, claimed: Claimed, answer: str, *, is_refusal: bool) -> None:
        log.info("could not tell %s: %s", claimed.first.receiver, answer)
        try:
            if claimed.is_test or claimed.age_seconds > (REFUSED_SECONDS if is_refusal else GIVE_UP_SECONDS):
                self._outbox.give_up(claimed, answer, self._actor)
                self._note(Fate.UNDELIVERED, len(claimed.messages))
            else:
                self._outbox.put_off(claimed, pause_after(claimed.first.attempts), answer, self._actor)
                self._note(Fate.PUT_OFF, len(claimed.messages))
        except StoreUnavailable as error:
            log.info("alerts: %s", error)  # the claim runs out by itself


def pause_after(attempts: int) -> float:
    """How long to wait after so many attempts."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, 10))
