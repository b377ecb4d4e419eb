"""Alerts by name, which all operators share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_gui.alerts.checks import checked_alert
from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.alert import (
    TEST_SECONDS,
    Alert,
    AlertStore,
    Condition,
    DeliveringService,
    Message,
    MessageState,
    ReceiverName,
)
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.expectation import LOOKED_AT, Expectation, expectation
from pipeline_gui.pipeline.ports import Actor, Archive
from pipeline_gui.pipeline.saved import name_key

ANSWER_SECONDS = TEST_SECONDS + 60.0
"""So long the answer to a test is waited for: a receiver that hangs is given up sooner."""
LOOK_SECONDS = 0.3


class AlertChanged(ConfigurationInvalid):
    """Somebody changed or deleted it since it was read, so that nothing was written."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The revision of an alert that somebody has before them, and that a change is meant for."""

    alert_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test."""

    success: bool
    message: str
    """The receiver's own answer, or why there was none."""


class Alerts:
    """Creates, changes, finds and tries them for one person. Blocks, with deadlines; safe from several threads."""

    def __init__(self, store: AlertStore, archive: Archive, actor: Actor) -> None:
        self._store = store
        self._archive = archive
        self._actor = actor

    def acting_for(self, actor: Actor) -> Alerts:
        """The same alerts, for somebody else."""
        return Alerts(self._store, self._archive, actor)

    def all(self) -> list[Alert]:
        """All of them, by name. Raises StoreUnavailable."""
        return self._store.all()

    def show(self, name: str) -> Alert:
        """The one of a name, in any case of letters. Raises ConfigurationInvalid where there is none."""
        found = self._store.find(name_key(name))
        if found is None:
            raise self._unknown(name)
        return found

    def meant(self, name: str, seen: Seen) -> Alert:
        """The one of a name, where it is what somebody has seen, in whatever revision.

        Raises AlertChanged where it may have been, and ConfigurationInvalid where it never was.
        """
        found = self._store.find(name_key(name))
        if found is not None and found.alert_id == seen.alert_id:
            return found
        now = self._now(seen)
        if found is not None and now is not None and now.revision == seen.revision:
            raise AlertChanged(f"“{found.name}” is another alert by now; nothing was changed.")
        if found is not None or now is None or now.revision > 1:  # one that was changed may have had the name
            raise self._changed(name, now)
        raise self._unknown(name)

    def create(self, values: Mapping[str, Any]) -> Alert:
        """Save a new one. Raises ConfigurationInvalid."""
        return self._store.create(checked_alert(values), self._actor)

    def change(self, name: str, values: Mapping[str, Any], seen: Seen | None = None) -> Alert:
        """Change some of its values; seen: only if it is still that. Raises ConfigurationInvalid, AlertChanged."""
        found = self.show(name) if seen is None else self.meant(name, seen)
        old = values_of(found)
        if "condition" in values:
            old.pop("minutes", None)
        return self._replace(found, {**old, **values}, seen)

    def save(self, name: str, values: Mapping[str, Any], seen: Seen) -> Alert:
        """Put these values in the place of all of its own. Raises as change does."""
        return self._replace(self.meant(name, seen), values, seen)

    def delete(self, name: str, seen: Seen | None = None) -> None:
        """Delete one; what it told stays, and what waits is sent. Raises as change does."""
        found = self.show(name) if seen is None else self.meant(name, seen)
        wanted = seen or Seen(found.alert_id, found.revision)
        if not self._store.delete(wanted.alert_id, wanted.revision, self._actor):
            raise self._changed(name, self._now(wanted))

    def _replace(self, found: Alert, values: Mapping[str, Any], seen: Seen | None) -> Alert:
        wanted = seen or Seen(found.alert_id, found.revision)
        saved = self._store.replace(wanted.alert_id, wanted.revision, checked_alert(values), self._actor)
        if saved is None:
            raise self._changed(found.name, self._now(wanted))
        return saved

    def messages(self, name: str | None = None, limit: int = 50) -> list[Message]:
        """The last messages of one, or of all, newest first."""
        return self._store.messages(None if name is None else self.show(name).alert_id, limit)

    def messages_of(self, alert: Alert, limit: int) -> list[Message]:
        """The last messages of an alert that was read, newest first."""
        return self._store.messages(alert.alert_id, limit)

    def services(self) -> list[DeliveringService]:
        """The services that deliver now."""
        return self._store.services()

    def expected(self, alert: Alert) -> Expectation | None:
        """How long its pipeline takes, where it goes by that and names one; None also while nobody can say."""
        if alert.condition is not Condition.SLOW or alert.pipeline is None:
            return None
        return expectation(self._archive.past_runs(alert.pipeline, LOOKED_AT))

    # --- trying it ----------------------------------------------------------------------------------------------

    def test(self, name: str, is_given_up: Callable[[], bool] = lambda: False) -> Tried:
        """Have a service send a test, and say what its receiver answered. Blocks for a minute at most."""
        alert = self.show(name)
        nobody = delivery_sentence(alert.receiver, self._store.services())
        if nobody is not None:
            return Tried(False, nobody)
        message_id = self._store.ask_for_test(alert, self._actor)
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline and not is_given_up():
            time.sleep(LOOK_SECONDS)
            message = self._store.message(message_id)
            if message is None or message.state is not MessageState.WAITING:
                sent = message is not None and message.state is MessageState.SENT
                return Tried(sent, (message.answer if message else None) or "The receiver said nothing.")
        return Tried(False, "The service has not said what came of it; its messages will show it.")

    # --- inside -------------------------------------------------------------------------------------------------

    def _now(self, seen: Seen) -> Alert | None:
        return next((alert for alert in self._store.all() if alert.alert_id == seen.alert_id), None)

    def _changed(self, name: str, now: Alert | None) -> AlertChanged:
        if now is None:
            return AlertChanged(f"“{name[:100]}” is there no more: it was deleted meanwhile. Nothing was changed.")
        if name_key(now.name) != name_key(name):
            renamed = f"“{name[:100]}” was renamed to “{now.name}” by {now.changed_by}"
            return AlertChanged(f"{renamed}; nothing was changed.")
        return AlertChanged(
            f"“{now.name}” was changed meanwhile by {now.changed_by}: it is at revision {now.revision}, and stays so."
        )

    def _unknown(self, name: str) -> ConfigurationInvalid:
        near = near_name(name, [alert.name for alert in self._store.all()])
        hint = f" Did you mean “{near}”?" if near else ""
        return ConfigurationInvalid(f"There is no alert “{name[:100]}”.{hint}", field="name")


