"""Which database this is: the installation's id, and whether its fingerprint is the place where it was made."""

from __future__ import annotations

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.record import Actor, Installation
from pipeline_gui.store import queries
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.owner import owner_transaction
from pipeline_gui.store.schema import installation_of
from pipeline_gui.store.target import Target

_FINGERPRINT = """
    system_identifier = (SELECT system_identifier FROM pg_control_system()),
    database_oid = (SELECT oid::bigint FROM pg_database WHERE datname = current_database())
"""

_END_COPIED_RUN = f"""
    UPDATE pipeline_runs AS run SET status = 'failed', end_time = greatest(run.start_time, {queries.NOW}),
        duration = {queries.duration_of("run")},
        error_message = 'This database is a copy: the run belongs to the one it was copied from.'
    WHERE {queries.is_running("run.status")}
      AND EXISTS (SELECT FROM pipeline_run_engine AS engine WHERE engine.run_id = run.run_id)
"""

# What is told of the original's runs is the original's to tell.
_FORGET_COPIED_ALERTS = "DELETE FROM pipeline_alert_messages WHERE state = 'waiting'"


def adopt_moved_identity(url: str, *, actor: Actor) -> Installation:
    """Say that the original is no more and this database is its continuation: the id stays, the fingerprint is new."""
    with owner_transaction(url, actor) as (connection, target):
        connection.execute(f"UPDATE pipeline_installation SET {_FINGERPRINT}")
        return _changed(connection, target)


def new_identity(url: str, *, actor: Actor) -> Installation:
    """Say that this database is a copy that lives beside its original: a new id, and none of the copied runs are ours.

    Their batches carry the original's name, so they are neither hunted nor waited for from here.
    """
    with owner_transaction(url, actor) as (connection, target):
        connection.execute("UPDATE pipeline_run_engine SET gone = true, rev = rev + 1 WHERE NOT gone")
        connection.execute(_END_COPIED_RUN)
        connection.execute(_FORGET_COPIED_ALERTS)
        connection.execute("DELETE FROM pipeline_installation")
        connection.execute(
            """INSERT INTO pipeline_installation (installation_id, system_identifier, database_oid)
               SELECT left(replace(gen_random_uuid()::text, '-', ''), 12), control.system_identifier, here.oid::bigint
               FROM pg_control_system() AS control, pg_database AS here WHERE here.datname = current_database()"""
        )
        return _changed(connection, target)


def _changed(connection: BoundedConnection, target: Target) -> Installation:
    """What it is now; a newer program's is left as it was. Raises StoreRefused."""
    installation = installation_of(connection.execute(queries.INSTALLATION).fetchone(), target.database)
    if installation.newer_schema is not None:
        raise StoreRefused(installation.newer_schema)
    return installation
