"""Saved configurations, on PostgreSQL: each write is one round trip and a compare-and-set on the revision."""

from __future__ import annotations

from typing import Any

from psycopg import errors as pg

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.pipeline.saved import NameTaken, SavedConfiguration, SavedSummary
from pipeline_gui.store.reading import Row
from pipeline_gui.store.session import Session, Statement
from pipeline_gui.store.values import clean_text, json_text

_COLUMNS = "configuration_id, name, revision, configuration, changed_by, changed_at"
_LIST = """
    SELECT configuration_id, name, revision, changed_by, changed_at,
           CASE jsonb_typeof(configuration -> 'description') WHEN 'string' THEN configuration ->> 'description' END
    FROM pipeline_configurations ORDER BY name_key
"""
_FIND = f"SELECT {_COLUMNS}, false FROM pipeline_configurations WHERE name_key = %(name_key)s"
_CREATE = f"""
    INSERT INTO pipeline_configurations (name, name_key, configuration)
    VALUES (%(name)s, %(name_key)s, %(configuration)s::jsonb)
    RETURNING {_COLUMNS}, false
"""
_REPLACE = f"""
    UPDATE pipeline_configurations
    SET name = %(name)s, name_key = %(name_key)s, configuration = %(configuration)s::jsonb
    WHERE configuration_id = %(configuration_id)s AND revision = %(revision)s
    RETURNING {_COLUMNS}, false
"""
_DELETE = """
    DELETE FROM pipeline_configurations WHERE configuration_id = %(configuration_id)s AND revision = %(revision)s
    RETURNING configuration_id
"""
_CHANGES = f"SELECT {_COLUMNS}, kind = 'deleted' FROM pipeline_configuration_changes"
_HISTORY = f"{_CHANGES} WHERE configuration_id = %(configuration_id)s AND revision >= %(revision)s ORDER BY revision"
_WRITTEN = f"{_CHANGES} WHERE write_id = %(write_id)s"


class PostgresConfigurations:
    """ConfigurationStore on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[SavedSummary]:
        """All of them, by name."""
        return [SavedSummary(*row) for row in self._session.read(_LIST, {})]

    def find(self, name_key: str) -> SavedConfiguration | None:
        """The one of a name, read on the primary."""
        return _first(self._session.read(_FIND, {"name_key": clean_text(name_key)}))

    def create(self, values: dict[str, Any], name_key: str, actor: Actor, write_id: str) -> SavedConfiguration:
        """Save a new one. Raises NameTaken."""
        made = _first(self._write((_CREATE, _values(values, name_key)), actor, write_id))
        assert made is not None  # an INSERT returns its row, or raises
        return made

    def replace(
        self,
        configuration_id: int,
        revision: int,
        values: dict[str, Any],
        name_key: str,
        actor: Actor,
        write_id: str,
    ) -> SavedConfiguration | None:
        """Change one, compare-and-set on its revision; None when it was lost. Raises NameTaken."""
        which = {"configuration_id": configuration_id, "revision": revision}
        return _first(self._write((_REPLACE, which | _values(values, name_key)), actor, write_id))

    def delete(self, configuration_id: int, revision: int, actor: Actor, write_id: str) -> bool:
        """Delete one, compare-and-set on its revision; False when it was lost."""
        which = {"configuration_id": configuration_id, "revision": revision}
        return bool(self._write((_DELETE, which), actor, write_id))

    def history(self, configuration_id: int, revision: int) -> list[SavedConfiguration]:
        """That revision and the later ones, oldest first."""
        which = {"configuration_id": configuration_id, "revision": revision}
        return [_saved(row) for row in self._session.read(_HISTORY, which)]

    def written(self, write_id: str) -> SavedConfiguration | None:
        """What was recorded under a write_id."""
        return _first(self._session.read(_WRITTEN, {"write_id": write_id}))

    def _write(self, statement: Statement, actor: Actor, write_id: str) -> list[Row]:
        try:
            (rows,) = self._session.write([statement], actor, detail={"write": write_id})
        except StoreRefused as error:
            cause = error.__cause__
            if isinstance(cause, pg.UniqueViolation) and cause.diag.constraint_name == "pipeline_configurations_name":
                raise NameTaken("There is a configuration of this name already; choose another name.") from None
            raise
        return rows


def _values(values: dict[str, Any], name_key: str) -> dict[str, Any]:
    rest = {key: value for key, value in values.items() if key != "name"}
    return {"name": clean_text(values["name"]), "name_key": clean_text(name_key), "configuration": json_text(rest)}


def _saved(row: Row) -> SavedConfiguration:
    configuration_id, name, revision, configuration, changed_by, changed_at, is_deleted = row
    values = {**configuration, "name": name}
    return SavedConfiguration(configuration_id, name, revision, values, changed_by, changed_at, is_deleted)


def _first(rows: list[Row]) -> SavedConfiguration | None:
    return _saved(rows[0]) if rows else None
