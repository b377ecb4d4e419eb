"""What a person says of an alert, checked before anything is recorded."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

from pipeline_gui.pipeline.alert import Condition
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import name_key

KEYS = ("name", "condition", "pipeline", "minutes", "receiver", "is_enabled")
LONGEST_NAME = 200
MOST_MINUTES = 525_600
RECEIVER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
"""How receivers may be called."""


def checked_alert(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises ConfigurationInvalid, with the key that is wrong and what it should be."""
    for key in values:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ConfigurationInvalid(f"An alert has no key {str(key)[:60]!r}{hint}", field=str(key)[:60])
    given = {key: value for key, value in values.items() if value is not None}
    name = _text("name", given.get("name"))
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
        "pipeline": _text("pipeline", given["pipeline"]) if "pipeline" in given else None,
        "minutes": _minutes(given["minutes"]) if "minutes" in given else None,
        "receiver": _receiver(given.get("receiver")),
        "is_enabled": _switch(given.get("is_enabled", True)),
    }


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ConfigurationInvalid(f"{key} must be a line of text.", field=key)
    if len(value) > LONGEST_NAME:
        raise ConfigurationInvalid(f"{key} is longer than {LONGEST_NAME} characters.", field=key)
    return value.strip()


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


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationInvalid("is_enabled is true or false.", field="is_enabled")
    return value
