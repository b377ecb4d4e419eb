"""A backend without servers, for the window's own states: what it answers is set by the test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline_gui.pipeline.answers import ActionAnswer, EventAnswer, OverviewAnswer, RunAnswer, StatusAnswer
from pipeline_gui.pipeline.ports import Change, Contact
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings
from tests.window.stand_in_answers import REACHED, away, idle, run, running, unknown
from tests.window.stand_in_parts import (
    StandInAlerts,
    StandInArchive,
    StandInConfigurations,
    StandInFigures,
    StandInMetrics,
    StandInOutputs,
    StandInSchedules,
)

__all__ = [
    "REACHED",
    "StandInAlerts",
    "StandInArchive",
    "StandInBackend",
    "StandInConfigurations",
    "StandInController",
    "StandInFigures",
    "StandInMetrics",
    "StandInOutputs",
    "StandInSchedules",
    "StandInSubscription",
    "away",
    "idle",
    "run",
    "running",
    "unknown",
]


class StandInController:
    """Answers what it was told to; an event can hold its answers back, as a server that hangs would."""

    def __init__(self) -> None:
        self.status: StatusAnswer = idle()
        self.runs: list[RunAnswer] = []
        self.asked = 0
        self.events: list[EventAnswer] = []
        self.calls: list[tuple[Any, ...]] = []
        self.answer: ActionAnswer = {"success": True, "run_id": "flights-1", "message": "Started “flights”."}
        self.let_refresh = threading.Event()
        self.let_act = threading.Event()
        self.let_refresh.set()
        self.let_act.set()
        self.on_action: Callable[[], None] = lambda: None
        self.raises: Exception | None = None

    def get_overview(self, days: float = 2) -> OverviewAnswer:
        """The status and the runs that were set."""
        self.asked += 1
        assert self.let_refresh.wait(30)
        return {"status": self.status, "runs": None if self.status["is_running"] is None else list(self.runs)}

    def _act(self, *call: Any) -> ActionAnswer:
        self.calls.append(call)
        assert self.let_act.wait(30)
        if self.raises is not None:
            raise self.raises
        self.on_action()
        return self.answer

    def start_pipeline(self, config: dict[str, Any]) -> ActionAnswer:
        """Note the call."""
        return self._act("start", config)

    def stop_run(self, run_id: str, *, grace_seconds: float | None = None) -> ActionAnswer:
        """Note the call."""
        return self._act("stop", run_id, grace_seconds)

    def abandon_run(self, run_id: str) -> ActionAnswer:
        """Note the call."""
        return self._act("abandon", run_id)

    def confirm_gone(self, run_id: str) -> ActionAnswer:
        """Note the call."""
        return self._act("confirm_gone", run_id)

    def release_run(self, run_id: str) -> ActionAnswer:
        """Note the call."""
        return self._act("release", run_id)

    def get_run(self, run_id: str) -> RunAnswer | None:
        """One of the runs that were set."""
        assert self.let_refresh.wait(30)
        return next((run for run in self.runs if run["run_id"] == run_id), None)

    def get_run_events(self, run_id: str) -> list[EventAnswer]:
        """The events that were set."""
        return list(self.events)


class _Side:
    """A store or a Spark server, as far as a window asks it."""

    def __init__(self, controller: StandInController, key: str) -> None:
        self._controller = controller
        self._key = key
        self.override: Contact | None = None

    def contact(self) -> Contact:
        """What the status says, unless a test says otherwise."""
        seen = self._controller.status[self._key]  # type: ignore[literal-required]
        return self.override or Contact(seen["reachable"], None, seen["reason"])


class StandInSubscription:
    """A LISTEN that a test speaks through."""

    def __init__(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None],
        on_schedules: Callable[[], None],
    ) -> None:
        self._on_change = on_change
        self._on_configurations = on_configurations
        self._on_schedules = on_schedules
        self.is_live = True
        self.closed = threading.Event()

    def tell(self) -> None:
        """The record changed: told in a foreign thread, as a real one does."""
        thread = threading.Thread(target=self._on_change, args=(Change("flights-1", "running"),))
        thread.start()
        thread.join()

    def tell_configurations(self) -> None:
        """The saved configurations changed."""
        thread = threading.Thread(target=self._on_configurations)
        thread.start()
        thread.join()

    def tell_schedules(self) -> None:
        """The schedules changed."""
        thread = threading.Thread(target=self._on_schedules)
        thread.start()
        thread.join()

    def close(self) -> None:
        """Stop."""
        self.closed.set()


class StandInBackend:
    """What MainWindow asks of a Backend."""

    def __init__(self, folder: Path = Path("/nonexistent"), **settings: Any) -> None:
        self.controller = StandInController()
        self.settings = Settings(profile=Profile("test", folder, folder, folder), **settings)
        self.store = _Side(self.controller, "database")
        self.spark = _Side(self.controller, "spark")
        self.outputs = StandInOutputs()
        self.archive = StandInArchive()
        self.configurations = StandInConfigurations()
        self.schedules = StandInSchedules()
        self.metrics = StandInMetrics()
        self.figures = StandInFigures()
        self.alerts = StandInAlerts()
        self.subscriptions: list[StandInSubscription] = []
        self.watching = False

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None],
        on_schedules: Callable[[], None],
    ) -> StandInSubscription:
        """Listen."""
        subscription = StandInSubscription(on_change, on_configurations, on_schedules)
        self.subscriptions.append(subscription)
        return subscription

    def watch(self, first_look_in: float = 0.0) -> None:
        """Watch."""
        self.watching = True

    def change(self) -> None:
        """Tell every window that the record changed."""
        for subscription in self.subscriptions:
            subscription.tell()
