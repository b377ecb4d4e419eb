"""The form of a schedule: what starts, when, and what to do while a pipeline runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from PySide6.QtWidgets import QFormLayout

from pipeline_gui.pipeline.schedule import Plan, Schedule, WhenBusy
from pipeline_gui.schedules.checks import (
    LONGEST_CATCH_UP_SECONDS,
    LONGEST_RETRY_DELAY_SECONDS,
    MOST_MINUTES,
    MOST_RETRIES,
    RETRY_DELAY_SECONDS,
)
from pipeline_gui.window.rules.changes import Field
from pipeline_gui.window.rules.form import RuleForm, choice, line, number, offer, open_choice
from pipeline_gui.window.translation import tr


class ScheduleForm(RuleForm):
    """What one schedule starts, and when."""

    def __init__(self) -> None:
        super().__init__("scheduleName")
        self._configuration = open_choice("scheduleConfiguration", tr("Configuration"))
        self._kind = choice("scheduleKind", tr("How its times are given"))
        self._kind.addItem(tr("At times, as cron has them"), "cron")
        self._kind.addItem(tr("Every so many minutes"), "every_minutes")
        self._cron = line("scheduleCron", tr("Cron"), tr("minute hour day month weekday, as in 0 2 * * *"))
        self._minutes = number("scheduleMinutes", tr("Minutes"), 1, MOST_MINUTES)
        self._zone = open_choice("scheduleZone", tr("Zone"))
        self._from = line("scheduleFrom", tr("From"), tr("at once; or as in 2026-12-24T18:00, in its zone"))
        self._until = line("scheduleUntil", tr("Until"), tr("without an end"))
        self._busy = choice("scheduleBusy", tr("While a pipeline runs"))
        for when, title in busy_titles().items():
            self._busy.addItem(title, when)
        self._catch_up = number("scheduleCatchUp", tr("Make up for"), 0, int(LONGEST_CATCH_UP_SECONDS), " s")
        self._catch_up.setSpecialValueText(tr("never"))
        self._catch_up.setToolTip(tr("How late a time that nobody could keep is made up for, once"))
        self._retries = number("scheduleRetries", tr("Started again"), 0, MOST_RETRIES, tr(" times"))
        self._retries.setSpecialValueText(tr("never"))
        self._retries.setToolTip(
            tr("How often a run that failed, or that its limit stopped, is started again; none that a person stopped")
        )
        self._delay = number("scheduleRetryDelay", tr("Pause before"), 0, int(LONGEST_RETRY_DELAY_SECONDS), " s")
        self._delay.setToolTip(tr("So long after the end of the run that failed"))
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        for title, part in (
            (tr("Name"), self._name), (tr("Starts"), self._configuration), (tr("When"), self._kind),
            (tr("Cron"), self._cron), (tr("Minutes"), self._minutes), (tr("Zone"), self._zone),
            (tr("From"), self._from), (tr("Until"), self._until), (tr("While a pipeline runs"), self._busy),
            (tr("Missed times"), self._catch_up), (tr("After a failure"), self._retries),
            (tr("Pause before"), self._delay),
        ):  # fmt: skip
            layout.addRow(title, part)
        self._rows = layout
        for text in (self._name, self._cron, self._from, self._until):
            text.textEdited.connect(self.edited)
        for box in (self._configuration, self._zone):
            box.editTextChanged.connect(self.edited)
        for box in (self._kind, self._busy):
            box.currentIndexChanged.connect(self.edited)
        for count in (self._minutes, self._catch_up, self._retries, self._delay):
            count.valueChanged.connect(self.edited)
        self._kind.currentIndexChanged.connect(self._show_rows)
        self._retries.valueChanged.connect(self._show_rows)
        self.show_values(form_values(None))

    def offer(self, configurations: list[str], zones: list[str]) -> None:
        """What can be chosen; what is chosen stays."""
        offer(self._configuration, configurations)
        offer(self._zone, zones)

    def _fill(self, values: Mapping[str, Any]) -> None:
        self._name.setText(values["name"])
        self._configuration.setEditText(values["configuration"])
        self._kind.setCurrentIndex(1 if values["every_minutes"] else 0)
        self._cron.setText(values["cron"] or "0 2 * * *")
        self._minutes.setValue(values["every_minutes"] or 60)
        self._zone.setEditText(values["zone"] or "")
        self._from.setText(values["starts_at"] or "")
        self._until.setText(values["ends_at"] or "")
        self._busy.setCurrentIndex(self._busy.findData(values["when_busy"]))
        self._catch_up.setValue(values["catch_up_seconds"])
        self._retries.setValue(values["retries"])
        self._delay.setValue(values["retry_delay_seconds"])

    def values(self) -> dict[str, Any]:
        """What it says, under a schedule's keys; None where nothing is said."""
        by_cron = self._kind.currentData() == "cron"
        return {
            "name": self._name.text().strip(),
            "configuration": self._configuration.currentText().strip(),
            "cron": self._cron.text().strip() if by_cron else None,
            "every_minutes": None if by_cron else self._minutes.value(),
            "zone": self._zone.currentText().strip() or None,
            "starts_at": self._from.text().strip() or None,
            "ends_at": self._until.text().strip() or None,
            "when_busy": self._busy.currentData(),
            "catch_up_seconds": self._catch_up.value(),
            "retries": self._retries.value(),
            "retry_delay_seconds": self._delay.value(),
        }

    def _show_rows(self) -> None:
        by_cron = self._kind.currentData() == "cron"
        self._rows.setRowVisible(self._cron, by_cron)
        self._rows.setRowVisible(self._minutes, not by_cron)
        self._rows.setRowVisible(self._delay, self._retries.value() > 0)


