"""The numbered migrations that this program knows, and what a database has of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NoReturn

from pipeline_gui.pipeline.errors import StoreRefused


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text, whatever the line ends of the checkout are."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def oldest_reader(self) -> int | None:
        """The oldest version of the schema whose programs read right what this one leaves; None: none but its own."""
        said = re.match(r"-- oldest reader: (\d+)\s", self.sql)
        return int(said[1]) if said else None


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Every migration of this program, in order."""
    found = []
    for entry in (resources.files("pipeline_gui.store") / "migrations").iterdir():
        number, _, name = entry.name.removesuffix(".sql").partition("_")
        if entry.name.endswith(".sql") and number.isdigit():
            found.append(Migration(int(number), name, entry.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.number)
    return tuple(found)


def newest_version() -> int:
    """The schema version that this program works with."""
    return known_migrations()[-1].number


def check_version(version: int | None, oldest_reader: int | None, database: str) -> str | None:
    """Why a newer schema can only be read by this program; None for its own. Raises StoreRefused for any other."""
    newest = newest_version()
    if version is not None and version > newest:
        can_read = oldest_reader is not None and oldest_reader <= newest
        return newer_sentence(database, version) if can_read else refuse_newer(database, version)
    if version is None or version < newest:
        has = "is not prepared" if version is None else f"has schema version {version}, and version {newest} is needed"
        raise StoreRefused(f"The database “{database}” {has}: run “pipeline-gui migrate” with a role that owns it.")
    return None


def newer_sentence(database: str, version: int) -> str:
    """What is said where the runs of a newer schema are shown."""
    return f"{_newer(database, version)}, so it shows the runs and changes nothing. Update this program."


def refuse_newer(database: str, version: int) -> NoReturn:
    """Refuse a newer schema. Raises StoreRefused."""
    raise StoreRefused(f"{_newer(database, version)}. Update this program.")


def _newer(database: str, version: int) -> str:
    knows = f"this program knows versions up to {newest_version()}"
    return f"The database “{database}” has schema version {version}; {knows}"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """How far a database is prepared."""

    version: int | None
    """None: not at all."""
    known: int
    pending: tuple[str, ...]
    """The migrations still to be applied."""
    newer: str | None = None
    """Why this program can only read it, where it is newer."""

    @property
    def is_ready(self) -> bool:
        """Whether this program can work with it."""
        return self.version == self.known
