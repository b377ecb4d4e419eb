"""What a person says of a schedule, checked before anything is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import name_key
from pipeline_gui.pipeline.schedule import Plan, WhenBusy
from pipeline_gui.value_checks import LONGEST_NAME, check_keys, line_of_text, switch

KEYS = (
    "name", "configuration", "cron", "every_minutes", "zone", "starts_at", "ends_at", "when_busy", "catch_up_seconds",
    "retries", "retry_delay_seconds", "is_enabled",
)  # fmt: skip
TIMES = ("cron", "every_minutes", "zone", "starts_at", "ends_at")
"""Of these, what says when it is due."""
LONGEST_CATCH_UP_SECONDS = 31_536_000.0
MOST_MINUTES = 525_600
MOST_RETRIES = 100
LONGEST_RETRY_DELAY_SECONDS = 86_400.0
RETRY_DELAY_SECONDS = 60.0
"""Where nothing is said."""


def checked_schedule(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises ConfigurationInvalid, with the key that is wrong and what it should be."""
    check_keys(values, KEYS, "A schedule")
    given = {key: value for key, value in values.items() if value is not None}
    name = line_of_text("name", given.get("name"))
    return {
        "name": name,
        "name_key": name_key(name),
        **_checked_times(given),
        "configuration": line_of_text("configuration", given.get("configuration")),
        "when_busy": _when_busy(given.get("when_busy", WhenBusy.SKIP)),
        "catch_up_seconds": _seconds("catch_up_seconds", given.get("catch_up_seconds", 0), LONGEST_CATCH_UP_SECONDS),
        "retries": _whole("retries", given.get("retries", 0), 0, MOST_RETRIES),
        "retry_delay_seconds": _seconds(
            "retry_delay_seconds", given.get("retry_delay_seconds", RETRY_DELAY_SECONDS), LONGEST_RETRY_DELAY_SECONDS
        ),
        "is_enabled": switch("is_enabled", given.get("is_enabled", True)),
    }


def checked_plan(values: Mapping[str, Any]) -> Plan:
    """When it is due, whatever it is called and starts. Raises ConfigurationInvalid."""
    return Plan(**_checked_times({key: value for key, value in values.items() if value is not None}))


def _checked_times(given: Mapping[str, Any]) -> dict[str, Any]:
    zone = _zone(given.get("zone", "UTC"))
    if ("cron" in given) == ("every_minutes" in given):
        raise ConfigurationInvalid("A schedule has either cron or every_minutes.", field="cron")
    starts_at, ends_at = (_moment(key, given.get(key), zone) for key in ("starts_at", "ends_at"))
    if starts_at and ends_at and ends_at < starts_at:
        raise ConfigurationInvalid("ends_at is before starts_at.", field="ends_at")
    return {
        "cron": _cron(given["cron"], zone) if "cron" in given else None,
        "every_minutes": _whole("every_minutes", given["every_minutes"], 1, MOST_MINUTES)
        if "every_minutes" in given
        else None,
        "zone": zone.key,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        shown = repr(str(value)[:60])[1:-1]  # control characters escaped: a terminal may show it
        sentence = f"“{shown}” is not the name of a zone, as Europe/Berlin or UTC are."
        raise ConfigurationInvalid(sentence, field="zone") from None


def _cron(value: object, zone: ZoneInfo) -> str:
    if not isinstance(value, str) or len(value.split()) != 5 or len(value) > LONGEST_NAME:
        raise ConfigurationInvalid(
            "cron has five fields: minute, hour, day of month, month, day of week, as in “0 2 * * *”.", field="cron"
        )
    try:
        # From a fixed moment: whether it ever comes must not depend on today.
        next(CronSim(value, datetime(2024, 1, 1, tzinfo=zone)))
    except CronSimError as error:
        raise ConfigurationInvalid(
            f"cron can't be read: {str(error)[:1].lower()}{str(error)[1:]}.", field="cron"
        ) from None
    except StopIteration:
        raise ConfigurationInvalid("cron names a day that never comes.", field="cron") from None
    return " ".join(value.split())


def _whole(key: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigurationInvalid(f"{key} is a whole number from {least} to {most:,}.", field=key)
    return value


def _moment(key: str, value: object, zone: ZoneInfo) -> datetime | None:
    """A moment; without an offset it is meant in the schedule's zone."""
    if value is None or isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            sentence = f"{key} must be a date or a moment, as in 2026-12-24 or 2026-12-24T18:00."
            raise ConfigurationInvalid(sentence, field=key) from None
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    try:
        aware.astimezone(UTC)  # as it is kept
    except OverflowError:
        raise ConfigurationInvalid(f"{key} is beyond the years 1 to 9999 in UTC.", field=key) from None
    return aware


def _when_busy(value: object) -> str:
    try:
        return WhenBusy(str(value)).value
    except ValueError:
        raise ConfigurationInvalid("when_busy is skip, wait or replace.", field="when_busy") from None


def _seconds(key: str, value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ConfigurationInvalid(f"{key} is a number from 0 to {most:,.0f}.", field=key)
    return float(value)