def receivers_of(services: list[DeliveringService]) -> list[ReceiverName]:
    """Every receiver that a service knows, by name."""
    return sorted({one for service in services for one in service.receivers}, key=lambda one: (one.name, one.kind))


def delivery_sentence(receiver: str, services: list[DeliveringService]) -> str | None:
    """Why nothing would reach a receiver now; None: a service knows it."""
    if any(one.name == receiver for service in services for one in service.receivers):
        return None
    if not services:
        return (
            "No service is there to deliver: alerts are written down, and wait up to a day for “pipeline-gui serve”, "
            "which alone has the receivers' secrets."
        )
    trouble = next((service.trouble for service in services if service.trouble), None)
    if trouble is not None:
        return f"The service can't use its receivers: {trouble}"
    known = ", ".join(one.name for one in receivers_of(services)) or "none"
    return f"No service knows a receiver “{receiver}”; known: {known}. Its administrator adds it to receivers.toml."


def values_of(alert: Alert) -> dict[str, Any]:
    """What a person said of it, without what was not said."""
    values = {
        "name": alert.name,
        "condition": alert.condition.value,
        "pipeline": alert.pipeline,
        "minutes": alert.minutes,
        "receiver": alert.receiver,
        "is_enabled": alert.is_enabled,
    }
    return {key: value for key, value in values.items() if value is not None}
