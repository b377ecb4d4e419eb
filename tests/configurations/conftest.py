"""Two operators on one database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from pipeline_gui.configurations.owner import Configurations
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.store import PostgresStore, open_store
from tests.pipeline.faults import Faulty

ANA = Actor("ana", "ops-3", "window")
BEN = Actor("ben", "ops-1", "terminal")


@dataclass
class Place:
    """A database, and what two people have of it."""

    database: str
    store: PostgresStore
    faulty: Faulty
    """Ana's way to it, which can be made to fail."""
    ana: Configurations
    ben: Configurations

    def execute(self, statement: str, *values: object) -> None:
        """Do something as another program would."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement, values)


@pytest.fixture
def place(database: str) -> Iterator[Place]:
    """Both of them, connected."""
    store = open_store(database, application_name="tests", max_connections=4)
    faulty = Faulty(store.configurations)
    ana = Configurations(faulty, store, ANA)
    yield Place(database, store, faulty, ana, Configurations(store.configurations, store, BEN))
    store.close()
