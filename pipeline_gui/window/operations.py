"""The actions that change a run: each goes to the pool, and its answer comes back in words.

A click takes effect at once (the action is pending, so it is off); the record, read after the answer, decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.enablement import Kind
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.messages import Message, answer_message, failure_message
from pipeline_gui.window.snapshot import History, Snapshot
from pipeline_gui.window.translation import tr


class Controls(History, Protocol):
    """The controller, as the window uses it."""

    def start_pipeline(self, config: dict[str, Any]) -> ActionAnswer:
        """Start a configuration."""

    def stop_run(self, run_id: str, *, grace_seconds: float | None = None) -> ActionAnswer:
        """Stop this run and no other."""

    def abandon_run(self, run_id: str) -> ActionAnswer:
        """Let go of a run that nobody can confirm."""

    def confirm_gone(self, run_id: str) -> ActionAnswer:
        """Take a person's word that nothing of an ended run lives."""

    def release_run(self, run_id: str) -> ActionAnswer:
        """Free the place that another program's row holds."""


class Operations(QObject):
    """Carries out what was pressed; ``pending`` says what the record has not decided yet."""

    said = Signal(object)
    """A Message."""
    pending_changed = Signal()
    answered = Signal()
    """An action was answered: read the record."""

    def __init__(self, gateway: Gateway, controls: Controls, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._controls = controls
        self._under_way: set[Kind] = set()
        self._answered_at: dict[Kind, float] = {}

    @property
    def pending(self) -> frozenset[Kind]:
        """The actions that were pressed and that the record has not decided yet."""
        return frozenset(self._under_way | self._answered_at.keys())

    def start(self, name: str, configuration: Callable[[], dict[str, Any]]) -> None:
        """Start what a callable returns: it may read a file, so it is called in the pool."""
        controls = self._controls
        self._do(Kind.START, tr("Starting “{0}”…").format(name), lambda: controls.start_pipeline(configuration()))

    def stop(self, run_id: str, name: str) -> None:
        """Stop this run, within its grace period."""
        self._do(Kind.STOP, tr("Stopping “{0}”…").format(name), lambda: self._controls.stop_run(run_id))

    def force(self, run_id: str, name: str) -> None:
        """Stop this run without grace."""
        self._do(
            Kind.FORCE,
            tr("Stopping “{0}” without grace…").format(name),
            lambda: self._controls.stop_run(run_id, grace_seconds=0.0),
        )

    def abandon(self, run_id: str, name: str) -> None:
        """Let go of this run without evidence."""
        self._do(Kind.ABANDON, tr("Abandoning “{0}”…").format(name), lambda: self._controls.abandon_run(run_id))

    def release(self, run_id: str, name: str) -> None:
        """Free the place that another program's row holds."""
        self._do(
            Kind.RELEASE, tr("Releasing the place of “{0}”…").format(name), lambda: self._controls.release_run(run_id)
        )

    def confirm_gone(self, run_id: str, name: str) -> None:
        """Note a person's word that nothing of this run lives."""
        self._do(
            Kind.CONFIRM_GONE,
            tr("Noting that nothing of “{0}” lives…").format(name),
            lambda: self._controls.confirm_gone(run_id),
        )

    def record_read(self, snapshot: Snapshot) -> None:
        """The record decides what was answered before it was asked."""
        decided = [kind for kind, at in self._answered_at.items() if at <= snapshot.asked_at]
        for kind in decided:
            del self._answered_at[kind]
        if decided:
            self.pending_changed.emit()

    def _do(self, kind: Kind, sentence: str, work: Callable[[], ActionAnswer]) -> None:
        if kind in self.pending:
            return
        self._under_way.add(kind)
        self.pending_changed.emit()
        self.said.emit(Message(sentence, Tone.ACTIVE))
        self._gateway.run(
            work,
            lambda answer: self._done(kind, answer_message(answer)),
            lambda error: self._done(kind, failure_message(error)),
            owner=self,
        )

    def _done(self, kind: Kind, message: Message) -> None:
        self._under_way.discard(kind)
        self._answered_at[kind] = seconds_with_sleep()
        self.said.emit(message)
        self.answered.emit()
