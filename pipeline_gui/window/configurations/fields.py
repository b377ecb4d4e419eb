"""The fields of the form, and how a value becomes a text that a person edits, and a value again. Knows no Qt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipeline_gui.window.marking import QT_TR_NOOP


class Kind(Enum):
    """How a field is edited."""

    LINE = "line"
    NUMBER = "number"
    LIST = "list"
    """One item on each line."""
    PAIRS = "pairs"
    """One ``key=value`` on each line."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a configuration, as a person sees it."""

    key: str
    label: str
    kind: Kind
    hint: str = ""


FIELDS = (
    Field("name", QT_TR_NOOP("Name"), Kind.LINE, QT_TR_NOOP("what runs of it are called")),
    Field("description", QT_TR_NOOP("Description"), Kind.LINE, QT_TR_NOOP("for people")),
    Field(
        "file", QT_TR_NOOP("Application"), Kind.LINE, QT_TR_NOOP("a whole path as the Spark server sees it, or a URI")
    ),
    Field(
        "args", QT_TR_NOOP("Arguments"), Kind.LIST, QT_TR_NOOP("one on each line; a secret is written ${secret:NAME}")
    ),
    Field(
        "conf",
        QT_TR_NOOP("Spark properties"),
        Kind.PAIRS,
        QT_TR_NOOP("spark.key=value, one on each line; a secret is ${secret:NAME}"),
    ),
    Field("class_name", QT_TR_NOOP("Main class"), Kind.LINE, QT_TR_NOOP("of an application in Java or Scala")),
    Field("py_files", QT_TR_NOOP("Python files"), Kind.LIST, QT_TR_NOOP("one on each line")),
    Field("jars", QT_TR_NOOP("Jars"), Kind.LIST, QT_TR_NOOP("one on each line")),
    Field("files", QT_TR_NOOP("Files"), Kind.LIST, QT_TR_NOOP("one on each line")),
    Field("archives", QT_TR_NOOP("Archives"), Kind.LIST, QT_TR_NOOP("one on each line")),
    Field("driver_memory", QT_TR_NOOP("Driver memory"), Kind.LINE, QT_TR_NOOP("such as 2g")),
    Field("driver_cores", QT_TR_NOOP("Driver cores"), Kind.NUMBER),
    Field("executor_memory", QT_TR_NOOP("Executor memory"), Kind.LINE, QT_TR_NOOP("such as 4g")),
    Field("executor_cores", QT_TR_NOOP("Executor cores"), Kind.NUMBER),
    Field("num_executors", QT_TR_NOOP("Executors"), Kind.NUMBER),
    Field("queue", QT_TR_NOOP("Queue"), Kind.LINE),
    Field("proxy_user", QT_TR_NOOP("Proxy user"), Kind.LINE),
    Field("grace_seconds", QT_TR_NOOP("Grace period, s"), Kind.NUMBER, QT_TR_NOOP("from Stop until it is killed")),
    Field("timeout_seconds", QT_TR_NOOP("Time limit, s"), Kind.NUMBER, QT_TR_NOOP("then it is stopped; empty: none")),
)


class Unreadable(ValueError):
    """A text that can't become a value; the sentence says why."""


def text_of(field: Field, value: Any) -> str:
    """The text for a value; None is empty."""
    if value is None:
        return ""
    if field.kind is Kind.LIST and isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(_line(str(item)) for item in value)
    if field.kind is Kind.PAIRS and isinstance(value, Mapping):
        return "\n".join(f"{key}={_line(str(item), empty='')}" for key, item in value.items())
    if field.kind is Kind.NUMBER and isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def value_of(field: Field, text: str) -> Any:
    """The value of a text; None where nothing is given. Raises Unreadable."""
    match field.kind:
        case Kind.LINE:
            return text.strip() or None
        case Kind.NUMBER:
            return _number(text.strip())
        case Kind.LIST:
            return [_item(line) for line in text.split("\n") if line.strip()] or None
        case Kind.PAIRS:
            return _pairs(text) or None


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text) if text else None
        except ValueError:
            continue
    return text  # the check says what a number is


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        key, sign, value = line.partition("=")
        if not sign or not key.strip():
            raise Unreadable(f"Line {number} is not of the form key=value.")
        if key.strip() in pairs:
            raise Unreadable(f"{key.strip()} is there twice, in line {number} again.")
        pairs[key.strip()] = _item(value)
    return pairs


def _line(text: str, empty: str = '""') -> str:
    """An item on one line; in quotes, as JSON writes them, where it could not be told from another else."""
    if not text:
        return empty
    is_plain = text == text.strip() and not text.startswith('"') and len(text.splitlines()) == 1
    return text if is_plain else json.dumps(text)


def _item(line: str) -> str:
    text = line.strip()
    if text.startswith('"'):
        try:
            quoted = json.loads(text)
        except ValueError:
            return text
        return quoted if isinstance(quoted, str) else text
    return text
