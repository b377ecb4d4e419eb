"""What runs, and the runs of the last days: what each refresh asks for, and how it is asked for the first time."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from pipeline_gui.store import queries
from pipeline_gui.store.connection import BoundedConnection
from pipeline_gui.store.reading import READING_SECONDS, STATEMENT_SECONDS, Reading, ask_together
from pipeline_gui.store.target import parse_target

if TYPE_CHECKING:
    from pipeline_gui.pipeline.contact import Contact
    from pipeline_gui.pipeline.run import Overview


def overview_readings(days: float) -> list[Reading]:
    """What rows.overview_of takes."""
    return [Reading(queries.RUNNING, {}), Reading(queries.RECENT, queries.since(days), raw=True)]


class FirstOverview:
    """What PostgresStore.overview and then its contact would say, asked once, on a connection of its own.

    While the server looks it up, the caller loads what the answer is made into: the values of a run too.
    """

    def __init__(self, url: str, days: float, *, application_name: str) -> None:
        """Connect and ask. Raises psycopg's errors, and StoreRefused for what is no address."""
        target = parse_target(url, application_name)
        self._database = target.database
        deadline = time.monotonic() + READING_SECONDS
        with ExitStack() as until_answered:
            connection = until_answered.enter_context(closing(BoundedConnection.connect(target.conninfo)))
            until_answered.enter_context(connection.until(deadline))
            until_answered.enter_context(connection.pipeline())
            readings = [Reading(queries.INSTALLATION, {}), *overview_readings(days)]
            self._cursors = ask_together(connection, readings, STATEMENT_SECONDS)
            self._until_answered = until_answered.pop_all()

    def result(self) -> tuple[Overview, Contact]:
        """Wait for the answer, once. Raises psycopg's errors, or StoreRefused when the schema is not this program's.

        Why it did not come is for the store to put into words, when it is asked the same.
        """
        from datetime import UTC, datetime

        from pipeline_gui.pipeline.contact import Contact
        from pipeline_gui.store.rows import KeptRuns, overview_of
        from pipeline_gui.store.schema import installation_of, newest_version

        newest_version()  # looked up in a folder, while the answer comes
        self._until_answered.close()
        installation, running, recent = (cursor.fetchall() for cursor in self._cursors)
        here = installation_of(installation[0] if installation else None, self._database)
        contact = Contact(reachable=True, since=datetime.now(UTC), reason=here.newer_schema)
        return overview_of(running, recent, KeptRuns()), contact
