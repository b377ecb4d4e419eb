"""Configurations by name: the saved ones, which all operators share, and the samples, which nobody changes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pipeline_gui.configurations import named
from pipeline_gui.configurations.checks import lost_fields, sharing_errors
from pipeline_gui.configurations.differences import changes_sentence, changes_since, utc_words
from pipeline_gui.configurations.files import read_configuration
from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.configurations.toml_text import toml_text
from pipeline_gui.pipeline.configuration import parse_configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid, PipelineError, StoreUnclear
from pipeline_gui.pipeline.ports import Actor, RunStore
from pipeline_gui.pipeline.saved import (
    ConfigurationChanged,
    ConfigurationStore,
    NameTaken,
    SavedConfiguration,
    name_key,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """Which configuration in which revision somebody has seen: a change is based on it."""

    configuration_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A configuration that can be asked for by its name, as a list shows it."""

    name: str
    description: str | None
    version: Version | None
    """None: a sample."""
    changed_by: str | None = None
    changed_at: datetime | None = None

    @property
    def is_sample(self) -> bool:
        """Whether it came with the program; samples can be started and duplicated, and not changed."""
        return self.version is None


@dataclass(frozen=True, slots=True)
class NamedConfiguration:
    """One of them with all its values."""

    entry: Entry
    values: dict[str, Any]

    @property
    def command(self) -> str:
        """The spark-submit command line, to be pasted; secrets redacted. Raises ConfigurationInvalid."""
        return parse_configuration(self.values).command_line()

    @property
    def toml(self) -> str:
        """The file that ``start --config`` takes."""
        return toml_text(self.values)


