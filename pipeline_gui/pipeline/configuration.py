"""What to run: a configuration's keys, their limits, and the command line that a person could run instead."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.redaction import redact_arguments, redact_conf, redact_text
from pipeline_gui.pipeline.secret_references import is_ill_formed, secret_names

DEFAULT_GRACE_SECONDS = 10.0
LONGEST_GRACE_SECONDS = 1800.0
SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS = 1.0, 31_536_000.0
"""A second, and a year."""
LONGEST_NAME = 200
LONGEST_TEXT = 32_768
MOST_ITEMS = 1000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MEMORY = re.compile(r"\d{1,9}[bkmgtp]?b?", re.IGNORECASE)
_CONF_KEY = re.compile(r"[^\s=]{1,500}")

_LISTS = ("args", "py_files", "jars", "files", "archives")
_NUMBERS = ("driver_cores", "executor_cores", "num_executors")
_MEMORIES = ("driver_memory", "executor_memory")
_TEXTS = ("name", "file", "class_name", "queue", "proxy_user", "description")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A valid configuration; its fields are the keys of a TOML file and of the API's JSON body."""

    file: str
    """The application, as the Spark server sees it: an absolute path or a URI."""
    name: str
    class_name: str | None = None
    args: tuple[str, ...] = ()
    conf: Mapping[str, str] = field(default_factory=dict)
    py_files: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    driver_memory: str | None = None
    driver_cores: int | None = None
    executor_memory: str | None = None
    executor_cores: int | None = None
    num_executors: int | None = None
    queue: str | None = None
    proxy_user: str | None = None
    description: str | None = None
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    timeout_seconds: float | None = None
    """How long a run may last before it is stopped; None: as long as it likes."""

    @property
    def secret_names(self) -> list[str]:
        """The secrets that it refers to, each once; the Spark command server knows them."""
        texts = (*self.args, *self.conf.values())
        return list(dict.fromkeys(name for text in texts for name in secret_names(text)))

    def as_dict(self) -> dict[str, Any]:
        """The configuration as it was given, without the keys that were not."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        given = {key: value for key, value in values.items() if value not in (None, (), {})}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}

    def redacted(self) -> dict[str, Any]:
        """The configuration as it may be recorded and shown: no secret in it."""
        shown = self.as_dict()
        if self.conf:
            shown["conf"] = redact_conf(self.conf)
        if self.args:
            shown["args"] = redact_arguments(self.args)
        for key in ("file", "description", *_LISTS[1:]):
            value = shown.get(key)
            if isinstance(value, str):
                shown[key] = redact_text(value)
            elif isinstance(value, list):
                shown[key] = [redact_text(item) for item in value]
        return shown

    def command_line(self) -> str:
        """The spark-submit command that a person could run, secrets redacted."""
        shown = self.redacted()
        words = ["spark-submit", "--name", self.name]
        if self.class_name:
            words += ["--class", self.class_name]
        for option in ("py_files", "jars", "files", "archives"):
            if shown.get(option):
                words += [f"--{option.replace('_', '-')}", ",".join(shown[option])]
        for option in (*_MEMORIES, *_NUMBERS, "queue", "proxy_user"):
            value = getattr(self, option)
            if value is not None:
                words += [f"--{option.replace('_', '-')}", str(value)]
        for key, value in shown.get("conf", {}).items():
            words += ["--conf", f"{key}={value}"]
        words.append(shown["file"])
        words += shown.get("args", [])
        return shlex.join(words)


KEYS = tuple(f.name for f in fields(Configuration))
"""Every key that a configuration may have."""


def parse_configuration(values: Mapping[str, Any]) -> Configuration:
    """Check a configuration as a person or a program gave it.

    Raises ConfigurationInvalid, with the key that is wrong and what it should be.
    """
    if not isinstance(values, Mapping):
        raise ConfigurationInvalid("A configuration is a table of keys and values.")
    for key in values:
        if key not in KEYS:
            raise ConfigurationInvalid(_unknown_key(key), field=str(key)[:LONGEST_NAME])
    given = {key: value for key, value in values.items() if value is not None}
    checked: dict[str, Any] = {}
    for key in _TEXTS:
        if key in given:
            checked[key] = _text(key, given[key])
    for key in _LISTS:
        if key in given:
            checked[key] = _list(key, given[key])
    for key in _NUMBERS:
        if key in given:
            checked[key] = _count(key, given[key])
    for key in _MEMORIES:
        if key in given:
            checked[key] = _memory(key, given[key])
    if "conf" in given:
        checked["conf"] = _conf(given["conf"])
    if "grace_seconds" in given:
        checked["grace_seconds"] = _seconds("grace_seconds", given["grace_seconds"], 0, LONGEST_GRACE_SECONDS)
    if "timeout_seconds" in given:
        checked["timeout_seconds"] = _seconds(
            "timeout_seconds", given["timeout_seconds"], SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS
        )
    if not checked.get("file"):
        raise ConfigurationInvalid("The configuration has no file: say which application to run.", field="file")
    if checked["file"].startswith("-"):
        # spark-submit would take it for an option.
        raise ConfigurationInvalid("A file's name can't begin with a hyphen; give its whole path.", field="file")
    checked.setdefault("name", _name_from(checked["file"]))
    _check_references(checked)
    if len(checked["name"]) > LONGEST_NAME:
        raise ConfigurationInvalid(
            f"The name has {len(checked['name']):,} characters; at most {LONGEST_NAME} are allowed.", field="name"
        )
    return Configuration(**checked)


def _check_references(checked: Mapping[str, Any]) -> None:
    """References to secrets are whole, and where the Spark server looks for them."""
    for key, value in checked.items():
        may_hold = list(value) if key == "args" else list(value.values()) if key == "conf" else []
        may_not = list(value) if isinstance(value, dict) else [value] if isinstance(value, str) else []
        may_not += value if isinstance(value, tuple) and key != "args" else []
        if any(is_ill_formed(text) for text in (*may_hold, *may_not)):
            raise ConfigurationInvalid(
                f"{key} holds a reference to a secret that is not of the form ${{secret:NAME}}; "
                "a NAME has letters, digits, dots, hyphens and underscores.",
                field=key,
            )
        if any(secret_names(text) for text in may_not):
            raise ConfigurationInvalid(
                f"{key} can't hold a secret here: values of conf can, and args where the Spark server allows it.",
                field=key,
            )


def _unknown_key(key: object) -> str:
    shown = repr(str(key)[:60])
    near = near_name(str(key)[:60].lower().replace("-", "_"), KEYS)
    return f"A configuration has no key {shown}" + (f"; did you mean {near!r}?" if near else ".")


def _name_from(file: str) -> str:
    stem = posixpath.splitext(posixpath.basename(urlsplit(file).path or file))[0]
    return stem[:LONGEST_NAME] or "pipeline"


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigurationInvalid(f"{key} must be text, not {_kind(value)}.", field=key)
    if key != "description" and _CONTROL.search(value):
        raise ConfigurationInvalid(f"{key} holds a control character (position {_where(value)}).", field=key)
    if key == "description" and _CONTROL.search(value.replace("\n", "").replace("\t", "")):
        raise ConfigurationInvalid(f"{key} holds a control character.", field=key)
    if not value.strip():
        raise ConfigurationInvalid(f"{key} is empty.", field=key)
    if len(value) > LONGEST_TEXT:
        raise ConfigurationInvalid(
            f"{key} has {len(value):,} characters; at most {LONGEST_TEXT:,} are allowed.", field=key
        )
    return value.strip() if key == "name" else value


def _where(value: str) -> int:
    match = _CONTROL.search(value)
    return match.start() + 1 if match else 0


def _scalar(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise ConfigurationInvalid(f"{key} must hold texts and numbers, not {_kind(value)}.", field=key)
    if "\x00" in value or re.search(r"[\ud800-\udfff]", value):
        raise ConfigurationInvalid(f"{key} holds a character that no argument can hold.", field=key)
    if len(value) > LONGEST_TEXT:
        raise ConfigurationInvalid(
            f"A value of {key} has {len(value):,} characters; at most {LONGEST_TEXT:,} are allowed.", field=key
        )
    return value


def _list(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigurationInvalid(f"{key} must be a list, not {_kind(value)}.", field=key)
    if len(value) > MOST_ITEMS:
        raise ConfigurationInvalid(f"{key} has {len(value):,} items; at most {MOST_ITEMS:,} are allowed.", field=key)
    items = tuple(_scalar(key, item) for item in value)
    if key != "args" and any(
        not item.strip() or "," in item or item.startswith("-") or _CONTROL.search(item) for item in items
    ):
        # spark-submit takes these lists joined by commas, and a leading hyphen for an option.
        raise ConfigurationInvalid(
            f"{key} holds an empty path, or one with a comma, a control character or a leading hyphen.", field=key
        )
    return items


def _count(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationInvalid(f"{key} must be a whole number, not {_kind(value)}.", field=key)
    if not 1 <= value <= 1_000_000:
        raise ConfigurationInvalid(f"{key} must be between 1 and 1,000,000, not {value}.", field=key)
    return value


def _memory(key: str, value: object) -> str:
    if not isinstance(value, str) or not _MEMORY.fullmatch(value.strip()):
        raise ConfigurationInvalid(f"{key} must be a size such as 512m or 4g.", field=key)
    return value.strip()


def _conf(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ConfigurationInvalid(f"conf must be a table of Spark properties, not {_kind(value)}.", field="conf")
    if len(value) > MOST_ITEMS:
        raise ConfigurationInvalid(f"conf has {len(value):,} keys; at most {MOST_ITEMS:,} are allowed.", field="conf")
    checked = {}
    for key, item in value.items():
        if not isinstance(key, str) or not _CONF_KEY.fullmatch(key) or _CONTROL.search(key):
            raise ConfigurationInvalid(f"{str(key)[:60]!r} is not the name of a Spark property.", field="conf")
        checked[key] = _scalar("conf", item)
    return checked


def _seconds(key: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationInvalid(f"{key} must be a number of seconds, not {_kind(value)}.", field=key)
    if not least <= value <= most:
        raise ConfigurationInvalid(f"{key} must be between {least:.0f} and {most:,.0f}.", field=key)
    return float(value)


def _kind(value: object) -> str:
    kinds: dict[type, str] = {
        bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table",
    }  # fmt: skip
    return kinds.get(type(value), type(value).__name__)
