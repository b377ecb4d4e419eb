"""What a person says of an alert, checked before anything is recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from pipeline_gui.pipeline.alert import Condition
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import name_key
from pipeline_gui.value_checks import check_keys, line_of_text, switch

KEYS = ("name", "condition", "pipeline", "minutes", "receiver", "is_enabled")
MOST_MINUTES = 525_600
RECEIVER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
"""How receivers may be called."""


def checked_alert(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises ConfigurationInvalid, with the key that is wrong and what it should be."""
    check_keys(values, KEYS, "An alert")
    given = {key: value for key, value in values.items() if value is not None}
    name = line_of_text("name", given.get("name"))
    condition = _condition(given.get("condition"))
    if condition.has_minutes != ("minutes" in given):
        sentence = (
            f"For {condition.value}, say after how many minutes."
            if condition.has_minutes
            else f"minutes belong to limit and lost_contact, not to {condition.value}."
        )
        raise ConfigurationInvalid(sentence, field="minutes")
    return {
        "name": name,
        "name_key": name_key(name),
        "condition": condition.value,
        "pipeline": line_of_text("pipeline", given["pipeline"]) if "pipeline" in given else None,
        "minutes": _minutes(given["minutes"]) if "minutes" in given else None,
        "receiver": _receiver(given.get("receiver")),
        "is_enabled": switch("is_enabled", given.get("is_enabled", True)),
    }


def _condition(value: object) -> Condition:
    try:
        return Condition(str(value))
    except ValueError:
        sentence = f"condition is one of {', '.join(Condition)}."
        raise ConfigurationInvalid(sentence, field="condition") from None


def _minutes(value: object) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
    if wrong or not 0 < float(value) <= MOST_MINUTES:  # type: ignore[arg-type]
        raise ConfigurationInvalid(f"minutes is a number above 0, and {MOST_MINUTES:,} at most.", field="minutes")
    return float(value)  # type: ignore[arg-type]


def _receiver(value: object) -> str:
    if not isinstance(value, str) or not RECEIVER.fullmatch(value.strip()):
        raise ConfigurationInvalid(
            "receiver is the name of one that the service knows, as in receivers.toml: letters, digits, “.”, “-”, “_”. "
            "An address or a secret does not belong here.",
            field="receiver",
        )
    return value.strip()
