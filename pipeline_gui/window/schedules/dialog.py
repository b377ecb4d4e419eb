"""The schedules that all operators share: looked through, made, changed, paused and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import available_timezones

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

from pipeline_gui.pipeline.schedule import Decided, Schedule, Service
from pipeline_gui.schedules.owner import Schedules, Seen
from pipeline_gui.window.dialog_parts import ask_to_delete, ask_to_give_up, plain_button, wrapping_label
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.messages import failure_message
from pipeline_gui.window.schedules.form import ScheduleForm
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

TYPED_MS = 300
"""After the last key, the times are computed."""
AGAIN_MS = 10_000
SHOWN = 50
MOST_SERVICES = 5


class Named(Protocol):
    """What knows the names of configurations."""

    def names(self) -> list[str]:
        """Every name that can be asked for."""


@dataclass(frozen=True, slots=True)
class _Read:
    schedules: list[Schedule]
    services: list[Service]
    configurations: list[str]
    zones: list[str]


class SchedulesDialog(QDialog):
    """Not modal: runs are watched meanwhile. Every question to the database is asked in the pool."""

    def __init__(
        self, gateway: Gateway, owner: Schedules, configurations: Named, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("schedulesDialog")
        self.setWindowTitle(tr("Schedules"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._gateway = gateway
        self._owner = owner
        self._configurations = configurations
        self._shown: Schedule | None = None
        self._is_busy = self._is_right = False
        self._asked = 0
        self._services = wrapping_label("scheduleServices")
        self._list = QListWidget()
        self._list.setObjectName("scheduleList")
        self._list.setAccessibleName(tr("Schedules"))
        self._form = ScheduleForm()
        self._next = wrapping_label("scheduleNext")
        self._decided = QListWidget()
        self._decided.setObjectName("scheduleDecided")
        self._decided.setAccessibleName(tr("What became of its last times"))
        self._decided.setWordWrap(True)
        self._decided.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._said = wrapping_label("scheduleMessage")
        self._new = plain_button("newScheduleButton", tr("&New"), self._start_new)
        self._delete = plain_button("deleteScheduleButton", tr("De&lete…"), self._ask_to_delete)
        self._pause = plain_button("pauseScheduleButton", tr("&Pause"), self._pause_or_resume)
        self._revert = plain_button("revertScheduleButton", tr("&Revert"), lambda: self._show_schedule(self._shown))
        self._save = plain_button("saveScheduleButton", tr("&Save"), self._save_edited)
        self._save.setDefault(True)
        self._lay_out()
        self._typed = QTimer(self, singleShot=True, interval=TYPED_MS)
        self._typed.timeout.connect(self._ask_for_times)
        self._form.edited.connect(self._edited)
        self._list.currentItemChanged.connect(self._choose)
        again = QTimer(self, interval=AGAIN_MS)
        again.timeout.connect(self.read_again)
        again.start()
        self.resize(820, 620)
        self._show_schedule(None)
        self.read()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.addWidget(self._form)
        right.addWidget(self._next)
        right.addWidget(self._decided, 1)
        right.addWidget(self._said)
        row = QHBoxLayout()
        row.addWidget(self._delete)
        row.addWidget(self._pause)
        row.addStretch(1)
        row.addWidget(self._revert)
        row.addWidget(self._save)
        right.addLayout(row)
        whole = QGridLayout(self)
        whole.addWidget(self._services, 0, 0, 1, 2)
        whole.addWidget(self._list, 1, 0)
        whole.addWidget(self._new, 2, 0)
        whole.addLayout(right, 1, 1, 2, 1)
        whole.setColumnStretch(0, 1)
        whole.setColumnStretch(1, 2)

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, choose: str | None = None) -> None:
        """Read the list anew, since somebody may have changed it, and choose one by its name."""

        def work() -> _Read:
            return _Read(
                self._owner.all(), self._owner.services(), self._configurations.names(), sorted(available_timezones())
            )

        self._gateway.run(work, lambda read: self._show_all(read, choose), self._fail, self, Lane.VIEWS)

    def read_again(self) -> None:
        """Read the list anew, unless something is being written here."""
        if self.isVisible() and not self._is_busy and not self._form.is_edited:
            self.read()

    def _show_all(self, read: _Read, choose: str | None) -> None:
        self._services.show_text(_services_text(read.services))
        self._form.offer(read.configurations, read.zones)
        if self._form.is_edited and choose is None:
            return  # what is typed stays; the list is read again when it is saved or given up
        wanted = choose if choose is not None else self._shown.name if self._shown else None
        with QSignalBlocker(self._list):
            self._list.clear()
            for schedule in read.schedules:
                item = QListWidgetItem(_title(schedule))
                item.setData(Qt.ItemDataRole.UserRole, schedule)
                item.setToolTip(tooltip(tr("changed by {0}").format(schedule.changed_by)))
                self._list.addItem(item)
                if schedule.name == wanted:
                    self._list.setCurrentItem(item)
        current = self._list.currentItem()
        self._show_schedule(current.data(Qt.ItemDataRole.UserRole) if current else None)

    def _choose(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        if item is None:
            return

        def stay() -> None:
            with QSignalBlocker(self._list):
                self._list.setCurrentRow(self._list.row(before) if before else -1)

        self._if_given_up(lambda: self._show_chosen(item.data(Qt.ItemDataRole.UserRole)), stay)

    def _show_chosen(self, schedule: Schedule) -> None:
        self._said.show_text("")
        self._show_schedule(schedule)

    def _show_schedule(self, schedule: Schedule | None) -> None:
        is_other = schedule is None or self._shown is None or schedule.schedule_id != self._shown.schedule_id
        self._shown = schedule
        self._form.show_schedule(schedule)
        if is_other:
            self._decided.clear()
        if schedule is not None:
            name = schedule.name
            self._gateway.run(
                lambda: self._owner.decided(name, SHOWN), self._show_decided, self._fail, self, Lane.VIEWS
            )
        self._ask_for_times()
        self._allow()

    def _show_decided(self, decided: list[Decided]) -> None:
        today = datetime.now().astimezone().date()
        self._decided.clear()
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
        self._typed.start()
        self._allow()

    def _ask_for_times(self) -> None:
        values = self._form.values()
        if self._shown is None and not values["name"]:
            self._next.show_text("")
            return
        self._asked += 1
        asked = self._asked

        def shown(times: list[datetime]) -> None:
            if asked == self._asked:
                self._is_right = True
                self._show_times(times)
                self._allow()

        def wrong(error: Exception) -> None:
            if asked == self._asked:
                self._next.show_text(failure_message(error).text)
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

    def _allow(self) -> None:
        free = not self._is_busy
        self._save.setEnabled(free and self._form.is_edited and self._is_right)
        self._revert.setEnabled(free and self._form.is_edited)
        self._delete.setEnabled(free and self._shown is not None)
        self._pause.setEnabled(free and self._shown is not None and not self._form.is_edited)
        is_paused = self._shown is not None and not self._shown.is_enabled
        self._pause.setText(tr("&Resume") if is_paused else tr("&Pause"))

    # --- writing ------------------------------------------------------------------------------------------------

    def _start_new(self) -> None:
        def begin() -> None:
            with QSignalBlocker(self._list):
                self._list.setCurrentRow(-1)
            self._said.show_text("")
            self._show_schedule(None)
            self._form.focus_first()

        self._if_given_up(begin)

    def _save_edited(self) -> None:
        values, before = self._form.values(), self._shown

        def save() -> Schedule:
            return (
                self._owner.create(values) if before is None else self._owner.change(before.name, values, _seen(before))
            )

        self._write(save, tr("Saved “{0}” for all operators."))

    def _pause_or_resume(self) -> None:
        before = self._shown
        if before is not None:
            values = {"is_enabled": not before.is_enabled}
            said = tr("Paused “{0}”.") if before.is_enabled else tr("Resumed “{0}”.")
            self._write(lambda: self._owner.change(before.name, values, _seen(before)), said)

    def _ask_to_delete(self) -> None:
        before = self._shown
        if before is None:
            return

        def delete() -> Schedule:
            self._owner.delete(before.name, _seen(before))
            return before

        ask_to_delete(
            self, "deleteScheduleQuestion", before.name, tr("Runs that it started stay in the record."),
            lambda: self._write(delete, tr("Deleted “{0}”.")),
        )  # fmt: skip

    def _write(self, work: Callable[[], Schedule], said: str) -> None:
        self._is_busy = True
        self._said.show_text(tr("Saving…"))
        self._allow()

        def finished(schedule: Schedule) -> None:
            self._is_busy = False
            self._said.show_text(said.format(one_line(schedule.name, 80)))
            self.read(schedule.name)

        def failed(error: Exception) -> None:
            self._is_busy = False
            self._fail(error)
            self._allow()

        self._gateway.run(work, finished, failed, self)

    # --- words --------------------------------------------------------------------------------------------------

    def _fail(self, error: Exception) -> None:
        self._said.show_text(failure_message(error).text)

    def _if_given_up(self, go_on: Callable[[], None], stay: Callable[[], None] = lambda: None) -> None:
        if not self._form.is_edited:
            go_on()
            return
        ask_to_give_up(self, "scheduleEditsQuestion", go_on, stay)


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


def _title(schedule: Schedule) -> str:
    plan = schedule.plan
    times = plan.cron if plan.cron is not None else tr("every {0} min").format(plan.every_minutes)
    title = f"{one_line(schedule.name, 60)} · {times}"
    return title if schedule.is_enabled else tr("{0} (paused)").format(title)


def _day_text(moment: datetime, today: Any) -> str:
    local = moment.astimezone()
    return f"{local:%H:%M}" if local.date() == today else f"{local.day} {local:%b %H:%M}"
