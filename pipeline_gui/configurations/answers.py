"""What the terminal's JSON and the API answer of configurations."""

from __future__ import annotations

from typing import Any, TypedDict

from pipeline_gui.configurations.differences import shown_value
from pipeline_gui.configurations.owner import Entry, NamedConfiguration
from pipeline_gui.pipeline.answers import utc_text
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import ConfigurationChanged


class EntryAnswer(TypedDict):
    """A configuration in a list."""

    name: str
    sample: bool
    description: str | None
    revision: int | None
    changed_by: str | None
    changed_at: str | None


class ConfigurationAnswer(EntryAnswer):
    """One of them, whole."""

    configuration: dict[str, Any]
    command: str | None
    """The spark-submit command line, secrets redacted; None where it can't be started as it is."""


class ChangeAnswer(TypedDict):
    """What somebody else changed in one field; secrets redacted."""

    field: str
    before: str
    after: str
    changed_by: str
    changed_at: str | None


class ChangedAnswer(TypedDict):
    """Why a change was not carried out."""

    revision: int | None
    """The one that is there now; None: it was deleted."""
    changes: list[ChangeAnswer]


def entry_answer(entry: Entry) -> EntryAnswer:
    """A configuration in a list."""
    return {
        "name": entry.name,
        "sample": entry.is_sample,
        "description": entry.description,
        "revision": entry.version.revision if entry.version else None,
        "changed_by": entry.changed_by,
        "changed_at": utc_text(entry.changed_at),
    }


def configuration_answer(found: NamedConfiguration) -> ConfigurationAnswer:
    """One of them, whole."""
    try:
        command: str | None = found.command
    except ConfigurationInvalid:
        command = None
    return {**entry_answer(found.entry), "configuration": found.values, "command": command}


def changed_answer(error: ConfigurationChanged) -> ChangedAnswer:
    """What somebody else did meanwhile."""
    return {
        "revision": error.current.revision if error.current else None,
        "changes": [
            {
                "field": change.field,
                "before": shown_value(change.field, change.before),
                "after": shown_value(change.field, change.after),
                "changed_by": change.changed_by,
                "changed_at": utc_text(change.changed_at),
            }
            for change in error.changes
        ],
    }
