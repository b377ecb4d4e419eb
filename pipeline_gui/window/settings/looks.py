"""Looks at the servers that a person typed, and keeps what was typed; blocks, so it is done in the pool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline_gui.finding import Finding
from pipeline_gui.keychain import write_secret
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.profile import Profile
from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings_file import change_settings, with_password, without_password
from pipeline_gui.toml_file import read_toml
from pipeline_gui.window.settings.fields import FIELDS


class NoKeyring(PipelineError):
    """The secrets could not be kept in a keyring; nothing was saved."""


def look_at_database(url: str, password: str | None) -> list[Finding]:
    """What there is to say of a database. Bounded."""
    from pipeline_gui.database_checks import examine_database

    return list(examine_database(with_password(url, password) if password else url))


def look_at_spark(kind: str, url: str, token: str | None, ca_file: str | None = None) -> list[Finding]:
    """What there is to say of a Spark server. Bounded."""
    from pipeline_gui.doctor import examine_spark

    return examine_spark(kind, url, token, ca_file)


def save(profile: Profile, values: Mapping[str, str], *, secrets_in_file: bool) -> None:
    """Keep what was typed: secrets in the keyring, or in the file where the person wants that.

    Raises NoKeyring, SettingsInvalid.
    """
    changes: dict[str, str | None] = {field.key: values.get(field.key) for field in FIELDS if not field.is_secret}
    secrets = {field.key: values[field.key] for field in FIELDS if field.is_secret and values.get(field.key)}
    url, password = changes["database_url"], secrets.get("database_password") if secrets_in_file else None
    if "database_password" not in secrets:
        password = _password_in(profile.settings_file)  # the form shows the address without it
    if url is not None and password is not None:
        changes["database_url"] = with_password(url, password)
    if "spark_token" in secrets:
        changes["spark_token"] = secrets["spark_token"] if secrets_in_file else None
    if not secrets_in_file:
        try:
            for key, secret in secrets.items():
                write_secret(profile.name, key, secret)
        except Exception as error:  # backends raise what they like
            raise NoKeyring(str(error) or type(error).__name__) from error
    change_settings(profile.settings_file, changes)


def _password_in(settings_file: Path) -> str | None:
    try:
        return without_password(str(read_toml(settings_file, SettingsInvalid).get("database_url", "")))[1]
    except FileNotFoundError:
        return None
