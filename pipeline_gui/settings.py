"""Where the database and the Spark server are: flags, then the environment, then the profile's settings.toml, then what
the administrator of the computer says for all users; and first of all what the administrator locked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline_gui.keychain import read_secrets
from pipeline_gui.near_names import near_name
from pipeline_gui.profile import APPLICATION, Profile, find_profile
from pipeline_gui.setting_checks import SettingsInvalid, check
from pipeline_gui.toml_file import kind, read_toml

ENVIRONMENT = {
    "database_url": "PIPELINE_GUI_DATABASE_URL",
    "spark_url": "PIPELINE_GUI_SPARK_URL",
    "spark_kind": "PIPELINE_GUI_SPARK_KIND",
    "spark_token": "PIPELINE_GUI_SPARK_TOKEN",
    "spark_ca_file": "PIPELINE_GUI_SPARK_CA_FILE",
}
SYSTEM_FILE = Path("/etc") / APPLICATION / "settings.toml"
"""For all users of a computer, whichever profile they use."""
LOCKED = "locked"
"""The key of that file under which it lists the keys that users can't change."""
KEYS = (*ENVIRONMENT, "name", "color", "old_rows_timezone", "history_server_url")
"""Every key that settings.toml may have."""


class Settings(NamedTuple):
    """The settings of a profile; no address and no secret is part of the repr."""

    profile: Profile
    database_url: str | None = None
    """Whatever libpq takes: a URL, ``service=NAME``, or keywords and values."""
    database_password: str | None = None
    """From the keyring, where the URL has none."""
    spark_url: str | None = None
    spark_kind: str = "livy"
    spark_token: str | None = None
    spark_ca_file: str | None = None
    """The certificates that a Spark server on https is trusted by, instead of the system's."""
    name: str | None = None
    """What people call this system; shown in the window's title."""
    color: str | None = None
    old_rows_timezone: str | None = None
    """The zone of rows that other programs wrote in local time; for display."""
    history_server_url: str | None = None
    """Spark's history server, for the link to a run that ended."""
    sources: Mapping[str, str] = MappingProxyType({})
    """Where each setting that is set comes from, in words."""
    locked: frozenset[str] = frozenset()
    """The settings that the administrator of this computer decides alone."""

    def __repr__(self) -> str:
        return f"Settings({self.profile.name!r}, name={self.name!r})"

    @property
    def is_embedded(self) -> bool:
        """Whether PostgreSQL and Spark run on this computer, since no other was named."""
        return self.database_url is None and self.spark_url is None

    def require_both_servers(self) -> None:
        """Raise SettingsInvalid where only one of the two servers is named."""
        if (self.database_url is None) == (self.spark_url is None):
            return
        given, missing = ("database_url", "spark_url") if self.spark_url is None else ("spark_url", "database_url")
        raise SettingsInvalid(
            f"Only {given} is set ({self.sources.get(given, 'given')}), and {missing} is missing: set "
            f"{ENVIRONMENT[missing]}, or neither to use a PostgreSQL and a Spark on this computer."
        )


def load_settings(
    *,
    database_url: str | None = None,
    spark_url: str | None = None,
    spark_kind: str | None = None,
    environ: Mapping[str, str] | None = None,
    keyring: Callable[[str, list[str]], dict[str, str]] = read_secrets,
) -> Settings:
    """The settings of the profile that the environment names; arguments are the flags, which win.

    May ask the OS keyring (bounded) for secrets that are needed and not given. Raises SettingsInvalid.
    """
    environ = os.environ if environ is None else environ
    profile = find_profile(environ)
    theirs, their_sources, locked = _from_administrator(SYSTEM_FILE)
    own, own_sources = _from_file(profile.settings_file)
    values, sources = theirs | own, their_sources | own_sources
    for key, variable in ENVIRONMENT.items():
        if given := environ.get(variable, "").strip():
            values[key], sources[key] = given, variable
    flags = {"database_url": database_url, "spark_url": spark_url, "spark_kind": spark_kind}
    for key, flag in flags.items():
        if flag is not None:
            values[key], sources[key] = flag.strip(), f"--{key.replace('_', '-')}"
    for key in locked:
        values[key], sources[key] = theirs[key], their_sources[key]
    for key, value in values.items():
        check(key, value, f"{key} ({sources[key]})")
    wanted = [key for key, needed in _secrets_needed(values).items() if needed]
    if wanted:
        values.update(keyring(profile.name, wanted))
    return Settings(profile=profile, sources=sources, locked=locked, **values)


def _secrets_needed(values: Mapping[str, str]) -> dict[str, bool]:
    url = values.get("database_url")
    return {
        "database_password": url is not None and not has_password(url),
        "spark_token": "spark_url" in values and "spark_token" not in values,
    }


def has_password(database_url: str) -> bool:
    """Whether a libpq URL or keyword string brings its own password."""
    if "://" not in database_url:
        return re.search(r"(?:^|\s)password\s*=", database_url) is not None
    parts = urlsplit(database_url)
    return bool(parts.password) or "password" in parse_qs(parts.query)


def shown_database(database_url: str) -> str:
    """A database's address for people: host, port and name, and nothing that could be a secret."""
    if "://" in database_url:
        try:
            parts = urlsplit(database_url)
            query = parse_qs(parts.query)
            words = {
                "host": parts.netloc.rpartition("@")[2] or query.get("host", [""])[0],
                "dbname": unquote(parts.path.lstrip("/")) or query.get("dbname", [""])[0],
                "service": query.get("service", [""])[0],
            }
        except ValueError:
            return "the database"
    else:
        words = {key: value.strip("'") for key, value in re.findall(r"(\w+)\s*=\s*('[^']*'|[^\s']+)", database_url)}
        if words.get("host") and words.get("port"):
            words["host"] += f":{words['port']}"
    if words.get("service"):
        return f"the service {words['service']}"
    name = words.get("dbname") or "the user's own database"
    return f"{name} at {words['host']}" if words.get("host") else name


def shown_spark(spark_url: str) -> str:
    """A Spark server's address for people, without its user and password."""
    try:
        parts = urlsplit(spark_url)
    except ValueError:
        return "the Spark server"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _from_administrator(path: Path) -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """What holds for all users of this computer, that it says so, and which keys nobody else may set."""
    try:
        table = read_toml(path, SettingsInvalid)
    except FileNotFoundError:
        return {}, {}, frozenset()
    locked = table.pop(LOCKED, [])
    values = _texts(path, table)
    if not isinstance(locked, list) or not all(key in values for key in locked):
        raise SettingsInvalid(f"{path}: {LOCKED} must be a list of keys that the same file sets.")
    return values, dict.fromkeys(values, str(path)), frozenset(locked)


def _from_file(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What settings.toml says, and that it says so; nothing where there is no file."""
    try:
        values = _texts(path, read_toml(path, SettingsInvalid))
    except FileNotFoundError:
        return {}, {}
    return values, dict.fromkeys(values, str(path))


def _texts(path: Path, table: Mapping[str, object]) -> dict[str, str]:
    values = {}
    for key, value in table.items():
        if key not in KEYS:
            raise SettingsInvalid(f"{path}: {_unknown(key)}")
        if not isinstance(value, str):
            raise SettingsInvalid(f"{path}: {key} must be text in quotes, not {kind(value)}.")
        if value.strip():
            values[key] = value.strip()
    return values


def _unknown(key: str) -> str:
    near = near_name(key[:60].lower().replace("-", "_"), KEYS)
    hint = f"did you mean {near!r}?" if near else f"the known ones are {', '.join(KEYS)}."
    return f"there is no setting {key[:60]!r}; {hint}"
