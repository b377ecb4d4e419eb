"""The numbered migrations that this program knows, and what a database has of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

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


def check_version(version: int | None, database: str) -> None:
    """Refuse a schema that is older or newer than this program's. Raises StoreRefused."""
    newest = newest_version()
    if version is not None and version > newest:
        raise StoreRefused(
            f"The database “{database}” has schema version {version}; this program knows versions up to {newest}. "
            "Update this program."
        )
    if version is None or version < newest:
        has = "is not prepared" if version is None else f"has schema version {version}, and version {newest} is needed"
        raise StoreRefused(f"The database “{database}” {has}: run “pipeline-gui migrate” with a role that owns it.")


@dataclass(frozen=True, slots=True)
class SchemaState:
    """How far a database is prepared."""

    version: int | None
    """None: not at all."""
    known: int
    pending: tuple[str, ...]
    """The migrations still to be applied."""

    @property
    def is_ready(self) -> bool:
        """Whether this program can work with it."""
        return self.version == self.known
