"""The form of an alert: who is told, and of what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtWidgets import QFormLayout

from pipeline_gui.alerts.checks import MOST_MINUTES
from pipeline_gui.pipeline.alert import Alert, Condition
from pipeline_gui.window.rules.changes import Field
from pipeline_gui.window.rules.form import RuleForm, choice, number, offer, open_choice
from pipeline_gui.window.translation import tr


class AlertForm(RuleForm):
    """Whom one alert tells, and of what."""

    def __init__(self) -> None:
        super().__init__("alertName")
        self._condition = choice("alertCondition", tr("Of what it tells"))
        for condition, title in condition_titles().items():
            self._condition.addItem(title, condition.value)
        self._minutes = number("alertMinutes", tr("Minutes"), 1, MOST_MINUTES)
        self._pipeline = open_choice("alertPipeline", tr("Pipeline"), tr("each pipeline"))
        self._receiver = open_choice("alertReceiver", tr("Receiver"), tr("its name, as the service knows it"))
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addRow(tr("Name"), self._name)
        layout.addRow(tr("When"), self._condition)
        layout.addRow(tr("Minutes"), self._minutes)
        layout.addRow(tr("Pipeline"), self._pipeline)
        layout.addRow(tr("Tell"), self._receiver)
        self._rows = layout
        self._name.textEdited.connect(self.edited)
        self._condition.currentIndexChanged.connect(self._show_rows)
        self._condition.currentIndexChanged.connect(self.edited)
        self._minutes.valueChanged.connect(self.edited)
        for box in (self._pipeline, self._receiver):
            box.editTextChanged.connect(self.edited)
        self._minutes_kept = 0.0
        """As they are saved: they may be finer than what is shown."""
        self.show_values(form_values(None))

    def offer(self, pipelines: list[str], receivers: list[str]) -> None:
        """What can be chosen; what is chosen stays."""
        offer(self._pipeline, pipelines)
        offer(self._receiver, receivers)

    def _fill(self, values: Mapping[str, Any]) -> None:
        self._name.setText(values["name"])
        self._condition.setCurrentIndex(self._condition.findData(values["condition"]))
        self._minutes_kept = values["minutes"] or 10
        self._minutes.setValue(max(1, round(self._minutes_kept)))
        self._pipeline.setEditText(values["pipeline"] or "")
        self._receiver.setEditText(values["receiver"])

    def values(self) -> dict[str, Any]:
        """What it says, under an alert's keys; None where nothing is said."""
        condition = Condition(self._condition.currentData())
        minutes: float = self._minutes.value()
        if minutes == max(1, round(self._minutes_kept)):
            minutes = self._minutes_kept
        return {
            "name": self._name.text().strip(),
            "condition": condition.value,
            "minutes": minutes if condition.has_minutes else None,
            "pipeline": self._pipeline.currentText().strip() or None,
            "receiver": self._receiver.currentText().strip(),
        }

    def _show_rows(self) -> None:
        self._rows.setRowVisible(self._minutes, Condition(self._condition.currentData()).has_minutes)


def form_values(alert: Alert | None) -> dict[str, Any]:
    """What the form shows of an alert; None: what a new one begins with."""
    if alert is None:
        condition = Condition.FAILED.value
        return {"name": "", "condition": condition, "minutes": None, "pipeline": None, "receiver": ""}
    return {
        "name": alert.name,
        "condition": alert.condition.value,
        "minutes": alert.minutes if alert.condition.has_minutes else None,
        "pipeline": alert.pipeline or None,
        "receiver": alert.receiver,
    }


def told_fields() -> Iterator[Field]:
    """The fields as somebody else's change of them is told."""
    conditions = {condition.value: title for condition, title in condition_titles().items()}
    yield Field("name", tr("Name"))
    yield Field("condition", tr("When"), conditions)
    yield Field("minutes", tr("Minutes"))
    yield Field("pipeline", tr("Pipeline"), {None: tr("each pipeline")})
    yield Field("receiver", tr("Tell"))


def condition_titles() -> dict[Condition, str]:
    """Of what a rule tells, in the words of the window."""
    return {
        Condition.FAILED: tr("a run fails"),
        Condition.ENDED: tr("a run ends, in any way"),
        Condition.RECOVERED: tr("a run completes after a failure"),
        Condition.SLOW: tr("a run lasts longer than usual"),
        Condition.LIMIT: tr("a run lasts longer than so many minutes"),
        Condition.MISSED: tr("a schedule starts nothing"),
        Condition.LOST_CONTACT: tr("contact with Spark is lost for so many minutes"),
    }
