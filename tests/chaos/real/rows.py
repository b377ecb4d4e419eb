"""The tables as they are, read from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from tests.pipeline.conftest import World


def rows_of(world: World, query: str) -> list[dict[str, Any]]:
    """What a query finds."""
    with psycopg.connect(world.database, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()
