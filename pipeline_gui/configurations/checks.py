"""What is wrong with a configuration, field by field: for a form as one types, and before it is shared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipeline_gui.pipeline.configuration import KEYS, Configuration, parse_configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.redaction import REDACTED

LARGEST_CONFIGURATION = 256 * 1024
"""Bytes of a saved configuration as JSON."""
_ANY_FILE = "/x"
_PATHS = ("file", "py_files", "jars", "files", "archives")
# Names that look like a secret's and are none: sizes of language models, and switches of Spark.
_NO_SECRET = re.compile(r"tokeni[sz]|(?:max|min|num)\w*[-_.]?tokens?\b|\.enabled$", re.IGNORECASE)


def field_errors(values: Mapping[str, Any]) -> dict[str, str]:
    """Every field that can't be as it is, with a sentence; empty: it can be started."""
    errors: dict[str, str] = {}
    for key, value in values.items():
        if value is None:
            continue
        try:
            parse_configuration({"file": _ANY_FILE, key: value})
        except ConfigurationInvalid as error:
            errors[key] = str(error)
    if not values.get("file"):
        errors["file"] = "Say which application to run: its whole path, as the Spark server sees it, or a URI."
    return errors


def sharing_errors(values: Mapping[str, Any]) -> dict[str, str]:
    """field_errors, and besides what is wrong only where others see it: secrets, paths of one computer, no name."""
    errors = field_errors(values)
    if errors:
        return errors
    if values.get("name") is None:
        errors["name"] = "A configuration that is saved needs a name."
    for key in _PATHS:
        given = values.get(key)
        for path in [given] if isinstance(given, str) else given or []:
            if not _is_whole(str(path)):
                errors[key] = f"{str(path)[:100]} is not a whole path: begin it with a slash, or give a URI."
    errors |= _plain_secrets(parse_configuration(values))
    if not errors and len(msgspec.json.encode(dict(values), enc_hook=str)) > LARGEST_CONFIGURATION:
        errors["args"] = f"The configuration has more than {LARGEST_CONFIGURATION // 1024} kB, too much to be shared."
    return errors


def lost_fields(values: Mapping[str, Any]) -> list[str]:
    """The fields of a recorded configuration of which a secret was left out."""
    return [key for key in KEYS if REDACTED in str(values.get(key, ""))]


def _plain_secrets(configuration: Configuration) -> dict[str, str]:
    """Where a secret stands as it is: what is shared holds references only."""
    given, shown = configuration.as_dict(), configuration.redacted()
    errors = {}
    for name, value in configuration.conf.items():
        if shown["conf"][name] != value and not _is_harmless(name, value):
            errors["conf"] = _sentence(f"The value of {name[:100]}", "conf")
    options = ["", *configuration.args]
    for before, argument, redacted in zip(options, configuration.args, shown.get("args", ()), strict=False):
        name, equals, value = argument.partition("=")
        if argument != redacted and not _is_harmless(*((name, value) if equals else (before, argument))):
            what = f"What follows {before[:60]}" if before and not equals else "An argument"
            errors["args"] = _sentence(what, "args")
    for key in ("file", "description", *_PATHS[1:]):
        if shown.get(key) != given.get(key):
            errors[key] = f"{key} holds a secret, and everybody may read what is saved. Leave it out."
    return errors


def _is_harmless(name: str, value: str) -> bool:
    return value.lower() in ("true", "false") or bool(_NO_SECRET.search(name))


def _sentence(what: str, key: str) -> str:
    where = "" if key == "conf" else " in conf"
    return (
        f"{what} looks like a secret, and everybody may read what is saved. Write ${{secret:NAME}}{where} instead: "
        "the Spark server knows what is behind the NAME."
    )


def _is_whole(path: str) -> bool:
    if path.startswith("/"):
        return True
    try:
        return bool(urlsplit(path).scheme)
    except ValueError:
        return False
