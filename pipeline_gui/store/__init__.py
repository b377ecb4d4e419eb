"""The record of every run, on PostgreSQL."""

from pipeline_gui.store.identity import adopt_moved_identity, new_identity
from pipeline_gui.store.migrate import MigrationReport, check_schema, migrate
from pipeline_gui.store.schema import SchemaState
from pipeline_gui.store.session import Timeouts
from pipeline_gui.store.store import PostgresStore, open_store

__all__ = [
    "MigrationReport",
    "PostgresStore",
    "SchemaState",
    "Timeouts",
    "adopt_moved_identity",
    "check_schema",
    "migrate",
    "new_identity",
    "open_store",
]
