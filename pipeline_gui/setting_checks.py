"""What the value of each setting must look like."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from pipeline_gui.pipeline.errors import PipelineError, Reason

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class SettingsInvalid(PipelineError):
    """The settings can't be used as they are; the text says which, where it comes from and what it should be."""

    reason: Reason = "invalid"


def check(key: str, value: str, which: str) -> None:
    """Raise SettingsInvalid unless value can be that setting; which says the key and where it comes from."""
    _CHECKS.get(key, _check_text)(value, which)


def _check_text(value: str, which: str) -> None:
    if not value:
        raise SettingsInvalid(f"{which} is empty.")
    if _CONTROL.search(value):
        raise SettingsInvalid(f"{which} holds a control character or bytes that are not UTF-8.")
    if len(value) > 4096:
        raise SettingsInvalid(f"{which} has {len(value):,} characters; at most 4,096 are allowed.")


def _check_database(value: str, which: str) -> None:
    _check_text(value, which)
    scheme = value.partition("://")[0]
    if ("://" in value and scheme not in ("postgresql", "postgres")) or ("://" not in value and "=" not in value):
        # Nothing of the value is repeated: what stands there may be a password.
        raise SettingsInvalid(
            f"{which} is not a PostgreSQL address; write postgresql://USER@HOST/DATABASE, or service=NAME."
        )


def _check_spark_url(value: str, which: str) -> None:
    _check_text(value, which)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise SettingsInvalid(f"{which} is not the address of a Spark server; write http://HOST:PORT or https://HOST.")


def _check_history_url(value: str, which: str) -> None:
    _check_text(value, which)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        raise SettingsInvalid(f"{which} is not the address of a Spark history server; write http://HOST:18080.")


def _check_kind(value: str, which: str) -> None:
    if value == "standalone":
        raise SettingsInvalid(
            f"{which}: Spark's standalone gateway has no names and no list of what runs, so a run could not be found "
            "again after a lost connection; it is not supported yet. Put a command server in front of the master: "
            "pipeline-gui spark-server --master spark://HOST:7077, and use the kind livy."
        )
    if value != "livy":
        raise SettingsInvalid(f"{which} must be livy, not {value[:60]!r}.")


def _check_file(value: str, which: str) -> None:
    _check_text(value, which)
    if not os.path.isabs(value):
        raise SettingsInvalid(f"{which} must be the whole path of a file, not {value[:60]!r}.")


def _check_color(value: str, which: str) -> None:
    if not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}|[a-zA-Z]{3,30}", value):
        raise SettingsInvalid(f"{which} must be a colour such as #b00020 or red.")


def _check_name(value: str, which: str) -> None:
    _check_text(value, which)
    if len(value) > 60:
        raise SettingsInvalid(f"{which} has {len(value):,} characters; at most 60 are shown well.")


def _check_timezone(value: str, which: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsInvalid(f"{which} must be a time zone such as Europe/Berlin, not {value[:60]!r}.") from error


_CHECKS: dict[str, Callable[[str, str], None]] = {
    "database_url": _check_database,
    "spark_url": _check_spark_url,
    "spark_kind": _check_kind,
    "spark_ca_file": _check_file,
    "history_server_url": _check_history_url,
    "color": _check_color,
    "name": _check_name,
    "old_rows_timezone": _check_timezone,
}
