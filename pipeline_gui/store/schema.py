"""The numbered migrations that this program knows, and what a database has of them."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable


class Migration(NamedTuple):
    """One numbered SQL file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text, whatever the line ends of the checkout are."""
        import hashlib  # who only looks at the version does without

        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def oldest_reader(self) -> int | None:
        """The oldest version of the schema whose programs read right what this one leaves; None: none but its own."""
        said = re.match(r"-- oldest reader: (\d+)\s", self.sql)
        return int(said[1]) if said else None


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Every migration of this program, in order."""
    return tuple(Migration(number, name, file.read_text(encoding="utf-8")) for number, name, file in _files())


def newest_version() -> int:
    """The schema version that this program works with."""
    return _files()[-1][0]


@cache
def _files() -> tuple[tuple[int, str, Traversable], ...]:
    """The number, the name and the file of each migration, in order."""
    found = []
    for entry in (resources.files("pipeline_gui.store") / "migrations").iterdir():
        number, _, name = entry.name.removesuffix(".sql").partition("_")
        if entry.name.endswith(".sql") and number.isdigit():
            found.append((int(number), name, entry))
    return tuple(sorted(found, key=lambda file: file[0]))


def installation_of(row: Sequence[Any] | None, database: str) -> Installation:
    """A row of queries.INSTALLATION. Raises StoreRefused when this program can't even read the schema."""
    if row is None:
        raise StoreRefused(
            f"The database “{database}” has lost its installation id; run “pipeline-gui migrate --new-identity”."
        )
    installation_id, is_original, version, oldest_reader = row
    newer = check_version(version, oldest_reader, database)
    return Installation(installation_id, is_original, version, newer)


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


class SchemaState(NamedTuple):
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
