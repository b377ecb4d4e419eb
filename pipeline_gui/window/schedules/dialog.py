"""The schedules that all operators share: looked through, made, changed, paused and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QListWidgetItem, QWidget

from pipeline_gui.pipeline.schedule import Decided, Schedule, Service
from pipeline_gui.schedules.owner import Schedules, Seen
from pipeline_gui.window.dialog_parts import text_list, wrapping_label
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.messages import failure_message
from pipeline_gui.window.rules.dialog import RulesDialog
from pipeline_gui.window.rules.rule import Kind, Named
from pipeline_gui.window.schedules.form import ScheduleForm, form_values, told_fields
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

TYPED_MS = 300
"""After the last key, the times are computed."""
SHOWN = 50
MOST_SERVICES = 5


@dataclass(frozen=True, slots=True)
class _Read:
    schedules: list[Schedule]
    services: list[Service]
    configurations: list[str]
    zones: list[str]


class SchedulesDialog(RulesDialog[Schedule]):
    """Shows who is there to start what is due, the next times while they are typed, and what became of the last."""

    _form: ScheduleForm

    def __init__(
        self, gateway: Gateway, owner: Schedules, configurations: Named, parent: QWidget | None = None
    ) -> None:
        kind = Kind(
            "schedule",
            tr("Schedules"),
            tr("No schedule yet. Fill in the form and save it."),
            tr("Runs that it started stay in the record."),
            tuple(told_fields()),
            ("cron", "every_minutes"),
            form_values,
        )
        super().__init__(gateway, kind, ScheduleForm(), parent)
        self._owner = owner
        self._configurations = configurations
        self._is_right = False
        self._asked = 0
        self._services = wrapping_label("scheduleServices")
        self._next = wrapping_label("scheduleNext")
        self._decided = text_list("scheduleDecided", tr("What became of its times"))
        self._typed = QTimer(self, singleShot=True, interval=TYPED_MS)
        self._typed.timeout.connect(self._ask_for_times)
        self.resize(820, 620)
        self._begin(self._services, self._next, self._decided)

    # --- reading ------------------------------------------------------------------------------------------------

    def _read_work(self) -> Callable[[], _Read]:
        return lambda: _Read(
            self._owner.all(), self._owner.services(), self._configurations.names(), sorted(available_timezones())
        )

    def _show_all(self, read: _Read) -> None:
        self._services.show_text(_services_text(read.services))
        self._form.offer(read.configurations, read.zones)
        self._show_list(read.schedules)
        if self._form.is_edited and not self._is_right and not self._typed.isActive():
            self._ask_for_times()  # the database may have been away when they were asked for

    def _title(self, rule: Schedule) -> str:
        plan = rule.plan
        times = plan.cron if plan.cron is not None else tr("every {0} min").format(plan.every_minutes)
        return f"{one_line(rule.name, 60)} · {times}"

    def _is_same(self, rule: Schedule, shown: Schedule) -> bool:
        return rule.schedule_id == shown.schedule_id

    def _show_parts(self, rule: Schedule | None, *, is_other: bool) -> None:
        if is_other:
            self._decided.clear()
            self._decided.show_hint(tr("Nothing yet") if rule is None else "")
        if rule is not None:
            self._ask_about(rule, lambda: self._owner.decided(rule.name, SHOWN), self._show_decided)
        self._ask_for_times()

    def _show_decided(self, decided: list[Decided]) -> None:
        today = datetime.now().astimezone().date()
        self._decided.clear()
        self._decided.show_hint(tr("Nothing yet"))
        for one in decided:
            what = one.run_id or one_line(one.sentence or "", 200)
            again = tr("attempt {0}: ").format(one.attempt) if one.is_retry else ""
            outcome = tr(one.outcome.value.replace("_", " "))
            item = QListWidgetItem(f"{local_text(one.due, today)}  {outcome}  {again}{what}")
            item.setToolTip(tooltip(f"{moment_tooltip(one.due)}\n{one.sentence or one.run_id or ''}"))
            self._decided.addItem(item)

    # --- the next times -----------------------------------------------------------------------------------------

    def _edited(self) -> None:
        self._is_right = False
        self._asked += 1  # an answer about what stood there before says nothing of this
        self._typed.start()
        self._allow()

    def _ask_for_times(self) -> None:
        values = self._form.values()
        self._asked += 1
        asked = self._asked
        if self._shown is None and not values["name"]:
            self._next.show_text("")
            return

        def shown(times: list[datetime]) -> None:
            if asked == self._asked:
                self._is_right = True
                self._show_times(times)
                self._allow()

        def wrong(error: Exception) -> None:
            if asked == self._asked:
                failure = failure_message(error)
                self._next.show_text(failure.text, failure.tone)
                self._allow()

        self._gateway.run(lambda: self._owner.preview(values), shown, wrong, self, Lane.VIEWS)

    def _show_times(self, times: list[datetime]) -> None:
        if self._shown is not None and not self._shown.is_enabled:
            self._next.show_text(tr("Paused: nothing starts by it until it is resumed."))
            return
        today = datetime.now().astimezone().date()
        said = ", ".join(_day_text(time, today) for time in times)
        self._next.show_text(tr("Next: {0}").format(said) if times else tr("It is never due again."))
        self._next.setToolTip(tooltip("\n".join(f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for time in times)))

    def _is_complete(self) -> bool:
        return self._is_right

    # --- writing ------------------------------------------------------------------------------------------------

    def _save_values(self, before: Schedule | None, values: dict[str, Any]) -> Schedule:
        return self._owner.create(values) if before is None else self._change_values(before, values)

    def _change_values(self, before: Schedule, values: dict[str, Any]) -> Schedule:
        return self._owner.change(before.name, values, _seen(before))

    def _remove(self, before: Schedule) -> None:
        self._owner.delete(before.name, _seen(before))


def _services_text(services: list[Service]) -> str:
    if not services:
        return tr(
            "No always-on service is there: what is due starts only while some window is open. “pipeline-gui serve” is "
            "always on."
        )
    today = datetime.now().astimezone().date()
    there = tr("{0} (since {1})")
    shown = [there.format(one_line(one.host, 60), local_text(one.since, today)) for one in services[:MOST_SERVICES]]
    return tr("An always-on service is there to start what is due: {0}.").format(", ".join(shown))


def _seen(schedule: Schedule) -> Seen:
    return Seen(schedule.schedule_id, schedule.revision)


def _day_text(moment: datetime, today: Any) -> str:
    local = moment.astimezone()
    return f"{local:%H:%M}" if local.date() == today else f"{local.day} {local:%b %H:%M}"