class Configurations:
    """Creates, changes and finds them for one person. Blocks, with deadlines; safe to call from several threads."""

    def __init__(self, store: ConfigurationStore, runs: RunStore, actor: Actor) -> None:
        self._store = store
        self._runs = runs
        self._actor = actor

    def acting_for(self, actor: Actor) -> Configurations:
        """The same, whose changes are recorded as another's: a service acts for many people."""
        return Configurations(self._store, self._runs, actor)

    # --- reading --------------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """The saved ones by name, then the samples. Raises StoreUnavailable."""
        saved = [
            Entry(
                found.name,
                found.description,
                Version(found.configuration_id, found.revision),
                found.changed_by,
                found.changed_at,
            )
            for found in self._store.all()
        ]
        taken = {name_key(entry.name) for entry in saved}
        # A sample that came with a later version of the program does not take a name away.
        return saved + [_of_sample(name).entry for name in sample_names() if name_key(name) not in taken]

    def names(self) -> list[str]:
        """Every name that can be asked for. Raises StoreUnavailable."""
        return [entry.name for entry in self.entries()]

    def show(self, name: object) -> NamedConfiguration:
        """The configuration of a name, in any case of letters. Raises ConfigurationInvalid where there is none."""
        if isinstance(name, str) and name.strip():
            key = name_key(name)
            saved = self._store.find(key)
            if saved is not None:
                return _of_saved(saved)
            for known in sample_names():
                if name_key(known) == key:
                    return _of_sample(known)
        raise named.unknown_name(name, self.names())

    def resolve(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What to start: the configuration that is named, or of the run that is to be run again, and what lies over it.

        Raises ConfigurationInvalid, also where secrets of the earlier run are lost.
        """
        return named.resolve(values, lambda name: self.show(name).values, self._as_started)

    def of_run(self, run_id: str) -> tuple[dict[str, Any], list[str]]:
        """A past run's configuration as it was started, and the fields whose secrets were not recorded.

        Raises ConfigurationInvalid where there is none.
        """
        record = self._runs.find(run_id)
        if record is None:
            raise ConfigurationInvalid(f"There is no run {run_id[:100]!r}.", field="again")
        recorded = (record.run.metadata or {}).get("configuration")
        if not isinstance(recorded, dict) or not isinstance(recorded.get("file"), str):
            raise ConfigurationInvalid(
                f"The run {run_id} was recorded without its configuration, so it can't be run again from here.",
                field="again",
            )
        return recorded, lost_fields(recorded)

    def _as_started(self, run_id: object) -> dict[str, Any]:
        if not isinstance(run_id, str) or not run_id:
            raise ConfigurationInvalid("again must be the id of a run.", field="again")
        return self.of_run(run_id)[0]

    # --- writing --------------------------------------------------------------------------------------------------

    def create(self, values: Mapping[str, Any]) -> NamedConfiguration:
        """Save a new one under the name in it. Raises ConfigurationInvalid, NameTaken."""
        whole = self._checked(values)
        key = self._free_key(whole["name"])
        return _of_saved(self._once(lambda write: self._store.create(whole, key, self._actor, write)))

    def save(self, values: Mapping[str, Any], based_on: Version) -> NamedConfiguration:
        """Change one, as long as it is what the change is based on; another name in the values renames it.

        Raises ConfigurationInvalid, NameTaken, and ConfigurationChanged with what somebody else changed meanwhile.
        """
        whole = self._checked(values)
        key = self._free_key(whole["name"])
        which = based_on.configuration_id, based_on.revision
        saved = self._once(lambda write: self._store.replace(*which, whole, key, self._actor, write))
        if saved is None:
            raise self.what_changed(based_on)
        return _of_saved(saved)

    def delete(self, based_on: Version) -> None:
        """Delete one, as long as it is what was seen. Raises ConfigurationChanged."""
        which = based_on.configuration_id, based_on.revision
        if not self._once(lambda write: self._store.delete(*which, self._actor, write)):
            raise self.what_changed(based_on)

    def rename(self, name: str, new_name: str, based_on: Version | None = None) -> NamedConfiguration:
        """Give one another name; based_on None: as it is found now. Raises as ``save`` does."""
        found = self.show(name)
        return self.save({**found.values, "name": new_name}, based_on or self._own_version(found))

    def duplicate(self, name: str, new_name: str) -> NamedConfiguration:
        """Save a copy under another name. Raises as ``create`` does."""
        return self.create({**self.show(name).values, "name": new_name})

    def import_file(self, path: Path, name: str | None = None) -> NamedConfiguration:
        """Save what a TOML file holds, under its own name unless another is given. Raises as ``create`` does."""
        values = read_configuration(path)
        parsed = parse_configuration(values)  # a file without a name is named as a run of it would be
        return self.create({**values, "name": name or values.get("name") or parsed.name})

    def version_of(self, name: str) -> Version:
        """Which saved one has the name now. Raises ConfigurationInvalid for a sample, or where there is none."""
        return self._own_version(self.show(name))

    # --- inside ---------------------------------------------------------------------------------------------------

    @staticmethod
    def _own_version(found: NamedConfiguration) -> Version:
        if found.entry.version is None:
            raise ConfigurationInvalid(
                f"“{found.entry.name}” is a sample and stays as it is; duplicate it and change the copy.", field="name"
            )
        return found.entry.version

    @staticmethod
    def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as they are kept. Raises ConfigurationInvalid."""
        for field, sentence in sharing_errors(values).items():
            raise ConfigurationInvalid(sentence, field=field)
        kept = parse_configuration(values).as_dict()
        if values.get("grace_seconds") is None:
            del kept["grace_seconds"]  # the default of whoever starts it
        return kept

    @staticmethod
    def _free_key(name: str) -> str:
        key = name_key(name)
        if not key:
            raise ConfigurationInvalid("name is empty.", field="name")
        if key in {name_key(known) for known in sample_names()}:
            raise NameTaken(f"“{name}” is the name of a sample; choose another name.")
        return key

    def _once(self, write: Callable[[str], T]) -> T | SavedConfiguration:
        """The result of a write; after an unclear commit the record itself says whether it was carried out."""
        write_id = secrets.token_hex(16)
        try:
            return write(write_id)
        except StoreUnclear as unclear:
            try:
                recorded = self._store.written(write_id)
            except PipelineError:
                raise unclear from None
            if recorded is None:
                raise
            return recorded

    def what_changed(self, seen: Version) -> ConfigurationChanged:
        """Why a change was not carried out: what somebody else did meanwhile."""
        history = self._store.history(seen.configuration_id, seen.revision)
        if not history:
            return ConfigurationChanged("There is no such configuration any more.", current=None)
        last = history[-1]
        who = f"{last.changed_by} {utc_words(last.changed_at)}"
        if last.is_deleted:
            return ConfigurationChanged(f"“{last.name}” was deleted by {who}.", current=None)
        changes = changes_since(history) if history[0].revision == seen.revision else []
        said = changes_sentence(changes) or "and changed back"
        return ConfigurationChanged(
            f"“{last.name}” was changed meanwhile by {who}: {said}. Nothing was overwritten.",
            current=last,
            changes=changes,
        )


def _of_saved(saved: SavedConfiguration) -> NamedConfiguration:
    description = saved.values.get("description")
    entry = Entry(
        saved.name,
        description if isinstance(description, str) else None,
        Version(saved.configuration_id, saved.revision),
        saved.changed_by,
        saved.changed_at,
    )
    return NamedConfiguration(entry, saved.values)


def _of_sample(name: str) -> NamedConfiguration:
    values = sample(name)
    return NamedConfiguration(Entry(name, values.get("description"), None), values)
