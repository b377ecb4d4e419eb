"""Looking at a ``pipeline_runs`` that is there already, before anything is added to it."""

from __future__ import annotations

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.store import queries
from pipeline_gui.store.connection import BoundedConnection

_TEXT = "text, or character varying of at least {length} characters"
_COLUMNS = {
    "run_id": 64,
    "command": 10_000,
    "status": 16,
    "start_time": "timestamp without time zone",
    "end_time": "timestamp without time zone",
    "duration": "double precision",
    "error_message": 10_000,
    "metadata": "jsonb",
}
"""Our columns: the least length of a text, or the type."""
_WRITTEN = ("run_id", "command", "status", "start_time", "metadata")
_MOST_LISTED = 20


def existing_rows(connection: BoundedConnection) -> int | None:
    """Check an existing table under a lock and count its rows; None where there is none. Raises StoreRefused."""
    kind = connection.execute("SELECT relkind::text FROM pg_class WHERE oid = to_regclass('pipeline_runs')").fetchone()
    if kind is None:
        return None
    if kind[0] != "r":
        raise StoreRefused("pipeline_runs is there, but it is not an ordinary table; it can't be adopted.")
    connection.execute("LOCK TABLE pipeline_runs IN SHARE ROW EXCLUSIVE MODE")
    _check_columns(connection)
    _check_ids(connection)
    _check_running(connection)
    counted = connection.execute("SELECT count(*) FROM pipeline_runs").fetchone()
    return int(counted[0]) if counted else 0


def _check_columns(connection: BoundedConnection) -> None:
    columns = connection.execute(
        """SELECT attname, format_type(atttypid, NULL), nullif(atttypmod, -1) - 4,
                  attnotnull AND NOT atthasdef AND attidentity = ''
           FROM pg_attribute WHERE attrelid = to_regclass('pipeline_runs') AND attnum > 0 AND NOT attisdropped"""
    ).fetchall()
    found = {name: (kind, length, required) for name, kind, length, required in columns}
    wrong = []
    for name, wanted in _COLUMNS.items():
        if name not in found:
            wrong.append(f"{name} is missing")
            continue
        kind, length, _ = found[name]
        if isinstance(wanted, str):
            if kind != wanted:
                wrong.append(f"{name} is {kind}, not {wanted}")
        elif kind != "text" and not (kind == "character varying" and (length is None or length >= wanted)):
            size = f"({length})" if length is not None else ""
            wrong.append(f"{name} is {kind}{size}, not {_TEXT.format(length=f'{wanted:,}')}")
    wrong += [
        f"{name} must not be null, and this program leaves it so"
        for name, (_, _, required) in found.items()
        if required and name not in _WRITTEN
    ]
    if wrong:
        raise StoreRefused(f"pipeline_runs is there, but can't be adopted: {'; '.join(wrong)}. Nothing was changed.")


def _check_ids(connection: BoundedConnection) -> None:
    """One row for each id: by the primary key of the table, or by a unique index that we add."""
    unique = connection.execute(
        """SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attname = 'run_id'
           WHERE indrelid = to_regclass('pipeline_runs') AND indisunique AND indisvalid AND indpred IS NULL
             AND indnkeyatts = 1 AND indkey[0] = attnum"""
    ).fetchone()
    if unique is not None:
        return
    twice = connection.execute(
        "SELECT run_id FROM pipeline_runs WHERE run_id IS NOT NULL "
        "GROUP BY run_id HAVING count(*) > 1 ORDER BY run_id LIMIT %s",
        (_MOST_LISTED,),
    ).fetchall()
    if twice:
        raise StoreRefused(
            "pipeline_runs has no primary key, and holds these ids more than once: "
            + ", ".join(row[0][:60] for row in twice)
            + ". Nothing was changed."
        )
    connection.execute("CREATE UNIQUE INDEX pipeline_runs_run_id ON pipeline_runs (run_id)")


def _check_running(connection: BoundedConnection) -> None:
    running = connection.execute(
        f"""SELECT coalesce(run_id, '(no id)'), status, start_time::text, count(*) OVER () FROM pipeline_runs
            WHERE {queries.is_running("status")} ORDER BY start_time DESC NULLS LAST LIMIT %s""",
        (_MOST_LISTED,),
    ).fetchall()
    if len(running) > 1:
        count = running[0][3]
        lines = [f"  {run_id[:60]}  {status!r}  since {start or 'unknown'}" for run_id, status, start, _ in running]
        if count > len(lines):
            lines.append(f"  and {count - len(lines)} more")
        listed = "\n".join(lines)
        raise StoreRefused(
            f"pipeline_runs holds {count} rows marked running, and only one pipeline may run at a time:\n{listed}\n"
            "Find out which of them really runs, end the others (UPDATE pipeline_runs SET status = 'failed' WHERE "
            "run_id = …), then migrate again. Nothing was changed."
        )