def form_values(schedule: Schedule | None) -> dict[str, Any]:
    """What the form shows of a schedule; None: what a new one begins with."""
    plan = schedule.plan if schedule else Plan(cron="0 2 * * *")
    return {
        "name": schedule.name if schedule else "",
        "configuration": schedule.configuration if schedule else "",
        "cron": plan.cron,
        "every_minutes": plan.every_minutes,
        "zone": plan.zone,
        "starts_at": _moment_text(plan.starts_at, plan.zone),
        "ends_at": _moment_text(plan.ends_at, plan.zone),
        "when_busy": (schedule.when_busy if schedule else WhenBusy.SKIP).value,
        "catch_up_seconds": round(schedule.catch_up_seconds) if schedule else 0,
        "retries": schedule.retries if schedule else 0,
        "retry_delay_seconds": round(schedule.retry_delay_seconds if schedule else RETRY_DELAY_SECONDS),
    }


def told_fields() -> Iterator[Field]:
    """The fields as somebody else's change of them is told."""
    yield Field("name", tr("Name"))
    yield Field("configuration", tr("Starts"))
    yield Field("cron", tr("Cron"))
    yield Field("every_minutes", tr("Minutes"))
    yield Field("zone", tr("Zone"))
    yield Field("starts_at", tr("From"), {None: tr("at once")})
    yield Field("ends_at", tr("Until"), {None: tr("without an end")})
    yield Field("when_busy", tr("While a pipeline runs"), busy_titles())
    yield Field("catch_up_seconds", tr("Missed times"), {0: tr("never")}, " s")
    yield Field("retries", tr("After a failure"), {0: tr("never")}, tr(" times"))
    yield Field("retry_delay_seconds", tr("Pause before"), unit=" s")


def busy_titles() -> dict[object, str]:
    """What happens to a time that comes while a pipeline runs, in the words of the window."""
    return {
        WhenBusy.SKIP.value: tr("leave this time out"),
        WhenBusy.WAIT.value: tr("wait until nothing runs"),
        WhenBusy.REPLACE.value: tr("stop what runs, then start"),
    }


def _moment_text(moment: datetime | None, zone: str) -> str | None:
    return None if moment is None else moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")
