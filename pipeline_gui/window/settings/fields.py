"""The settings that a person edits in the window. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_gui.setting_checks import SettingsInvalid, check
from pipeline_gui.settings import ENVIRONMENT, Settings
from pipeline_gui.settings_file import without_password
from pipeline_gui.window.marking import QT_TR_NOOP


@dataclass(frozen=True, slots=True)
class Field:
    """One setting."""

    key: str
    label: str
    hint: str
    is_secret: bool = False


DATABASE = (
    Field("database_url", QT_TR_NOOP("Database"), QT_TR_NOOP("postgresql://USER@HOST/DATABASE, or service=NAME")),
    Field(
        "database_password", QT_TR_NOOP("Its password"), QT_TR_NOOP("kept in this computer's keyring"), is_secret=True
    ),
)
SPARK = (
    Field("spark_url", QT_TR_NOOP("Spark server"), QT_TR_NOOP("https://HOST:8998, a command server or an Apache Livy")),
    Field("spark_token", QT_TR_NOOP("Its token"), QT_TR_NOOP("kept in this computer's keyring"), is_secret=True),
    Field(
        "spark_ca_file",
        QT_TR_NOOP("Certificates to trust"),
        QT_TR_NOOP("a file, for https, if this computer does not trust it already"),
    ),
)
LOOKS = (
    Field("name", QT_TR_NOOP("Name of this system"), QT_TR_NOOP("shown in the window, such as production")),
    Field("color", QT_TR_NOOP("Its colour"), QT_TR_NOOP("such as #b00020 or red")),
    Field(
        "history_server_url",
        QT_TR_NOOP("Spark's history server"),
        QT_TR_NOOP("http://HOST:18080, for links to runs that ended"),
    ),
    Field(
        "old_rows_timezone", QT_TR_NOOP("Zone of other programs' rows"), QT_TR_NOOP("such as Europe/Berlin; empty: UTC")
    ),
)
FIELDS = (*DATABASE, *SPARK, *LOOKS)


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form."""

    values: dict[str, str]
    """By key, without what is empty; a secret only where a new one was typed."""

    def errors(self) -> dict[str, str]:
        """What is wrong, by key."""
        wrong = {}
        for key, value in self.values.items():
            try:
                check(key, value, next(field.label for field in FIELDS if field.key == key))
            except SettingsInvalid as error:
                wrong[key] = str(error)
        for key, other in (("database_url", "spark_url"), ("spark_url", "database_url")):
            if key not in self.values and other in self.values:
                wrong[key] = "Both servers are needed, or neither: then this computer is used."
        return wrong


def shown_values(settings: Settings) -> dict[str, str]:
    """What the form begins with; no secret is in it."""
    values = {field.key: getattr(settings, field.key) or "" for field in FIELDS if not field.is_secret}
    values["database_url"] = without_password(values["database_url"])[0]
    return values


def kept_secret(settings: Settings, key: str) -> str | None:
    """A secret that is known already, to test with."""
    if key == "spark_token":
        return settings.spark_token
    return settings.database_password or without_password(settings.database_url or "")[1]


def set_elsewhere(settings: Settings) -> dict[str, str]:
    """The settings that the file does not decide, and what does, in words."""
    elsewhere = {
        key: source
        for key, source in settings.sources.items()
        if source.startswith("--") or source in ENVIRONMENT.values() or key in settings.locked
    }
    if "database_url" in elsewhere:
        elsewhere["database_password"] = elsewhere["database_url"]
    return elsewhere
