"""A request for a batch, read as Livy reads it: unknown keys refused, scalars coerced, within limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pipeline_gui.command_server.errors import Malformed, Rejected

LARGEST_BODY = 2 * 1024 * 1024
"""Bytes."""
LONGEST_NAME = 512
MOST_ITEMS = 1000
LONGEST_ITEM = 65_536
"""Bytes of one argument, path or value; the kernel takes 131,072."""
LARGEST_ARGUMENTS = 1024 * 1024
"""Bytes of all the arguments together; the kernel takes about 2 MB with the environment."""

_TEXTS = {
    "file": "file", "proxyUser": "proxy_user", "className": "class_name", "driverMemory": "driver_memory",
    "executorMemory": "executor_memory", "queue": "queue", "name": "name",
}  # fmt: skip
_NUMBERS = {"driverCores": "driver_cores", "executorCores": "executor_cores", "numExecutors": "num_executors"}
_LISTS = {"args": "args", "jars": "jars", "pyFiles": "py_files", "files": "files", "archives": "archives"}
_KNOWN = (*_TEXTS, *_NUMBERS, *_LISTS, "conf")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Submission:
    """What to run, well-formed; whether it may be run is the policy's to say."""

    file: str
    name: str | None = None
    proxy_user: str | None = None
    class_name: str | None = None
    driver_memory: str | None = None
    executor_memory: str | None = None
    queue: str | None = None
    driver_cores: int | None = None
    executor_cores: int | None = None
    num_executors: int | None = None
    args: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    py_files: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    conf: dict[str, str] = field(default_factory=dict)


def parse_submission(body: bytes) -> Submission:
    """Read a POST's body. Raises Malformed (not JSON, unknown key, wrong type) and Rejected (a value that can't be)."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise Malformed("The body must be a JSON object.")
    for key in given:
        if key not in _KNOWN:
            known = ", ".join(sorted(_KNOWN))
            raise Malformed(f'Unrecognized field "{str(key)[:100]}" (the known ones are: {known}).')
    values: dict[str, Any] = {}
    for key, target in _TEXTS.items():
        values[target] = None if given.get(key) is None else _text(key, given[key])
    for key, target in _NUMBERS.items():
        values[target] = None if given.get(key) is None else _number(key, given[key])
    for key, target in _LISTS.items():
        values[target] = _list(key, given.get(key))
    values["conf"] = _conf(given.get("conf"))
    if not values["file"]:
        raise Rejected("requirement failed: File is required.")
    submission = Submission(**values)
    _check(submission)
    return submission


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise Malformed(f'"{key}" must hold text, not {_kind(value)}.')
    return value


def _number(key: str, value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,9}\s*", value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise Malformed(f'"{key}" must be a whole number, not {_kind(value)}.')
    return value


def _list(key: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Malformed(f'"{key}" must be a list of texts, not {_kind(value)}.')
    return tuple(_text(key, item) for item in value)


def _conf(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f'"conf" must be an object of texts, not {_kind(value)}.')
    return {key: _text("conf", item) for key, item in value.items()}


def _kind(value: object) -> str:
    kinds: dict[type, str] = {
        bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object",
        type(None): "null",
    }  # fmt: skip
    return kinds.get(type(value), "that")


def _check(submission: Submission) -> None:
    check_name(submission.name)
    for key, target in (*_TEXTS.items(), *_LISTS.items()):
        value = getattr(submission, target)
        items = value if isinstance(value, tuple) else (value or "",)
        if len(items) > MOST_ITEMS:
            raise Rejected(f"{key} has {len(items):,} items; at most {MOST_ITEMS:,} are taken.")
        for item in items:
            _check_item(key, item, exact=key == "args")
    for key, number in (
        ("driverCores", submission.driver_cores),
        ("executorCores", submission.executor_cores),
        ("numExecutors", submission.num_executors),
    ):
        if number is not None and number < 1:
            raise Rejected(f"{key} must be at least 1, not {number}.")
    if len(submission.conf) > MOST_ITEMS:
        raise Rejected(f"conf has {len(submission.conf):,} keys; at most {MOST_ITEMS:,} are taken.")
    for key, value in submission.conf.items():
        if not key or len(key) > LONGEST_NAME or _CONTROL.search(key) or key != key.strip():
            raise Rejected(f"{key[:100]!r} is not the name of a Spark property.")
        _check_item(f"conf {key}", value, exact=True)
    if sum(len(item.encode()) for item in submission.args) > LARGEST_ARGUMENTS:
        raise Rejected(f"args are longer than {LARGEST_ARGUMENTS:,} bytes together.")


def check_name(name: str | None) -> None:
    """Raises Rejected, in Livy's words, when a batch can't have that name."""
    if name is None:
        return
    # Livy's rule: all digits would be taken for an id. A slash or a dot name could not be asked for by its path.
    if not name.strip() or re.fullmatch(r"[0-9]+", name) or name in (".", "..") or "/" in name or _CONTROL.search(name):
        raise Rejected(f"Invalid session name: {name[:100]}")
    if len(name) > LONGEST_NAME:
        raise Rejected(f"Invalid session name: it has {len(name):,} characters; at most {LONGEST_NAME} are taken.")


def _check_item(key: str, item: str, *, exact: bool) -> None:
    if len(item) > LONGEST_ITEM or len(item.encode()) > LONGEST_ITEM:
        raise Rejected(f"a value of {key} has over {LONGEST_ITEM:,} bytes.")
    if "\0" in item if exact else _CONTROL.search(item):
        raise Rejected(f"{key} holds a control character.")
