"""What a team could have in its configurations, schedules, alerts and figures: for pictures, and for full dialogs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_gui.configurations.owner import Entry, Version
from pipeline_gui.pipeline.alert import Alert, Condition, DeliveringService, Message, MessageState, ReceiverName
from pipeline_gui.pipeline.metrics import DayMetrics, Period, PipelineMetrics, Starter
from pipeline_gui.pipeline.schedule import Decided, Outcome, Plan, Schedule, Service, WhenBusy
from tests.window.stand_in import StandInBackend

FLIGHTS: dict[str, Any] = {
    "name": "flights",
    "description": "Delays by airport and carrier, for the morning report",
    "file": "/srv/pipelines/flights.py",
    "args": ["--day", "yesterday", "--target=s3a://reports/flights"],
    "conf": {"spark.sql.shuffle.partitions": "200", "spark.hadoop.fs.s3a.secret.key": "${secret:REPORTS_S3}"},
    "driver_memory": "2g",
    "executor_memory": "4g",
    "num_executors": 6,
    "timeout_seconds": 7200,
}


def fill(backend: StandInBackend) -> None:
    """Let every dialog have something to show."""
    _fill_configurations(backend)
    _fill_schedules(backend)
    _fill_alerts(backend)
    _fill_metrics(backend)


def _ago(**time: float) -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(**time)


def _next(hour: int, minute: int = 0) -> datetime:
    """The next time of day, in UTC."""
    time = datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return time if time > datetime.now(UTC) else time + timedelta(days=1)


# --- configurations -------------------------------------------------------------------------------------------------


def _fill_configurations(backend: StandInBackend) -> None:
    others = {name: {"name": name, "file": f"/srv/pipelines/{name}.py"} for name in ("import", "monthly report")}
    backend.configurations.values = {"flights": FLIGHTS, **others}
    backend.configurations.saved = [
        Entry(values["name"], values.get("description"), Version(number, 3), "ben@ops-1")
        for number, values in enumerate(backend.configurations.values.values(), 1)
    ]


# --- schedules ------------------------------------------------------------------------------------------------------


def _schedule(number: int, name: str, configuration: str, plan: Plan, **more: Any) -> Schedule:
    made = _ago(days=90)
    about: dict[str, Any] = {"when_busy": WhenBusy.WAIT, "catch_up_seconds": 1800.0, "retries": 2, "is_enabled": True}
    about |= {"retry_delay_seconds": 300.0, "since": made, "made_at": made, "changed_by": "ana@ops-3"} | more
    return Schedule(number, name, 4, configuration, plan, changed_at=made, **about)


def _fill_schedules(backend: StandInBackend) -> None:
    backend.schedules.saved = [
        _schedule(1, "flights by night", "flights", Plan(cron="0 2 * * *", zone="Europe/Berlin")),
        _schedule(2, "import", "import", Plan(every_minutes=60), when_busy=WhenBusy.SKIP),
        _schedule(3, "month end", "monthly report", Plan(cron="30 4 1 * *", zone="Europe/Berlin"), is_enabled=False),
    ]
    backend.schedules.there = [Service("pipeline@srv-7", "srv-7", _ago(days=12))]
    first = _next(1)
    backend.schedules.next = [first + timedelta(days=day) for day in range(5)]
    backend.schedules.past = [
        Decided(first - timedelta(days=1), Outcome.STARTED, "flights-7d21", None, "schedule@srv-7", None),
        Decided(
            first - timedelta(days=2), Outcome.STARTED, "flights-55e0", None, "schedule@srv-7", None, 2, "flights-54c9"
        ),
        Decided(first - timedelta(days=2), Outcome.STARTED, "flights-54c9", None, "schedule@srv-7", None),
        Decided(first - timedelta(days=3), Outcome.SKIPPED, None, "“import” (import-77) was running.", "s@srv-7", None),
    ]


# --- alerts ---------------------------------------------------------------------------------------------------------


_FACTS = {"pipeline": "flights", "status": "failed", "duration": 764.0}


def _message(number: int, alert: str, condition: Condition, made: datetime, **more: Any) -> Message:
    about: dict[str, Any] = {"receiver": "ops-mail", "state": MessageState.SENT, "answer": "250 OK", "run_id": "r-1"}
    about |= {"facts": _FACTS} | more
    return Message(
        number, alert, condition=condition.value, made_at=made, attempts=1, next_at=None, ended_at=made, **about
    )


def _fill_alerts(backend: StandInBackend) -> None:
    backend.alerts.saved = [
        Alert(1, "broken", 2, Condition.FAILED, "flights", None, "ops-mail", True, "ana@ops-3", None),
        Alert(2, "nothing started", 1, Condition.MISSED, None, None, "chat", True, "ben@ops-1", None),
        Alert(3, "too late", 5, Condition.LIMIT, "flights", 90.0, "chat", False, "ben@ops-1", None),
    ]
    backend.alerts.told = [
        _message(4, "broken", Condition.FAILED, _ago(minutes=12)),
        _message(
            3, "old rule", Condition.FAILED, _ago(hours=20),
            receiver="pager", state=MessageState.UNDELIVERED, answer="535 5.7.8 Authentication failed",
        ),
        _message(2, "broken", Condition.FAILED, _ago(days=2), facts={**_FACTS, "duration": 9.0}),
    ]  # fmt: skip
    receivers = (ReceiverName("chat", "apprise"), ReceiverName("ops-mail", "mail"))
    backend.alerts.delivering = [DeliveringService("pipeline@srv-7", receivers, None)]


# --- figures --------------------------------------------------------------------------------------------------------


def _fill_metrics(backend: StandInBackend) -> None:
    last = _ago(hours=7)
    backend.metrics.pipelines = (
        PipelineMetrics(
            "import", Period(684, 9, 3, 61.0, 118.0), Period(702, 2, 0, 60.0, 97.0), 412.0, "import-3f", _ago(hours=1),
            3600.0, (Starter("schedule@srv-7", 690), Starter("ben@ops-1", 6)),
        ),
        PipelineMetrics(
            "flights", Period(28, 2, 1, 1840.0, 2415.0), Period(30, 0, 0, 1610.0, 1802.0), 7200.0, "flights-9c", last,
            25_200.0, (Starter("schedule@srv-7", 29), Starter("ana@ops-3", 2)),
        ),
        PipelineMetrics(
            "stream_events", Period(4, 0, 3, 6900.0, 7520.0), Period(), 7520.0, "stream_events-2c", last, 25_200.0,
            (Starter("ben@ops-1", 7),),
        ),
    )  # fmt: skip
    today = datetime.now(UTC).date()
    backend.metrics.days = [
        DayMetrics(
            today - timedelta(days=day),
            24 - day % 3,
            int(day % 8 == 5),
            int(day == 11),
            61.0 + (day * 37 % 17) - day / 3,
        )
        for day in range(29, -1, -1)
    ]
